#include "net/packet_summary.h"

#include <catch2/catch.hpp>

#include "net/checksum.h"
#include "tests/net/reference_parser.h"
#include "tests/net/summarize_exactly.h"
#include "tests/support/fixed_random.h"

namespace sallyport::packet_summary_test {
namespace {

// Makes the length fields and the checksum agree with what is there.
void repair(PacketBytes& packet) {
  if (packet.size() < 20) return;
  if (packet[0] >> 4 == 4) {
    const std::size_t header = std::min<std::size_t>((packet[0] & 0x0fu) * 4u, packet.size());
    store_be(&packet[2], static_cast<std::uint16_t>(packet.size()));
    store_be(&packet[10], std::uint16_t{0});
    store_be(&packet[10], checksum(ByteView(packet).first(header)));
  } else if (packet.size() >= 40) {
    store_be(&packet[4], static_cast<std::uint16_t>(packet.size() - 40));
  }
}

// One of each shape that the gateway meets.
std::vector<PacketBytes> samples() {
  return {
      v4().udp(1000, 2000).filler(8).build(),
      v4().tcp(1000, 2000).build(),
      v4().icmp(8, 0).filler(4).build(),
      v4().esp(0x1000, 1).filler(24).build(),
      v4().options({7, 7, 4, 0, 0, 0, 0, 0}).udp(1, 2).build(),
      v4().fragment({.offset = 0, .more = true}).udp(1, 2).filler(8).build(),
      v4().fragment({.offset = 16, .more = false}).protocol(17).filler(8).build(),
      v6().udp(1000, 2000).filler(8).build(),
      v6().tcp(1000, 2000).build(),
      v6().icmp(128, 0).filler(4).build(),
      v6().mobility(5).filler(4).build(),
      v6().hop_by_hop({5, 2, 0, 0}).udp(1, 2).build(),
      v6().hop_by_hop().routing(2, 1).destination_options().tcp(1, 2).build(),
      v6().fragment({.offset = 0, .more = true}).udp(1, 2).filler(8).build(),
      v6().fragment({.offset = 16, .more = true}).protocol(17).filler(8).build(),
      v6().destination_options().esp(0x1000, 1).filler(24).build(),
  };
}

TEST_CASE("packet summary: every field of a plain IPv4 datagram") {
  const PacketSummary summary =
      good(v4().traffic_class(0xb9).hop_limit(7).dont_fragment().udp(500, 4500).filler(5).build());
  CHECK(to_string(summary.source_address()) == "192.0.2.1");
  CHECK(to_string(summary.destination_address()) == "198.51.100.7");
  CHECK(summary.source_address() == Address::parse("192.0.2.1").value());
  CHECK(summary.length == 33);
  CHECK(summary.upper_offset == 20);
  CHECK(summary.protocol_offset == 9);
  CHECK(summary.transport_offset == 20);
  CHECK(summary.transport_protocol_offset == 9);
  CHECK(summary.outside_offset == 20);
  CHECK(summary.outside_protocol_offset == 9);
  CHECK(summary.source_port == 500);
  CHECK(summary.destination_port == 4500);
  CHECK(summary.family == Family::V4);
  CHECK(summary.protocol == kProtocolUdp);
  CHECK(summary.traffic_class == 0xb9);
  CHECK(summary.hop_limit == 7);
  CHECK(summary.dont_fragment);
  CHECK(summary.ports_visible);
  CHECK_FALSE(summary.fragment);
  CHECK_FALSE(summary.later_fragment);
  CHECK_FALSE(summary.has_options);
}

TEST_CASE("packet summary: every field of a plain IPv6 datagram") {
  const PacketSummary summary =
      good(v6().traffic_class(0xb9).flow_label(0xfffff).hop_limit(7).tcp(22, 60000).build());
  CHECK(to_string(summary.source_address()) == "2001:db8::1");
  CHECK(to_string(summary.destination_address()) == "2001:db8:1::7");
  CHECK(summary.length == 60);
  CHECK(summary.upper_offset == 40);
  CHECK(summary.protocol_offset == 6);
  CHECK(summary.transport_offset == 40);
  CHECK(summary.transport_protocol_offset == 6);
  CHECK(summary.source_port == 22);
  CHECK(summary.destination_port == 60000);
  CHECK(summary.family == Family::V6);
  CHECK(summary.protocol == kProtocolTcp);
  CHECK(summary.traffic_class == 0xb9);
  CHECK(summary.hop_limit == 7);
  CHECK(summary.ports_visible);
  CHECK_FALSE(summary.dont_fragment);
  CHECK_FALSE(summary.fragment);
  CHECK_FALSE(summary.has_options);
}

TEST_CASE("packet summary: nothing of an earlier packet stays in the summary") {
  PacketSummary summary = good(v6().hop_by_hop().fragment({.more = true}).udp(1, 2).build());
  const PacketBytes plain = v4().protocol(99).filler(4).build();
  REQUIRE(summarize(plain, summary) == ParseVerdict::Good);
  CHECK_FALSE(summary.fragment);
  CHECK_FALSE(summary.has_options);
  CHECK_FALSE(summary.ports_visible);
  CHECK(summary.source_address() == Address::parse("192.0.2.1").value());
}

TEST_CASE("packet summary: link padding is not part of the datagram") {
  for (PacketBytes packet : samples()) {
    const PacketSummary summary = good(packet);
    packet.resize(packet.size() + 18, 0xee);
    const PacketSummary padded = good(packet);
    CHECK(padded.length == summary.length);
    CHECK(padded.source_port == summary.source_port);
    CHECK(padded.length == packet.size() - 18);
  }
}

struct WalkRow {
  const char* name;
  PacketBytes packet;
  std::uint8_t protocol;
  std::uint16_t upper, named_at;
  std::uint16_t inside, inside_named_at;
  std::uint16_t outside, outside_named_at;
};

TEST_CASE("ARCH-11: the walk over extension headers, and where transport mode puts its header") {
  const PacketBytes home_address{201, 16, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9};
  const WalkRow rows[] = {
      {"none", v6().udp(1, 2).build(), 17, 40, 6, 40, 6, 40, 6},
      {"hop-by-hop", v6().hop_by_hop().udp(1, 2).build(), 17, 48, 40, 48, 40, 48, 40},
      {"destination", v6().destination_options().udp(1, 2).build(), 17, 48, 40, 40, 6, 48, 40},
      {"home address option", v6().destination_options(home_address).udp(1, 2).build(), 17, 64, 40,
       64, 40, 64, 40},
      {"long destination", v6().destination_options(PacketBytes(22, 0)).udp(1, 2).build(), 17, 64,
       40, 40, 6, 64, 40},
      {"hop-by-hop, destination", v6().hop_by_hop().destination_options().udp(1, 2).build(), 17, 56,
       48, 48, 40, 56, 48},
      {"routing", v6().routing(2, 1).udp(1, 2).build(), 17, 64, 40, 64, 40, 64, 40},
      {"destination, routing", v6().destination_options().routing(2, 1).udp(1, 2).build(), 17, 72,
       48, 72, 48, 72, 48},
      {"routing, destination", v6().routing(2, 1).destination_options().udp(1, 2).build(), 17, 72,
       64, 64, 40, 64, 40},
      {"all, in the order of RFC 8200 4.1",
       v6().hop_by_hop()
           .destination_options()
           .routing(2, 0)
           .fragment({})
           .destination_options()
           .udp(1, 2)
           .build(),
       17, 96, 88, 88, 80, 88, 80},
      {"atomic fragment", v6().fragment({}).udp(1, 2).build(), 17, 48, 40, 48, 40, 48, 40},
      {"fragment, destination", v6().fragment({}).destination_options().udp(1, 2).build(), 17, 56,
       48, 48, 40, 56, 48},
      {"ESP", v6().esp(256, 1).build(), 50, 40, 6, 40, 6, 40, 6},
      {"ESP behind destination options", v6().destination_options().esp(256, 1).build(), 50, 48, 40,
       40, 6, 48, 40},
      {"AH behind hop-by-hop", v6().hop_by_hop().protocol(51).filler(24).build(), 51, 48, 40, 48,
       40, 48, 40},
      {"AH is not walked over", v6().protocol(51).payload({17, 4, 0, 0}).build(), 51, 40, 6, 40, 6,
       40, 6},
      {"mobility is an upper layer", v6().destination_options(home_address).mobility(5).build(),
       135, 64, 40, 64, 40, 64, 40},
      {"no next header", v6().hop_by_hop().protocol(59).build(), 59, 48, 40, 48, 40, 48, 40},
      {"HIP is not skipped", v6().extension(139, PacketBytes(6)).udp(1, 2).build(), 139, 40, 6, 40,
       6, 40, 6},
      {"IPv6 in IPv6", v6().destination_options({4, 1, 4}).protocol(41).filler(40).build(), 41, 48,
       40, 40, 6, 48, 40},
      {"IPv4 options", v4().options({1, 1, 1, 0}).udp(1, 2).build(), 17, 24, 9, 24, 9, 24, 9},
  };
  for (const WalkRow& row : rows) {
    CAPTURE(row.name);
    const PacketSummary summary = good(row.packet);
    CHECK(int{summary.protocol} == int{row.protocol});
    CHECK(summary.upper_offset == row.upper);
    CHECK(summary.protocol_offset == row.named_at);
    CHECK(row.packet[summary.protocol_offset] == row.protocol);
    CHECK(summary.transport_offset == row.inside);
    CHECK(summary.transport_protocol_offset == row.inside_named_at);
    CHECK(summary.outside_offset == row.outside);
    CHECK(summary.outside_protocol_offset == row.outside_named_at);
    CHECK_FALSE(summary.fragment);
  }
}

TEST_CASE("ARCH-11: which headers are skipped can be told, ESP and AH never") {
  using Numbers = std::vector<std::uint8_t>;
  CHECK(SkippedHeaders::of(Numbers{0, 43, 44, 60}).value() == kDefaultSkippedHeaders);
  for (int number = 0; number < 256; ++number) {
    const auto octet = static_cast<std::uint8_t>(number);
    CHECK(kDefaultSkippedHeaders.contains(octet) ==
          (number == 0 || number == 43 || number == 44 || number == 60));
  }
  for (const std::uint8_t never : octets({50, 51, 6, 17, 58, 59, 1}))
    CHECK(SkippedHeaders::of(Numbers{0, never}).error().what.find(std::to_string(never)) !=
          std::string::npos);

  const PacketBytes packet =
      v6().hop_by_hop().extension(139, PacketBytes(6)).destination_options().udp(7, 8).build();
  PacketSummary summary;
  REQUIRE(summarize_exactly(packet, summary, SkippedHeaders::of(Numbers{0}).value()) ==
          ParseVerdict::Good);
  CHECK(int{summary.protocol} == 139);
  REQUIRE(summarize_exactly(packet, summary, SkippedHeaders::of(Numbers{0, 139}).value()) ==
          ParseVerdict::Good);
  CHECK(int{summary.protocol} == 60);
  REQUIRE(summarize_exactly(packet, summary, SkippedHeaders::of(Numbers{0, 139, 60}).value()) ==
          ParseVerdict::Good);
  CHECK(int{summary.protocol} == 17);
  CHECK(summary.source_port == 7);
  REQUIRE(summarize_exactly(packet, summary, SkippedHeaders::of({}).value()) == ParseVerdict::Good);
  CHECK(int{summary.protocol} == 0);
}

TEST_CASE("DP-08: the chain of extension headers is bounded") {
  PacketBuilder most = v6();
  for (unsigned i = 0; i < kMaxExtensionHeaders; ++i) most.destination_options();
  CHECK(good(PacketBuilder(most).udp(1, 2).build()).source_port == 1);
  CHECK(verdict(PacketBuilder(most).destination_options().udp(1, 2).build()) ==
        ParseVerdict::TooManyExtensions);
}

TEST_CASE("packet summary: hop-by-hop options come first or not at all (RFC 8200 4.1)") {
  CHECK(good(v6().hop_by_hop().udp(1, 2).build()).has_options);
  CHECK_FALSE(good(v6().destination_options().udp(1, 2).build()).has_options);
  CHECK(verdict(v6().destination_options().hop_by_hop().udp(1, 2).build()) ==
        ParseVerdict::BadHeaderLength);
  CHECK(verdict(v6().hop_by_hop().hop_by_hop().udp(1, 2).build()) == ParseVerdict::BadHeaderLength);
}

TEST_CASE("packet summary: routing headers (RFC 8200 4.4, RFC 5095)") {
  CHECK(verdict(v6().routing(0, 1).udp(1, 2).build()) == ParseVerdict::BadAddress);
  CHECK(good(v6().routing(0, 0).udp(1, 2).build()).source_port == 1);
  CHECK(int{good(v6().routing(2, 1).udp(1, 2).build()).segments_left} == 1);
  CHECK(int{good(v6().routing(4, 0).udp(1, 2).build()).segments_left} == 0);
}

TEST_CASE("packet summary: IPv4 options are walked, source routes end there (RFC 7126)") {
  const auto with = [](PacketBytes options) {
    return verdict(v4().options(std::move(options)).udp(1, 2).build());
  };
  CHECK(with({1, 1, 1, 1}) == ParseVerdict::Good);
  CHECK(with({148, 4, 0, 0}) == ParseVerdict::Good);
  CHECK(with({0, 131, 255, 0}) == ParseVerdict::Good);  // behind the end of the list
  CHECK(with({68, 40, 5, 0}) == ParseVerdict::BadHeaderLength);
  CHECK(with({68, 0, 0, 0}) == ParseVerdict::BadHeaderLength);
  CHECK(with({68, 1, 0, 0}) == ParseVerdict::BadHeaderLength);
  CHECK(with({1, 1, 1, 68}) == ParseVerdict::BadHeaderLength);
  CHECK(with({131, 7, 4, 192, 0, 2, 9, 0}) == ParseVerdict::BadAddress);
  CHECK(with({137, 7, 4, 192, 0, 2, 9, 0}) == ParseVerdict::BadAddress);
  CHECK(with({1, 131, 3, 4}) == ParseVerdict::BadAddress);
  CHECK(good(v4().options({1, 1, 1, 1}).udp(1, 2).build()).has_options);
  CHECK(good(v4().options(PacketBytes(40, 1)).udp(1, 2).build()).upper_offset == 60);
}

TEST_CASE("packet summary: version and header length") {
  CHECK(verdict({}) == ParseVerdict::Truncated);
  for (unsigned version = 0; version < 16; ++version) {
    if (version == 4 || version == 6) continue;
    PacketBytes packet = v6().udp(1, 2).build();
    packet[0] = static_cast<std::uint8_t>(version << 4 | 5);
    CHECK(verdict(packet) == ParseVerdict::BadVersion);
  }
  PacketBytes packet = v4().udp(1, 2).build();
  for (std::uint8_t words = 0; words < 5; ++words) {
    packet[0] = 0x40 | words;
    CHECK(verdict(packet) == ParseVerdict::BadHeaderLength);
  }
  packet[0] = 0x4f;  // 60 octets of header in a datagram of 28
  CHECK(verdict(packet) == ParseVerdict::BadHeaderLength);
  packet = v4().udp(1, 2).build();
  packet[2] = packet[3] = 0;  // the length that segmentation offload leaves to a device
  CHECK(verdict(packet) == ParseVerdict::BadHeaderLength);
}

TEST_CASE("packet summary: one wrong bit of an IPv4 header is seen (RFC 1812 5.2.2)") {
  for (const PacketBytes& packet :
       {v4().udp(1, 2).build(), v4().options({7, 7, 4, 0, 0, 0, 0, 0}).udp(1, 2).build()}) {
    const std::size_t header_bits = (packet[0] & 0x0fu) * 32u;
    for (std::size_t bit = 0; bit < header_bits; ++bit) {
      PacketBytes broken = packet;
      broken[bit / 8] = static_cast<std::uint8_t>(broken[bit / 8] ^ 1u << bit % 8);
      CAPTURE(bit);
      const ParseVerdict seen = verdict(broken);
      CHECK(seen != ParseVerdict::Good);
      if (bit >= 32) CHECK(seen == ParseVerdict::BadChecksum);
    }
  }
}

struct AddressRow {
  const char* source;
  const char* destination;
  bool good;
};

TEST_CASE("packet summary: addresses that no wire carries (RFC 1812 5.3.7, RFC 4291 2.5, 2.7)") {
  const AddressRow rows[] = {
      {"192.0.2.1", "198.51.100.7", true},
      {"0.0.0.0", "198.51.100.7", false},
      {"0.1.2.3", "198.51.100.7", false},
      {"1.0.0.1", "198.51.100.7", true},
      {"126.255.255.255", "198.51.100.7", true},
      {"127.0.0.1", "198.51.100.7", false},
      {"128.0.0.1", "198.51.100.7", true},
      {"223.255.255.254", "198.51.100.7", true},
      {"224.0.0.1", "198.51.100.7", false},
      {"239.1.1.1", "198.51.100.7", false},
      {"240.0.0.1", "198.51.100.7", false},
      {"255.255.255.255", "198.51.100.7", false},
      {"169.254.1.1", "169.254.1.2", true},
      {"192.0.2.1", "0.0.0.0", false},
      {"192.0.2.1", "0.0.0.9", false},
      {"192.0.2.1", "127.0.0.1", false},
      {"192.0.2.1", "224.0.0.5", true},
      {"192.0.2.1", "240.0.0.1", false},
      {"192.0.2.1", "255.255.255.254", false},
      {"192.0.2.1", "255.255.255.255", true},
      {"2001:db8::1", "2001:db8::2", true},
      {"fe80::1", "fe80::2", true},
      {"fe80::1", "ff02::1", true},
      {"::", "ff02::1:ff00:1", true},  // duplicate address detection
      {"::", "2001:db8::2", false},
      {"::", "ff01::1", false},
      {"::1", "2001:db8::2", false},
      {"::1", "ff02::1", false},
      {"::2", "2001:db8::2", true},
      {"::ffff:192.0.2.1", "2001:db8::2", false},
      {"ff02::1", "2001:db8::2", false},
      {"ff0e::1", "2001:db8::2", false},
      {"2001:db8::1", "::", false},
      {"2001:db8::1", "::1", false},
      {"2001:db8::1", "::ffff:192.0.2.1", false},
      {"2001:db8::1", "64:ff9b::192.0.2.1", true},
      {"2001:db8::1", "ff00::1", false},
      {"2001:db8::1", "ff31::1", false},
      {"2001:db8::1", "ff0e::1", true},
      {"2001:db8::1", "ff02::2", true},
  };
  for (const AddressRow& row : rows) {
    CAPTURE(row.source, row.destination);
    const PacketBytes packet = PacketBuilder(row.source, row.destination).udp(1, 2).build();
    CHECK(verdict(packet) == (row.good ? ParseVerdict::Good : ParseVerdict::BadAddress));
  }
}

TEST_CASE("DP-08: a packet cut anywhere is truncated, and nothing behind its end is read") {
  for (const PacketBytes& packet : samples())
    for (std::size_t size = 0; size < packet.size(); ++size)
      CHECK(verdict({packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size)}) ==
            ParseVerdict::Truncated);
}

TEST_CASE("DP-08: a packet cut anywhere whose lengths agree is judged without reading on") {
  for (const PacketBytes& packet : samples()) {
    for (std::size_t size = 0; size < packet.size(); ++size) {
      PacketBytes cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
      repair(cut);
      PacketSummary summary;
      const ParseVerdict seen = summarize_exactly(cut, summary);
      if (seen != ParseVerdict::Good) continue;
      CHECK(summary.length == size);
      CHECK(summary.upper_offset <= size);
      if (summary.ports_visible) CHECK(summary.upper_offset + 2u <= size);
    }
  }
}

TEST_CASE("packet summary: a whole datagram without its ports is truncated") {
  for (const std::uint8_t protocol : octets({6, 17, 33, 132, 136}))
    for (std::size_t size = 0; size < 6; ++size)
      for (const PacketBuilder& start : {v4(), v6()})
        CHECK(verdict(PacketBuilder(start).protocol(protocol).filler(size).build()) ==
              (size < 4 ? ParseVerdict::Truncated : ParseVerdict::Good));
  CHECK(verdict(v4().protocol(1).filler(1).build()) == ParseVerdict::Truncated);
  CHECK(verdict(v6().protocol(58).filler(2).build()) == ParseVerdict::Good);
  CHECK(verdict(v6().protocol(135).filler(2).build()) == ParseVerdict::Truncated);
  CHECK(verdict(v6().protocol(135).filler(3).build()) == ParseVerdict::Good);
  CHECK(verdict(v4().protocol(99).build()) == ParseVerdict::Good);
}

TEST_CASE("packet summary: what a device says of a checksum is believed without options alone") {
  for (const bool options : {false, true}) {
    PacketBytes packet =
        options ? v4().options({7, 4, 4, 0}).udp(1, 2).build() : v4().udp(1, 2).build();
    packet[10] ^= 1;
    PacketSummary summary;
    CHECK(summarize(packet, summary, {}, HeaderChecksum::Verify) == ParseVerdict::BadChecksum);
    CHECK(summarize(packet, summary, {}, HeaderChecksum::Good) ==
          (options ? ParseVerdict::BadChecksum : ParseVerdict::Good));
  }
}

TEST_CASE("DP-08: mutated packets mean the same to the slow and obvious parser") {
  FixedRandom random;
  const std::vector<PacketBytes> seeds = samples();
  std::size_t survivors = 0;
  for (int round = 0; round < 200'000; ++round) {
    PacketBytes packet = seeds[random.below(static_cast<std::uint32_t>(seeds.size()))];
    for (std::uint32_t i = random.below(4); i > 0; --i) {
      // Half of the changes hit an octet that names a header or holds a length.
      constexpr std::uint8_t kTelling[] = {0, 17, 43, 44, 50, 60, 58, 1, 2, 5};
      std::uint8_t& octet = packet[random.below(static_cast<std::uint32_t>(packet.size()))];
      octet = random.below(2) == 0 ? kTelling[random.below(sizeof kTelling)]
                                   : static_cast<std::uint8_t>(random.below(256));
    }
    if (random.below(4) == 0)
      packet.resize(random.below(static_cast<std::uint32_t>(packet.size())));
    if (random.below(4) != 0) repair(packet);
    PacketSummary summary;
    const ParseVerdict seen = summarize_exactly(packet, summary);
    const auto expected = reference_parse(packet);
    CAPTURE(round);
    REQUIRE((seen == ParseVerdict::Good) == expected.has_value());
    if (!expected) continue;
    ++survivors;
    REQUIRE(summary.length == expected->length);
    REQUIRE(summary.upper_offset == expected->upper_offset);
    REQUIRE(unsigned{summary.protocol} == expected->protocol);
    REQUIRE(summary.fragment == expected->fragment);
    REQUIRE(summary.later_fragment == expected->later_fragment);
    REQUIRE(summary.ports_visible == expected->port_like.has_value());
    if (expected->port_like) REQUIRE(summary.source_port == *expected->port_like);
  }
  CHECK(survivors > 50'000);
}

}  // namespace
}  // namespace sallyport::packet_summary_test
