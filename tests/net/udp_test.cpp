#include "net/udp.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>

namespace sallyport::udp_test {
namespace {

using Octets = std::vector<std::uint8_t>;

constexpr UdpPorts kPorts{.source = 546, .destination = 547};
const Address kSource = Address::parse("fe80::99").value();
const Address kDestination = Address::parse("ff02::1:2").value();
const Octets kPayload{1, 1, 2, 3, 4};

// In a buffer without an octet to spare.
std::optional<Octets> payload_of(const Octets& message, const Address& source = kSource,
                                 const Address& destination = kDestination) {
  const auto exact = std::make_unique<std::uint8_t[]>(message.size());
  std::ranges::copy(message, exact.get());
  const auto payload = udp_payload({exact.get(), message.size()}, source, destination);
  if (!payload) return std::nullopt;
  return Octets(payload->begin(), payload->end());
}

TEST_CASE("HA-19: a UDP message is written and read with its ports, length and checksum") {
  const Octets message = make_udp_message(kPorts, kSource, kDestination, kPayload);
  Octets fields = message;
  fields[6] = fields[7] = 0;
  CHECK(fields == Octets{2, 0x22, 2, 0x23, 0, 13, 0, 0, 1, 1, 2, 3, 4});
  CHECK(udp_ports(message) == kPorts);
  CHECK(payload_of(message) == kPayload);
  CHECK(payload_of(make_udp_message(kPorts, kSource, kDestination, {})) == Octets{});
}

TEST_CASE("HA-19: a UDP message that is cut or wrong anywhere is none") {
  const Octets message = make_udp_message(kPorts, kSource, kDestination, kPayload);
  for (std::size_t size = 0; size < message.size(); ++size) {
    const Octets cut(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_FALSE(payload_of(cut));
    CHECK(udp_ports(cut).has_value() == (size >= sizeof(UdpHeader)));
  }
  for (std::size_t at = 0; at < message.size(); ++at) {
    Octets wrong = message;
    wrong[at] ^= 0x40;
    CHECK_FALSE(payload_of(wrong));
  }
  CHECK_FALSE(payload_of(message, kSource, kSource));
  Octets shorter = message;
  shorter[5] = sizeof(UdpHeader) - 1;
  CHECK_FALSE(payload_of(shorter));
}

TEST_CASE("HA-19: what is behind a UDP message is no part of it") {
  Octets message = make_udp_message(kPorts, kSource, kDestination, kPayload);
  message.insert(message.end(), {9, 9, 9});
  CHECK(payload_of(message) == kPayload);
}

TEST_CASE("HA-19: over IPv4 a UDP message may have no checksum, over IPv6 it may not") {
  Octets message = make_udp_message(kPorts, kSource, kDestination, kPayload);
  message[6] = message[7] = 0;
  CHECK_FALSE(payload_of(message));
  const Address v4 = Address::v4(0xc0000201);
  CHECK(payload_of(message, v4, v4) == kPayload);
  CHECK(payload_of(make_udp_message(kPorts, v4, v4, kPayload), v4, v4) == kPayload);
}

TEST_CASE("HA-19: the checksum of UDP is never zero on the wire") {
  // 0xffff stands for it: one of all payloads of two octets has it.
  int found = 0;
  for (unsigned word = 0; word < 0x10000; ++word) {
    const Octets payload{static_cast<std::uint8_t>(word >> 8), static_cast<std::uint8_t>(word)};
    const Octets message = make_udp_message(kPorts, kSource, kDestination, payload);
    REQUIRE((message[6] | message[7]) != 0);
    if (message[6] != 0xff || message[7] != 0xff) continue;
    ++found;
    CHECK(payload_of(message) == payload);
  }
  CHECK(found >= 1);
}

}  // namespace
}  // namespace sallyport::udp_test
