// UDP header view (RFC 768) and the ports of IKE and of ESP in UDP (RFC 3948).
#pragma once

#include "base/bytes.h"

namespace sallyport {

struct UdpHeader {
  Be16 source_port;
  Be16 destination_port;
  Be16 length;
  Be16 checksum;
};
static_assert(sizeof(UdpHeader) == 8 && alignof(UdpHeader) == 1);

inline constexpr std::uint16_t kIkePort = 500;
inline constexpr std::uint16_t kIkeNatPort = 4500;

}  // namespace sallyport
