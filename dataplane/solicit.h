// Asks for a neighbour's link address: an ARP request (RFC 826) or a neighbour solicitation
// (RFC 4861 4.3).
#pragma once

#include <optional>

#include "dataplane/control_sender.h"
#include "dataplane/own_addresses.h"

namespace sallyport {

struct Solicitation {
  PortId port{kNoPort};
  Address target;
  std::optional<MacAddress> known{};  // where it was last seen: asks there only (RFC 4861 7.3.3)
};

void solicit(const Solicitation& solicitation, const OwnAddresses& own, ControlSender& sender);

}  // namespace sallyport
