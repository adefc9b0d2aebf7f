// Random policies, SAs and packets for the gateway of five_ports.h.
#pragma once

#include <string>

#include "tests/support/fixed_random.h"
#include "tests/support/packet_builder.h"

namespace sallyport::test {

// Policies of both SPDs with their SAs, as text; routes and neighbours are in it.
[[nodiscard]] std::string random_configuration(FixedRandom& random);

// A packet, and the arguments of `explain` that mean it, as a JSON object.
struct AskedPacket {
  PacketBytes datagram;
  std::string arguments;
};
[[nodiscard]] AskedPacket random_packet(FixedRandom& random);

}  // namespace sallyport::test
