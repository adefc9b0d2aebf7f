#include "net/plain_summary.h"

#include <catch2/catch.hpp>
#include <functional>
#include <span>
#include <string>
#include <utility>

#include "net/checksum.h"
#include "tests/net/summarize_exactly.h"

namespace sallyport::plain_summary_test {
namespace {

bool is_plain(const PacketBytes& packet, PacketSummary& out,
              HeaderChecksum verified = HeaderChecksum::Verify) {
  const auto exact = std::make_unique<std::uint8_t[]>(packet.size());
  std::ranges::copy(packet, exact.get());
  return summarize_plain({exact.get(), packet.size()}, out, verified);
}

PacketBytes usual() { return v4().udp(1000, 2000).filler(8).build(); }
PacketBytes usual_v6() { return v6().udp(1000, 2000).filler(8).build(); }

PacketBytes v6_with(const std::function<void(PacketBytes&)>& change) {
  PacketBytes packet = usual_v6();
  change(packet);
  return packet;
}

// The header's checksum made right again.
PacketBytes with(const std::function<void(PacketBytes&)>& change) {
  PacketBytes packet = usual();
  change(packet);
  store_be(&packet[10], std::uint16_t{0});
  store_be(&packet[10], checksum(ByteView(packet).first(20)));
  return packet;
}

using NamedPacket = std::pair<const char*, PacketBytes>;

void check_not_plain(std::span<const NamedPacket> others) {
  for (const auto& [what, packet] : others) {
    INFO(what);
    PacketSummary summary;
    CHECK_FALSE(is_plain(packet, summary));
  }
}

void check_no_part_is_plain(const PacketBytes& packet) {
  for (std::size_t size = 0; size < packet.size(); ++size) {
    INFO(size << " octets of it");
    PacketBytes cut = packet;
    cut.resize(size);
    PacketSummary summary;
    CHECK_FALSE(is_plain(cut, summary));
  }
}

}  // namespace

TEST_CASE("plain IPv4: TCP, UDP and ESP are read, and nothing of the packet before is left") {
  for (const PacketBytes& packet :
       {usual(), v4().tcp(1, 65535).build(), v4().esp(0x1000, 1).filler(24).build(),
        with([](PacketBytes& p) { p[1] = 0xb9; }), with([](PacketBytes& p) { p[6] = 0x40; }),
        // The bit in front of DF is reserved.
        with([](PacketBytes& p) { p[6] = 0x80; }), with([](PacketBytes& p) { p[6] = 0xc0; })}) {
    PacketSummary plain;
    std::memset(static_cast<void*>(&plain), 0xff, sizeof plain);  // of the packet before
    REQUIRE(is_plain(packet, plain));
    // With a link's padding behind it, and a checksum that is somebody else's to verify.
    PacketBytes padded = packet;
    padded.resize(packet.size() + 7);
    padded[10] ^= 1;
    PacketSummary again;
    REQUIRE(is_plain(padded, again, HeaderChecksum::Good));
    CHECK(std::memcmp(&plain, &again, sizeof plain) == 0);

    CHECK(plain.source_address() == Address::parse("192.0.2.1").value());
    CHECK(plain.destination_address() == Address::parse("198.51.100.7").value());
    CHECK(plain.length == packet.size());
    CHECK(plain.protocol == packet[9]);
    CHECK(plain.hop_limit == packet[8]);
    CHECK(plain.traffic_class == packet[1]);
    CHECK(plain.dont_fragment == ((packet[6] & 0x40) != 0));
    const bool ports = packet[9] != kProtocolEsp;
    CHECK(plain.ports_visible == ports);
    CHECK(plain.source_port == (ports ? load_be<std::uint16_t>(&packet[20]) : 0));
    CHECK(plain.destination_port == (ports ? load_be<std::uint16_t>(&packet[22]) : 0));
    CHECK(plain.upper_offset == 20);
    CHECK(plain.transport_offset == 20);
    CHECK(plain.outside_offset == 20);
    CHECK(plain.protocol_offset == 9);
    CHECK(plain.transport_protocol_offset == 9);
    CHECK(plain.outside_protocol_offset == 9);
    CHECK_FALSE(plain.fragment);
    CHECK_FALSE(plain.later_fragment);
    CHECK_FALSE(plain.has_options);
    CHECK(plain.segments_left == 0);
    CHECK(plain.mobility == 0);
  }
}

TEST_CASE("plain IPv4: what is out of the ordinary is left to others") {
  const NamedPacket others[] = {
      {"version 6", with([](PacketBytes& p) { p[0] = 0x65; })},
      {"version 5", with([](PacketBytes& p) { p[0] = 0x55; })},
      {"options", v4().options({7, 4, 4, 0}).udp(1, 2).build()},
      {"a header too short", with([](PacketBytes& p) { p[0] = 0x44; })},
      {"more fragments", with([](PacketBytes& p) { p[6] = 0x20; })},
      {"an offset", with([](PacketBytes& p) { p[7] = 1; })},
      {"a large offset", with([](PacketBytes& p) { p[6] = 0x10; })},
      {"longer than its frame", with([](PacketBytes& p) { ++p[3]; })},
      {"shorter than its header", with([](PacketBytes& p) { p[3] = 19; })},
      {"without room for ports", with([](PacketBytes& p) { p[3] = 23; })},
      {"ICMP", v4().icmp(8, 0).filler(4).build()},
      {"AH", with([](PacketBytes& p) { p[9] = kProtocolAh; })},
      {"from a group", with([](PacketBytes& p) { p[12] = 224; })},
      {"from network 0", with([](PacketBytes& p) { p[12] = 0; })},
      {"to network 127", with([](PacketBytes& p) { p[16] = 127; })},
      {"to class E", with([](PacketBytes& p) { p[16] = 240; })},
  };
  check_not_plain(others);
  check_no_part_is_plain(usual());
}

TEST_CASE("plain IPv4: every wrong bit of the header is seen") {
  for (unsigned bit = 0; bit < 160; ++bit) {
    PacketBytes packet = usual();
    packet[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    PacketSummary summary;
    INFO("bit " << bit);
    CHECK_FALSE(is_plain(packet, summary));
  }
}

TEST_CASE("plain IPv6: TCP, UDP and ESP are read, and nothing of the packet before is left") {
  for (const PacketBytes& packet :
       {usual_v6(), v6().tcp(1, 65535).build(), v6().tcp(65535, 0).build(),
        v6().esp(0xfffffffe, 1).filler(24).build(),
        v6().traffic_class(0xb9).flow_label(0xfffff).hop_limit(255).udp(0, 65535).build(),
        v6_with([](PacketBytes& p) { p[0] = 0x6f; })}) {
    PacketSummary plain;
    std::memset(static_cast<void*>(&plain), 0xff, sizeof plain);  // of the packet before
    REQUIRE(is_plain(packet, plain));
    PacketBytes padded = packet;  // by the link
    padded.resize(packet.size() + 7);
    PacketSummary again;
    REQUIRE(is_plain(padded, again));
    CHECK(std::memcmp(&plain, &again, sizeof plain) == 0);

    CHECK(plain.source_address() == Address::parse("2001:db8::1").value());
    CHECK(plain.destination_address() == Address::parse("2001:db8:1::7").value());
    CHECK(plain.length == packet.size());
    CHECK(plain.protocol == packet[6]);
    CHECK(plain.hop_limit == packet[7]);
    CHECK(plain.traffic_class == (load_be<std::uint16_t>(packet.data()) >> 4 & 0xff));
    const bool ports = packet[6] != kProtocolEsp;
    CHECK(plain.ports_visible == ports);
    CHECK(plain.source_port == (ports ? load_be<std::uint16_t>(&packet[40]) : 0));
    CHECK(plain.destination_port == (ports ? load_be<std::uint16_t>(&packet[42]) : 0));
    CHECK(plain.upper_offset == 40);
    CHECK(plain.transport_offset == 40);
    CHECK(plain.outside_offset == 40);
    CHECK(plain.protocol_offset == 6);
    CHECK(plain.transport_protocol_offset == 6);
    CHECK(plain.outside_protocol_offset == 6);
    CHECK_FALSE(plain.dont_fragment);
    CHECK_FALSE(plain.fragment);
    CHECK_FALSE(plain.later_fragment);
    CHECK_FALSE(plain.has_options);
    CHECK(plain.segments_left == 0);
    CHECK(plain.mobility == 0);
    CHECK(plain.unused == 0);  // a flow's key has it
  }
}

TEST_CASE("plain IPv6: what is out of the ordinary is left to others") {
  const NamedPacket others[] = {
      {"version 4", v6_with([](PacketBytes& p) { p[0] = 0x46; })},
      {"version 7", v6_with([](PacketBytes& p) { p[0] = 0x70; })},
      {"hop-by-hop options", v6().hop_by_hop().udp(1, 2).build()},
      {"a fragment", v6().fragment({.more = true}).udp(1, 2).build()},
      {"ICMP", v6().icmp(128, 0).filler(4).build()},
      {"AH", v6_with([](PacketBytes& p) { p[6] = kProtocolAh; })},
      {"no next header", v6_with([](PacketBytes& p) { p[6] = 59; })},
      {"longer than its frame", v6_with([](PacketBytes& p) { ++p[5]; })},
      {"much longer", v6_with([](PacketBytes& p) { p[4] = 0xff; })},
      {"without room for ports", v6_with([](PacketBytes& p) { p[5] = 3; })},
      {"without payload", v6_with([](PacketBytes& p) { p[5] = 0; })},
      {"from a group", v6_with([](PacketBytes& p) { p[8] = 0xff; })},
      {"to a group", v6_with([](PacketBytes& p) { p[24] = 0xff; })},
      {"from ::1", v6_with([](PacketBytes& p) { std::fill_n(&p[8], 8, std::uint8_t{0}); })},
      {"to ::7", v6_with([](PacketBytes& p) { std::fill_n(&p[24], 8, std::uint8_t{0}); })},
  };
  check_not_plain(others);
  check_no_part_is_plain(usual_v6());
}

TEST_CASE("plain IPv6: addresses of one half in use are plain") {
  for (const std::size_t at : {8u, 15u, 24u, 31u}) {
    const PacketBytes packet = v6_with([&](PacketBytes& p) {
      std::fill_n(&p[at & ~std::size_t{7}], 16, std::uint8_t{0});
      p[at] = 1;
    });
    PacketSummary summary;
    CHECK(is_plain(packet, summary));
  }
}

}  // namespace sallyport::plain_summary_test
