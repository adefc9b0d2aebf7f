// IPv4 and IPv6 addresses in one type, so that no code needs a twin per family.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "base/types.h"

namespace sallyport {

// 16 bytes in wire order; an IPv4 address stands in the first four, the rest are zero.
inline constexpr std::size_t kIpv6AddressBytes = 16;

struct Address {
  std::array<std::uint8_t, kIpv6AddressBytes> bytes{};
  Family family{Family::V4};

  [[nodiscard]] static Address v4(std::uint32_t host_order) noexcept;
  [[nodiscard]] static Address v6(std::span<const std::uint8_t, 16> wire) noexcept;
  [[nodiscard]] static Address any(Family family) noexcept { return {{}, family}; }
  // Dotted quad or RFC 4291 text.
  [[nodiscard]] static Expected<Address> parse(std::string_view text);

  [[nodiscard]] std::uint32_t v4_value() const noexcept {
    return load_be<std::uint32_t>(bytes.data());
  }
  // 4 or 16 bytes, wire order.
  [[nodiscard]] ByteView wire() const noexcept {
    return ByteView(bytes).first(family == Family::V4 ? 4 : 16);
  }
  [[nodiscard]] bool is_unspecified() const noexcept;
  [[nodiscard]] bool is_multicast() const noexcept;
  [[nodiscard]] bool is_link_local() const noexcept;  // 169.254/16, fe80::/10
  [[nodiscard]] bool is_loopback() const noexcept;
  // Of one interface, and from elsewhere than its link (RFC 6275 3.1). IPv6.
  [[nodiscard]] bool is_unicast_routable() const noexcept;

  friend auto operator<=>(const Address&, const Address&) = default;
};

[[nodiscard]] inline unsigned bits(Family family) noexcept {
  return family == Family::V4 ? 32 : 128;
}
[[nodiscard]] std::string to_string(const Address& address);

// The next address up or down; nullopt past the end of the family's space.
[[nodiscard]] std::optional<Address> next(const Address& address) noexcept;
[[nodiscard]] std::optional<Address> previous(const Address& address) noexcept;

// An address and a prefix length. `address` may have host bits (an interface's address).
struct Prefix {
  Address address;
  std::uint8_t length{};

  // "192.0.2.1/24"; without a slash the whole address.
  [[nodiscard]] static Expected<Prefix> parse(std::string_view text);
  [[nodiscard]] bool contains(const Address& other) const noexcept;
  [[nodiscard]] Address first() const noexcept;
  [[nodiscard]] Address last() const noexcept;

  friend auto operator<=>(const Prefix&, const Prefix&) = default;
};
[[nodiscard]] std::string to_string(const Prefix& prefix);

// IEEE 802 address.
struct MacAddress {
  std::array<std::uint8_t, 6> bytes{};

  [[nodiscard]] static Expected<MacAddress> parse(std::string_view text);
  // The IPv6 link-local address with the modified EUI-64 of this MAC (RFC 4291 appendix A).
  [[nodiscard]] Address link_local() const noexcept;
  // May be the address of one station: neither a group nor all zero.
  [[nodiscard]] bool is_station() const noexcept {
    return (bytes[0] & 1) == 0 && *this != MacAddress{};
  }
  friend auto operator<=>(const MacAddress&, const MacAddress&) = default;
};
[[nodiscard]] std::string to_string(const MacAddress& mac);

}  // namespace sallyport
