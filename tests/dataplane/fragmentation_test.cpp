// Packets that are too long for the path: told, cut before ESP, or cut behind it.
#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "dataplane/datagram_ids.h"
#include "net/ipv4.h"
#include "tests/support/esp_pair.h"
#include "tests/support/fragments.h"
#include "tests/support/host_pair.h"

namespace sallyport::fragmentation_test {
namespace {

PacketBuilder inner(Family family, std::size_t filler) {
  return (family == Family::V4 ? PacketBuilder("198.51.100.2", "198.51.100.130")
                               : PacketBuilder("2001:db8:1::2", "2001:db8:2::2"))
      .udp(1000, 2000)
      .filler(filler);
}

PacketSummary summary_of(const PacketBytes& packet) {
  PacketSummary summary;
  REQUIRE(summarize(packet, summary) == ParseVerdict::Good);
  return summary;
}

std::vector<PacketBytes> deliver(EspPair& pair, const std::vector<PacketBytes>& wire) {
  for (const PacketBytes& packet : wire) pair.receiver().receive_ip(kOutside, packet);
  pair.receiver().settle();
  return pair.receiver().sent(kInside);
}

// Octets of the datagram that these fragments in order make, behind the IPv4 header.
PacketBytes joined(const std::vector<PacketBytes>& fragments) {
  PacketBytes whole;
  for (const PacketBytes& fragment : fragments)
    whole.insert(whole.end(), fragment.begin() + 20, fragment.end());
  return whole;
}

void before(Sa& sa) { sa.fragmentation = Fragmentation::Before; }

}  // namespace

TEST_CASE("OUT-05, ESP-11: cut behind ESP, over IPv4 and IPv6, the other side makes it whole") {
  for (const Family outer : {Family::V4, Family::V6}) {
    EspPair pair({.outer = outer});
    const auto wire = pair.out(inner(Family::V4, 1460).build());
    REQUIRE(wire.size() == 2);
    for (const PacketBytes& fragment : wire) {
      CHECK(fragment.size() <= 1500);
      CHECK(summary_of(fragment).fragment);
      CHECK(summary_of(fragment).protocol == kProtocolEsp);
    }
    const auto arrived = deliver(pair, wire);
    REQUIRE(arrived.size() == 1);
    CHECK(arrived[0] == inner(Family::V4, 1460).hop_limit(62).build());
    CHECK(pair.receiver().dataplane().account().fragments_joined == 1);
  }
}

TEST_CASE("OUT-05: cut before ESP, each fragment is a packet of its own that fits") {
  for (const Family outer : {Family::V4, Family::V6}) {
    EspPair pair({.outer = outer, .adjust_outbound = before});
    const auto wire = pair.out(inner(Family::V4, 1465).build());
    REQUIRE(wire.size() == 2);
    for (const PacketBytes& packet : wire) {
      CHECK(packet.size() <= 1500);
      CHECK_FALSE(summary_of(packet).fragment);
    }
    CHECK(pair.outbound_state().last_sequence == 2);
    const auto arrived = deliver(pair, wire);
    REQUIRE(arrived.size() == 2);
    for (const PacketBytes& fragment : arrived) CHECK(summary_of(fragment).fragment);
    const PacketBytes original = inner(Family::V4, 1465).build();
    CHECK(joined(arrived) == PacketBytes(original.begin() + 20, original.end()));
    CHECK(pair.sender().dataplane().account().fragments_made == 1);
  }
}

TEST_CASE("OUT-05: a burst of packets that are cut before ESP fits no burst and goes out whole") {
  EspPair pair({.adjust_outbound = before});
  for (int i = 0; i < 60; ++i) pair.sender().receive_ip(kInside, inner(Family::V4, 1450).build());
  pair.sender().settle();
  const auto wire = pair.sender().sent(kOutside);
  CHECK(wire.size() == 120);
  CHECK(deliver(pair, wire).size() == 120);
  CHECK(pair.receiver().dropped_in_all() == 0);
}

TEST_CASE("OUT-05: where the outer header may not be cut, the inner packet is") {
  EspPair pair({.adjust_outbound = [](Sa& sa) { sa.header.df = DfRule::Set; }});
  const auto wire = pair.out(inner(Family::V4, 1460).build());
  REQUIRE(wire.size() == 2);
  for (const PacketBytes& packet : wire) CHECK(summary_of(packet).dont_fragment);
  CHECK(deliver(pair, wire).size() == 2);
}

TEST_CASE("OUT-05: an inner fragment is cut again, and places and the last mark stay right") {
  EspPair pair({.adjust_outbound = before});
  const auto large = PacketBuilder("198.51.100.2", "198.51.100.130").udp(1, 2).filler(2900).build();
  const auto pieces = split(large, 1480);
  REQUIRE(pieces.size() == 2);
  std::vector<PacketBytes> arrived;
  for (const PacketBytes& piece : pieces)
    for (const PacketBytes& packet : deliver(pair, pair.out(piece))) arrived.push_back(packet);
  CHECK(joined(arrived) == PacketBytes(large.begin() + 20, large.end()));
  std::size_t next = 0;
  for (const PacketBytes& packet : arrived) {
    const auto& header = *reinterpret_cast<const Ipv4Header*>(packet.data());
    CHECK((header.fragment.get() & Ipv4Header::kOffsetMask) * 8u == next);
    next += packet.size() - 20;
    CHECK(((header.fragment.get() & Ipv4Header::kMoreFragments) != 0) ==
          (next < large.size() - 20));
  }
}

TEST_CASE("PMTU-03: DF is told, without DF cut, IPv6 told 1280 at least") {
  EspPair four({.adjust_outbound = before});
  CHECK(four.out(inner(Family::V4, 1460).dont_fragment().build()).empty());
  CHECK(four.sender().dropped(DropReason::TooBig) == 1);
  const auto told = four.sender().sent(kInside);
  REQUIRE(told.size() == 1);
  CHECK(told[0][20] == 3);
  CHECK(told[0][21] == 4);
  EspPair six({.inner = Family::V6, .adjust_outbound = before});
  CHECK(six.out(inner(Family::V6, 1440).build()).empty());
  const auto too_big = six.sender().sent(kInside);
  REQUIRE(too_big.size() == 1);
  CHECK(too_big[0][40] == 2);
  CHECK(load_be<std::uint32_t>(too_big[0].data() + 44) >= 1280);
}

TEST_CASE("PMTU-03: IPv6 that its source need not shorten is carried, the outer packet is cut") {
  for (const Family outer : {Family::V4, Family::V6}) {
    EspPair pair({.outer = outer, .inner = Family::V6});
    const auto slot = pair.outbound().slot;
    pair.sender().dataplane().sas().set_path_mtu(slot, 1280);
    const auto packet = inner(Family::V6, 1232);
    REQUIRE(packet.build().size() == 1280);
    const auto wire = pair.out(packet.build());
    REQUIRE(wire.size() == 2);
    for (const PacketBytes& piece : wire) CHECK(piece.size() <= 1280);
    const auto arrived = deliver(pair, wire);
    REQUIRE(arrived.size() == 1);
    CHECK(arrived[0] == PacketBuilder(packet).hop_limit(62).build());
    CHECK(pair.out(inner(Family::V6, 1233).build()).empty());
    const auto told = pair.sender().sent(kInside);
    REQUIRE(told.size() == 1);
    CHECK(load_be<std::uint32_t>(told[0].data() + 44) == 1280);
  }
}

TEST_CASE("ARCH-07, ESP-11: a host's packet is whole when it is sealed, and cut behind ESP") {
  HostPair pair({});
  const auto packet = PacketBuilder("192.0.2.1", "192.0.2.2").udp(1, 2).filler(1470).build();
  const auto wire = pair.out(packet);
  REQUIRE(wire.size() == 2);
  for (const PacketBytes& piece : wire) {
    CHECK(piece.size() <= 1500);
    pair.receiver().receive_ip(kOutside, piece);
  }
  pair.receiver().settle();
  const auto arrived = pair.receiver().sent(kInside);
  REQUIRE(arrived.size() == 1);
  CHECK(arrived[0] == packet);
}

TEST_CASE(
    "INB-01: what came to the host in fragments is longer than its link and goes on in some") {
  HostPair pair({.family = Family::V6});
  const auto packet = PacketBuilder("2001:db8::1", "2001:db8::2").udp(1, 2).filler(1950).build();
  auto& gateway = pair.receiver();
  Policy bypass{
      .name = "clear", .selectors = {Selector{}}, .action = PolicyAction::Bypass, .protect = {}};
  REQUIRE(gateway.spd().insert(bypass, 0));
  gateway.publish();
  for (const PacketBytes& piece : split(packet, 1400)) gateway.receive_ip(kOutside, piece);
  gateway.settle();
  const auto arrived = gateway.sent(kInside);
  REQUIRE(arrived.size() == 2);
  PacketBytes data;
  for (const PacketBytes& piece : arrived) {
    CHECK(piece.size() <= 1500);
    CHECK(piece[6] == kProtocolFragment);
    data.insert(data.end(), piece.begin() + 48, piece.end());
  }
  CHECK(data == PacketBytes(packet.begin() + 40, packet.end()));
}

TEST_CASE("TUN-11: no two workers give one id before all have wrapped round") {
  for (const std::uint16_t workers : {std::uint16_t{1}, std::uint16_t{3}, std::uint16_t{4}}) {
    std::set<std::uint16_t> seen;
    const unsigned each = 0x10000 / std::bit_ceil(unsigned{workers});
    for (std::uint16_t worker = 0; worker < workers; ++worker) {
      DatagramIds ids(WorkerId{worker}, workers, 0x12345678u * (worker + 1u));
      for (unsigned i = 0; i < each; ++i)
        REQUIRE(seen.insert(static_cast<std::uint16_t>(ids.next())).second);
    }
  }
}

TEST_CASE("TUN-11: fragmented outer packets of one SA have different ids") {
  for (const Family outer : {Family::V4, Family::V6}) {
    EspPair pair({.outer = outer});
    std::set<std::uint32_t> ids;
    for (int i = 0; i < 20; ++i) {
      const auto wire = pair.out(inner(Family::V4, 1460).build());
      REQUIRE(wire.size() == 2);
      const auto id = [&](const PacketBytes& piece) {
        return outer == Family::V4 ? load_be<std::uint16_t>(&piece[4])
                                   : load_be<std::uint32_t>(&piece[44]);
      };
      CHECK(id(wire[0]) == id(wire[1]));
      CHECK(ids.insert(id(wire[0])).second);
    }
  }
}

}  // namespace sallyport::fragmentation_test
