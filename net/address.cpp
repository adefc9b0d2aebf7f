#include "net/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sallyport {
namespace {

bool starts_with(const Address& address, std::uint8_t first, std::uint8_t second,
                 unsigned length) noexcept {
  const std::uint32_t mask = length == 0 ? 0 : 0xffffu << (16 - length) & 0xffffu;
  return ((address.bytes[0] * 256u + address.bytes[1]) & mask) == (first * 256u + second);
}

// `address` with every bit from `length` on equal to `fill`.
Address fill_from(Address address, unsigned length, std::uint8_t fill) noexcept {
  const std::size_t size = address.wire().size();
  for (std::size_t i = length / 8; i < size; ++i) {
    const unsigned kept = i == length / 8 ? length % 8 : 0;
    const auto hosts = static_cast<std::uint8_t>(0xffu >> kept);
    address.bytes[i] = static_cast<std::uint8_t>((address.bytes[i] & ~hosts) | (fill & hosts));
  }
  return address;
}

template <class Number>
bool parse_whole(std::string_view text, Number& number, int base) noexcept {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return problem == std::errc{} && end == text.data() + text.size();
}

}  // namespace

Address Address::v4(std::uint32_t host_order) noexcept {
  Address address{};
  store_be(address.bytes.data(), host_order);
  return address;
}

Address Address::v6(std::span<const std::uint8_t, 16> wire) noexcept {
  Address address{{}, Family::V6};
  std::ranges::copy(wire, address.bytes.begin());
  return address;
}

Expected<Address> Address::parse(std::string_view text) {
  const std::string terminated(text);
  Address address{};
  if (terminated.find('\0') == std::string::npos) {
    if (inet_pton(AF_INET, terminated.c_str(), address.bytes.data()) == 1) return address;
    address = any(Family::V6);
    if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) return address;
  }
  return fail(Error::Code::Invalid, fmt::format("\"{}\" is not an IP address", text),
              "an address looks like 192.0.2.1 or 2001:db8::1");
}

bool Address::is_unspecified() const noexcept {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

bool Address::is_multicast() const noexcept {
  return family == Family::V4 ? starts_with(*this, 224, 0, 4) : starts_with(*this, 0xff, 0, 8);
}

bool Address::is_link_local() const noexcept {
  return family == Family::V4 ? starts_with(*this, 169, 254, 16)
                              : starts_with(*this, 0xfe, 0x80, 10);
}

bool Address::is_loopback() const noexcept {
  if (family == Family::V4) return bytes[0] == 127;
  return load_be<std::uint64_t>(&bytes[0]) == 0 && load_be<std::uint64_t>(&bytes[8]) == 1;
}

bool Address::is_unicast_routable() const noexcept {
  if (family != Family::V6 || is_multicast() || is_link_local()) return false;
  // ::/96 and ::ffff:0:0/96 stand for no interface, or for one of IPv4.
  const auto middle = load_be<std::uint32_t>(&bytes[8]);
  return load_be<std::uint64_t>(&bytes[0]) != 0 || (middle != 0 && middle != 0xffff);
}

std::string to_string(const Address& address) {
  char text[INET6_ADDRSTRLEN];
  const int family = address.family == Family::V4 ? AF_INET : AF_INET6;
  return inet_ntop(family, address.bytes.data(), text, sizeof text);
}

std::optional<Address> next(const Address& address) noexcept {
  Address result = address;
  for (std::size_t i = address.wire().size(); i-- > 0;)
    if (++result.bytes[i] != 0) return result;
  return std::nullopt;
}

std::optional<Address> previous(const Address& address) noexcept {
  Address result = address;
  for (std::size_t i = address.wire().size(); i-- > 0;)
    if (result.bytes[i]-- != 0) return result;
  return std::nullopt;
}

Expected<Prefix> Prefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const Expected<Address> address = Address::parse(text.substr(0, slash));
  if (!address) return std::unexpected(address.error());
  const unsigned longest = bits(address->family);
  unsigned length = longest;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    if (!parse_whole(digits, length, 10) || length > longest)
      return fail(Error::Code::Invalid,
                  fmt::format("\"{}\" is not a prefix length for {}", digits, to_string(*address)),
                  fmt::format("a number from 0 to {}", longest));
  }
  return Prefix{*address, static_cast<std::uint8_t>(length)};
}

bool Prefix::contains(const Address& other) const noexcept {
  return other.family == address.family && fill_from(other, length, 0) == first();
}

Address Prefix::first() const noexcept { return fill_from(address, length, 0); }

Address Prefix::last() const noexcept { return fill_from(address, length, 0xff); }

std::string to_string(const Prefix& prefix) {
  return fmt::format("{}/{}", to_string(prefix.address), prefix.length);
}

Expected<MacAddress> MacAddress::parse(std::string_view text) {
  MacAddress mac;
  bool good = text.size() == 17;
  for (std::size_t i = 0; good && i < mac.bytes.size(); ++i)
    good =
        parse_whole(text.substr(i * 3, 2), mac.bytes[i], 16) && (i == 5 || text[i * 3 + 2] == ':');
  if (good) return mac;
  return fail(Error::Code::Invalid, fmt::format("\"{}\" is not a MAC address", text),
              "six pairs of hex digits with colons, like 02:00:00:00:00:01");
}

Address MacAddress::link_local() const noexcept {
  const std::uint8_t wire[16] = {0xfe,     0x80,     0,
                                 0,        0,        0,
                                 0,        0,        static_cast<std::uint8_t>(bytes[0] ^ 0x02),
                                 bytes[1], bytes[2], 0xff,
                                 0xfe,     bytes[3], bytes[4],
                                 bytes[5]};
  return Address::v6(wire);
}

std::string to_string(const MacAddress& mac) {
  const auto& [a, b, c, d, e, f] = mac.bytes;
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", a, b, c, d, e, f);
}

}  // namespace sallyport
