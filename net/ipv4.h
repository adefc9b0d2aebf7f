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

  // RFC 1812 5.3.1; the TTL is not 0. It and the checksum are one word: the sum rises by what the
  // TTL's octet loses (RFC 1624), and with its carry it is 0 where it would be 0xffff.
  void decrease_ttl() noexcept {
    constexpr std::uint32_t kTtlOne = 0x0100'0000;
    constexpr std::uint32_t kSumOne = 0x0100;
    const auto word = load_be<std::uint32_t>(&ttl);
    std::uint32_t sum = (word & 0xffff) + kSumOne;
    sum = (sum & 0xffff) + (sum >> 16);
    if (sum == 0xffff) [[unlikely]]
      sum = 0;
    store_be<std::uint32_t>(&ttl, ((word - kTtlOne) & 0xffff'0000) | sum);
  }
  // All in front of the TTL by one store, of a header without options.
  void set_front(std::uint8_t tos_octet, std::uint16_t octets, std::uint16_t number,
                 std::uint16_t flags_and_offset) noexcept {
    const std::uint64_t front = std::uint64_t{0x45} << 56 | std::uint64_t{tos_octet} << 48 |
                                std::uint64_t{octets} << 32 | std::uint64_t{number} << 16 |
                                flags_and_offset;
    store_be<std::uint64_t>(&version_ihl, front);
  }
  // Total length; a load of four octets is cheaper to reverse than one of two.
  [[nodiscard]] std::uint32_t length() const noexcept {
    return load_be<std::uint32_t>(&version_ihl) & 0xffff;
  }
  [[nodiscard]] unsigned header_length() const noexcept { return (version_ihl & 0x0fu) * 4u; }
};
static_assert(sizeof(Ipv4Header) == 20 && alignof(Ipv4Header) == 1);

// Every link carries that much (RFC 791 3.2).
inline constexpr std::uint16_t kLeastIpv4Mtu = 68;

}  // namespace sallyport
