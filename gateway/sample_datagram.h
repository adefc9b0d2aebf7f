// The octets of a packet that is only asked about.
#pragma once

#include <vector>

#include "gateway/explain.h"

namespace sallyport {

// With headers as a sender would write them, and an upper-layer header of zeros but for what
// `fields` says. An ICMP error carries nothing.
[[nodiscard]] std::vector<std::uint8_t> sample_datagram(const PacketFields& fields);

}  // namespace sallyport
