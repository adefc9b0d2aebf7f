#include "net/ah_coverage.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>

#include "net/ipv4.h"
#include "net/ipv6.h"
#include "tests/support/ah_reference.h"
#include "tests/support/fixed_random.h"
#include "tests/support/packet_builder.h"

namespace sallyport::ah_coverage_test {
namespace {

// The headers in front of AH, covered, in a buffer that ends with them; empty where they are
// malformed.
PacketBytes covered(ByteView headers) {
  const std::unique_ptr<std::uint8_t[]> exact(new std::uint8_t[headers.size()]);
  std::ranges::copy(headers, exact.get());
  const auto gone = cover_by_ah({exact.get(), headers.size()});
  if (!gone) return {};
  return {exact.get() + *gone, exact.get() + headers.size()};
}

PacketBytes front(const PacketBytes& packet) {
  return {packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(ah_offset(packet))};
}

// Of a packet that may be built further.
PacketBytes headers(const PacketBuilder& packet) {
  return front(PacketBuilder(packet).protocol(kProtocolAh).filler(24).build());
}

PacketBuilder v4() {
  return PacketBuilder("192.0.2.1", "192.0.2.2").traffic_class(0xb9).id(0x1234).dont_fragment();
}
PacketBuilder v6() {
  return PacketBuilder("2001:db8::1", "2001:db8::2").traffic_class(0xb9).flow_label(0xabcde);
}

PacketBytes wire(std::string_view address) {
  const Address parsed = Address::parse(address).value();
  return {parsed.wire().begin(), parsed.wire().end()};
}

PacketBytes operator+(PacketBytes left, const PacketBytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

PacketBytes part(const PacketBytes& packet, std::size_t first, std::size_t count) {
  return {packet.begin() + static_cast<std::ptrdiff_t>(first),
          packet.begin() + static_cast<std::ptrdiff_t>(first + count)};
}

constexpr std::size_t kOptions = sizeof(Ipv4Header);
constexpr std::size_t kExtensions = sizeof(Ipv6Header);

}  // namespace

TEST_CASE(
    "AH-06: of the IPv4 header TOS, flags, offset, TTL and checksum are zero, all else stays") {
  const PacketBytes packet = headers(v4());
  PacketBytes expected = packet;
  for (const std::size_t octet : {1, 6, 7, 8, 10, 11}) expected[octet] = 0;
  CHECK(covered(packet) == expected);
}

TEST_CASE("AH-07: with a source route the destination is the last one, on the way and at its end") {
  for (const std::uint8_t type : {std::uint8_t{131}, std::uint8_t{137}}) {
    const PacketBytes addresses = wire("192.0.2.7") + wire("192.0.2.8");
    const PacketBytes sent = headers(v4().options(PacketBytes{type, 11, 4} + addresses));
    CHECK(part(covered(sent), 16, 4) == wire("192.0.2.8"));
    const PacketBytes halfway = headers(v4().options(PacketBytes{type, 11, 8} + addresses));
    CHECK(part(covered(halfway), 16, 4) == wire("192.0.2.8"));
    const PacketBytes arrived = headers(v4().options(PacketBytes{type, 11, 12} + addresses));
    CHECK(part(covered(arrived), 16, 4) == wire("192.0.2.2"));
    CHECK(part(covered(sent), kOptions, 12) == PacketBytes(12));
    // Too short for any address, and a pointer into nothing.
    CHECK(part(covered(headers(v4().options({type, 3, 4, 1}))), 16, 4) == wire("192.0.2.2"));
    CHECK(part(covered(headers(v4().options({type, 2, 1, 1}))), 16, 4) == wire("192.0.2.2"));
  }
}

TEST_CASE("AH-08: seven IPv4 options are covered as they are, all others are zero whole") {
  for (unsigned type = 2; type < 256; ++type) {
    CAPTURE(type);
    const PacketBytes options{static_cast<std::uint8_t>(type), 5, 9, 0xaa, 0xbb, 1, 148, 4, 0, 1};
    const PacketBytes result = covered(headers(v4().options(options)));
    const bool stays = type == 130 || type == 133 || type == 134 || type == 148 || type == 149;
    const PacketBytes expected = stays ? options : PacketBytes{0, 0, 0, 0, 0, 1, 148, 4, 0, 1};
    CHECK(part(result, kOptions, options.size()) == expected);
  }
  // What stands behind the end of the options is theirs as well.
  const PacketBytes ended{1, 0, 7, 9, 9, 9, 9, 9};
  CHECK(part(covered(headers(v4().options(ended))), kOptions, 8) == ended);
}

TEST_CASE("AH-09: of the IPv6 header class, label and hop limit are zero, all else stays") {
  const PacketBytes packet = headers(v6());
  PacketBytes expected = packet;
  expected[0] = 0x60;
  for (const std::size_t octet : {1, 2, 3, 7}) expected[octet] = 0;
  CHECK(covered(packet) == expected);
}

TEST_CASE("AH-10: data of an IPv6 option is zero where its type says that it may change") {
  for (const bool hop_by_hop : {true, false})
    for (unsigned type = 2; type < 256; ++type) {
      CAPTURE(type, hop_by_hop);
      const auto octet = static_cast<std::uint8_t>(type);
      const PacketBytes options{octet, 4, 1, 2, 3, 4, 0, 1, 1, 9, octet, 1, 5, 0x1e};
      const PacketBytes rest{0};
      PacketBuilder builder = v6();
      hop_by_hop ? builder.hop_by_hop(options + rest) : builder.destination_options(options + rest);
      const PacketBytes packet = headers(builder);
      const PacketBytes result = covered(packet);
      PacketBytes expected = packet;
      expected[0] = 0x60;
      for (const std::size_t at : {1, 2, 3, 7}) expected[at] = 0;
      if ((type & 0x20) != 0)
        for (const std::size_t at : {4, 5, 6, 7, 14}) expected[kExtensions + at] = 0;
      CHECK(result == expected);
    }
}

TEST_CASE("AH-10: the home address option may not change and is covered") {
  const PacketBytes option = PacketBytes{1, 2, 0, 0, 0xc9, 16} + wire("2001:db8::99");
  const PacketBytes packet = headers(v6().destination_options(option));
  CHECK(part(covered(packet), kExtensions, 24) == part(packet, kExtensions, 24));
}

TEST_CASE("AH-11: routing headers of types 0 and 2 are covered as the final destination has them") {
  const auto via = [](std::uint8_t type, std::uint8_t left, const PacketBytes& addresses) {
    return PacketBytes{type, left, 0, 0, 0, 0} + addresses;
  };
  const PacketBytes stops = wire("2001:db8::a") + wire("2001:db8::b") + wire("2001:db8::c");
  const auto packet = [](const char* to, const PacketBytes& routing) {
    return headers(PacketBuilder("2001:db8::1", to).extension(kProtocolRouting, routing));
  };
  const PacketBytes sent = packet("2001:db8::2", via(0, 3, stops));
  const PacketBytes passed = wire("2001:db8::2") + wire("2001:db8::a") + wire("2001:db8::b");
  const PacketBytes arrived = packet("2001:db8::c", via(0, 0, passed));
  CHECK(covered(sent) == covered(arrived));
  CHECK(part(covered(sent), 24, 16) == wire("2001:db8::c"));
  // At the second stop.
  const PacketBytes halfway = packet(
      "2001:db8::b", via(0, 1, wire("2001:db8::2") + wire("2001:db8::a") + wire("2001:db8::c")));
  CHECK(covered(halfway) == covered(arrived));

  const PacketBytes to_mobile = packet("2001:db8::77", via(2, 1, wire("2001:db8::2")));
  const PacketBytes at_mobile = packet("2001:db8::2", via(2, 0, wire("2001:db8::77")));
  CHECK(covered(to_mobile) == covered(at_mobile));
  CHECK(part(covered(to_mobile), 24, 16) == wire("2001:db8::2"));

  // Other types are nobody's to predict.
  const PacketBytes other = packet("2001:db8::2", via(4, 1, wire("2001:db8::9")));
  CHECK(part(covered(other), 24, 40) == part(other, 24, 40));
  CHECK(covered(packet("2001:db8::2", via(0, 4, stops))).empty());
}

TEST_CASE("AH-13: a fragment header is not there, and its next header is the one before's") {
  const PacketBytes plain = covered(headers(v6()));
  CHECK(covered(headers(v6().fragment({}))) == plain);
  CHECK(covered(headers(v6().fragment({}).fragment({.id = 9}))) == plain);
  const PacketBytes option{5, 2, 0, 0};
  CHECK(covered(headers(v6().hop_by_hop(option).fragment({}).destination_options())) ==
        covered(headers(v6().hop_by_hop(option).destination_options())));
  CHECK(covered(headers(v6().fragment({}).routing(2, 1))) == covered(headers(v6().routing(2, 1))));
}

TEST_CASE("AH-08, AH-10, DP-08: malformed options and chains are refused, whatever their lengths") {
  for (unsigned length = 0; length < 256; ++length) {
    CAPTURE(length);
    const auto octet = static_cast<std::uint8_t>(length);
    const PacketBytes option{7, octet, 0, 0, 0, 0, 0, 0};
    CHECK(covered(headers(v4()) + PacketBytes{7, octet}).empty() == (length != 2));
    CHECK(covered(headers(v4()) + option).empty() == (length < 2 || length > 8));
    PacketBytes packet = headers(v6().hop_by_hop({0x3e, 2, 1, 1}));
    packet[kExtensions + 3] = octet;
    CHECK(covered(packet).empty() == (length > 4));
    packet = headers(v6().destination_options());
    packet[kExtensions + 1] = octet;
    CHECK(covered(packet).empty() == (length != 0));
  }
  CHECK(covered(headers(v4()) + PacketBytes{7}).empty());
  CHECK(covered(PacketBytes{}).empty());
  for (const PacketBytes& packet :
       {headers(v4()), headers(v6().hop_by_hop().fragment({}).routing(0, 1))})
    for (std::size_t size = 0; size < packet.size(); ++size)
      CHECK(covered(part(packet, 0, size)).empty());
}

TEST_CASE(
    "AH-08, AH-10, AH-11, AH-13: 20 000 random header chains are covered as the oracle has it") {
  FixedRandom random(7);
  const auto byte = [&] { return static_cast<std::uint8_t>(random.below(256)); };
  const auto option = [&](PacketBytes& options) {
    const std::uint32_t size = random.below(6);
    options.push_back(std::max<std::uint8_t>(byte(), 2));
    options.push_back(static_cast<std::uint8_t>(size));
    for (std::uint32_t i = 0; i < size; ++i) options.push_back(byte());
  };
  for (int round = 0; round < 20'000; ++round) {
    PacketBuilder packet = round % 4 == 0 ? v4() : v6();
    if (round % 4 == 0) {
      PacketBytes options;
      option(options);
      for (std::size_t at = 0; at < options.size(); at += options[at + 1]) options[at + 1] += 2;
      packet.options(options);
    } else {
      for (std::uint32_t left = random.below(4); left > 0; --left) {
        PacketBytes options;
        for (std::uint32_t count = random.below(3); count > 0; --count) option(options);
        switch (random.below(4)) {
          case 0:
            packet.fragment({.id = random.below(9)});
            break;
          case 1:
            packet.routing(random.below(2) == 0 ? 0 : 2,
                           static_cast<std::uint8_t>(random.below(2)));
            break;
          default:
            packet.destination_options(options);
        }
      }
    }
    const PacketBytes whole = packet.protocol(kProtocolAh).filler(24).build();
    CHECK(covered(front(whole)) == front(ah_covered(whole, {0, 12})));
  }
}

}  // namespace sallyport::ah_coverage_test
