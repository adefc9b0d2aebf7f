// IPv4 header view (RFC 791).
#pragma once

#include "base/bytes.h"

namespace sallyport {

struct Ipv4Header {
  std::uint8_t version_ihl;
  std::uint8_t tos;
  Be16 total_length;
  Be16 id;
  Be16 fragment;  // flags and offset in 8-octet units
  std::uint8_t ttl;
  std::uint8_t protocol;
  Be16 checksum;
  std::uint8_t source[4];
  std::uint8_t destination[4];

  static constexpr std::uint16_t kDontFragment = 0x4000;
  static constexpr std::uint16_t kMoreFragments = 0x2000;
  static constexpr std::uint16_t kOffsetMask = 0x1fff;

  [[nodiscard]] unsigned header_length() const noexcept { return (version_ihl & 0x0fu) * 4u; }
};
static_assert(sizeof(Ipv4Header) == 20 && alignof(Ipv4Header) == 1);

}  // namespace sallyport
