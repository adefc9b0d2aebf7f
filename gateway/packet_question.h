// Which packet the arguments of `explain` mean.
#pragma once

#include "gateway/explain.h"
#include "gateway/request_arguments.h"

namespace sallyport {

struct PacketQuestion {
  PacketFields fields;
  PortId ingress{kNoPort};
};

// What the arguments leave out is as an ordinary packet has it: echo, a high source port; it comes
// in where the route to its source leads. Refuses what no packet is, with what is right.
[[nodiscard]] Expected<PacketQuestion> read_question(Gateway& gateway,
                                                     const RequestArguments& arguments);

}  // namespace sallyport
