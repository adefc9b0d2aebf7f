// IPv6 header view (RFC 8200).
#pragma once

#include "base/bytes.h"

namespace sallyport {

struct Ipv6Header {
  Be32 version_class_flow;
  Be16 payload_length;
  std::uint8_t next_header;
  std::uint8_t hop_limit;
  std::uint8_t source[16];
  std::uint8_t destination[16];

  [[nodiscard]] std::uint8_t traffic_class() const noexcept {
    return static_cast<std::uint8_t>(version_class_flow.get() >> 20);
  }
  void set_traffic_class(std::uint8_t value) noexcept {
    version_class_flow.set((version_class_flow.get() & 0xf00fffffu) | std::uint32_t{value} << 20);
  }
};
static_assert(sizeof(Ipv6Header) == 40 && alignof(Ipv6Header) == 1);

// Every link carries that much (RFC 8200 5).
inline constexpr std::uint16_t kLeastIpv6Mtu = 1280;

// Fragment extension header (RFC 8200 4.5).
struct Ipv6Fragment {
  std::uint8_t next_header;
  std::uint8_t reserved;
  Be16 offset_flags;  // offset in 8-octet units << 3, M in bit 0
  Be32 id;
};
static_assert(sizeof(Ipv6Fragment) == 8);

}  // namespace sallyport
