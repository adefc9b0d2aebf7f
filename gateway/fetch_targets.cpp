#include "gateway/fetch_targets.h"

#include <algorithm>
#include <array>
#include <optional>

namespace sallyport {
namespace {

// IANA's registry of special-purpose IPv4 addresses (RFC 6890), and what is behind multicast.
struct V4Range {
  std::uint32_t first;
  std::uint8_t length;
};
constexpr std::array kSpecialV4{
    V4Range{0x00000000, 8},   // this network
    V4Range{0x0a000000, 8},   // private
    V4Range{0x64400000, 10},  // shared
    V4Range{0x7f000000, 8},   // loopback
    V4Range{0xa9fe0000, 16},  // link-local, where clouds keep their secrets
    V4Range{0xac100000, 12},  // private
    V4Range{0xc0000000, 24},  // protocol assignments
    V4Range{0xc0000200, 24},  // documentation
    V4Range{0xc0586300, 24},  // 6to4 relays
    V4Range{0xc0a80000, 16},  // private
    V4Range{0xc6120000, 15},  // benchmarking
    V4Range{0xc6336400, 24},  // documentation
    V4Range{0xcb007100, 24},  // documentation
    V4Range{0xe0000000, 3},   // multicast and reserved
};

bool is_global_v4(std::uint32_t address) noexcept {
  return std::ranges::none_of(kSpecialV4, [address](const V4Range& range) {
    return (address ^ range.first) >> (32 - range.length) == 0;
  });
}

// Of 2000::/3, which is all that is global, what is special (RFC 6890, 3056, 4380).
struct V6Range {
  std::array<std::uint8_t, 4> first;
  std::uint8_t length;
};
constexpr std::array kSpecialV6{
    V6Range{{0x20, 0x01, 0x00, 0x00}, 23},  // protocol assignments, Teredo among them
    V6Range{{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    V6Range{{0x20, 0x02, 0x00, 0x00}, 16},  // 6to4
    V6Range{{0x3f, 0xff, 0x00, 0x00}, 20},  // documentation
};

Prefix prefix_of(const V6Range& range) noexcept {
  Prefix prefix{Address::any(Family::V6), range.length};
  std::ranges::copy(range.first, prefix.address.bytes.begin());
  return prefix;
}

bool is_global_v6(const Address& address) noexcept {
  constexpr std::uint8_t kGlobalMask = 0xe0;
  if ((address.bytes[0] & kGlobalMask) != 0x20) return false;
  return std::ranges::none_of(
      kSpecialV6, [&](const V6Range& range) { return prefix_of(range).contains(address); });
}

// The IPv4 address behind ::ffff:0:0/96, by which sockets of IPv6 reach IPv4.
std::optional<Address> mapped_v4(const Address& address) noexcept {
  constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (address.family != Family::V6 ||
      !std::ranges::equal(ByteView(address.bytes).first(kMapped.size()), kMapped))
    return std::nullopt;
  return Address::v4(load_be<std::uint32_t>(address.bytes.data() + kMapped.size()));
}

}  // namespace

bool may_be_fetched_from(const Address& host, std::span<const Prefix> allowed) noexcept {
  const Address address = mapped_v4(host).value_or(host);
  if (std::ranges::any_of(allowed, [&](const Prefix& one) { return one.contains(address); }))
    return true;
  return address.family == Family::V4 ? is_global_v4(address.v4_value()) : is_global_v6(address);
}

}  // namespace sallyport
