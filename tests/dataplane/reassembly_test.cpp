// Fragments that are for us: whole datagrams, or one counter for every piece.
#include <catch2/catch.hpp>

#include <algorithm>

#include "net/checksum.h"
#include "net/ipv4.h"
#include "tests/support/esp_pair.h"
#include "tests/support/fragments.h"
#include "tests/support/host_pair.h"

namespace sallyport::reassembly_test {
namespace {

PacketBuilder inner(Family family = Family::V4) {
  return family == Family::V4 ? PacketBuilder("198.51.100.2", "198.51.100.130")
                              : PacketBuilder("2001:db8:1::2", "2001:db8:2::2");
}

// One ESP packet on the wire whose inner packet has `filler` octets of payload.
PacketBytes sealed(EspPair& pair, std::size_t filler, Family family = Family::V4) {
  const auto wire = pair.out(inner(family).udp(1000, 2000).filler(filler).build());
  REQUIRE(wire.size() == 1);
  return wire[0];
}

std::vector<PacketBytes> deliver(EspPair& pair, const std::vector<PacketBytes>& pieces,
                                 BufferKind buffer = BufferKind::Exact) {
  for (const PacketBytes& piece : pieces) pair.receiver().receive_ip(kOutside, piece, buffer);
  pair.receiver().settle();
  return pair.receiver().sent(kInside);
}

std::uint64_t kept(TestGateway& gateway) { return gateway.dataplane().account().fragments_kept; }

}  // namespace

TEST_CASE("INB-01: ESP in fragments is made whole before it is opened, in any order") {
  for (const Family outer : {Family::V4, Family::V6}) {
    EspPair pair({.outer = outer});
    const PacketBytes whole = sealed(pair, 1000);
    std::vector<PacketBytes> pieces = split(whole, 400);
    REQUIRE(pieces.size() == 3);
    std::vector<std::size_t> order{0, 1, 2};
    std::uint32_t id = 100;
    std::size_t arrived = 0;
    do {
      // The window refuses the same number twice: the packet is sealed anew for each order.
      const auto fresh = split(sealed(pair, 1000), 400, id++);
      std::vector<PacketBytes> shuffled;
      for (const std::size_t i : order) shuffled.push_back(fresh[i]);
      const auto inside = deliver(pair, shuffled);
      REQUIRE(inside.size() == 1);
      CHECK(inside[0] == inner().udp(1000, 2000).filler(1000).hop_limit(62).build());
      ++arrived;
    } while (std::ranges::next_permutation(order).found);
    CHECK(arrived == 6);
    CHECK(pair.receiver().dropped_in_all() == 0);
    CHECK(kept(pair.receiver()) == 0);
  }
}

TEST_CASE("INB-01: a datagram comes whole out of 46 pieces") {
  EspPair pair({});
  const auto pieces = split(sealed(pair, 1400), 32);
  REQUIRE(pieces.size() == 46);
  const auto inside = deliver(pair, pieces);
  REQUIRE(inside.size() == 1);
  CHECK(inside[0] == inner().udp(1000, 2000).filler(1400).hop_limit(62).build());
}

TEST_CASE("INB-01: fragments of ESP in UDP are made whole, too") {
  const auto encapsulate = [](Sa& sa) { sa.encapsulation = UdpEncapsulation{}; };
  EspPair pair({.adjust_outbound = encapsulate, .adjust_inbound = encapsulate});
  CHECK(deliver(pair, split(sealed(pair, 700), 240)).size() == 1);
  CHECK(pair.receiver().dropped_in_all() == 0);
}

TEST_CASE("INB-01, SAD-11: an SA that is edited between two fragments is the same SA to them") {
  EspPair pair({});
  const auto ping = [](std::uint32_t id) {
    return split(PacketBuilder("198.51.100.2", "198.51.100.129").icmp(8, 0).filler(700).build(),
                 400, id);
  };
  const auto pieces = ping(5);
  REQUIRE(pieces.size() == 2);
  CHECK(deliver(pair, pair.out(pieces[0])).empty());
  const Endpoints ends = pair.inbound().sa->endpoints;
  const SaSlot before = pair.inbound().slot;
  REQUIRE(pair.receiver().sad().move_endpoints("in", ends, {}));
  REQUIRE(pair.inbound().slot != before);
  CHECK(deliver(pair, pair.out(pieces[1])).empty());
  pair.receiver().settle();
  CHECK(kept(pair.receiver()) == 0);
  // The answer, which policy protects and for which the pair has no SA.
  CHECK(pair.receiver().dropped(DropReason::NoSa) == 1);
  CHECK(pair.receiver().dropped_in_all() == 1);
}

TEST_CASE("INB-01: MF and offset are cleared, the checksum renewed, the fragment header gone") {
  // A ping in pieces for the gateway itself: the answer is about the whole one.
  TestGateway gateway(two_ports(
      {{.name = "all", .selectors = {Selector{}}, .action = PolicyAction::Bypass, .protect = {}}}));
  settle_two_ports(gateway);
  const auto four = PacketBuilder("192.0.2.2", "192.0.2.1").icmp(8, 0, 0x10001).filler(900).build();
  for (const auto& piece : split(four, 304)) gateway.receive_ip(kOutside, piece);
  const auto six =
      PacketBuilder("2001:db8::2", "2001:db8::1").icmp(128, 0, 0x10001).filler(900).build();
  for (const auto& piece : split(six, 304)) gateway.receive_ip(kOutside, piece);
  gateway.settle();
  auto answers = gateway.sent(kOutside);
  REQUIRE(answers.size() == 2);
  // Where there are several workers, each may have joined one.
  std::ranges::sort(answers, {}, [](const PacketBytes& answer) { return answer[0] >> 4; });
  CHECK(answers[0].size() == four.size());
  CHECK(answers[1].size() == six.size());
  CHECK(PacketBytes(answers[0].begin() + 28, answers[0].end()) ==
        PacketBytes(four.begin() + 28, four.end()));
  CHECK(gateway.dropped_in_all() == 0);
}

TEST_CASE("INB-01: a ping of 3 000 octets in fragments is answered in fragments") {
  TestGateway gateway(two_ports(
      {{.name = "all", .selectors = {Selector{}}, .action = PolicyAction::Bypass, .protect = {}}}));
  settle_two_ports(gateway);
  const auto four = PacketBuilder("192.0.2.2", "192.0.2.1").icmp(8, 0, 1).filler(3000).build();
  for (const auto& piece : split(four, 1480)) gateway.receive_ip(kOutside, piece);
  gateway.settle();
  CHECK(gateway.sent(kOutside).size() == 3);
  const auto six = PacketBuilder("2001:db8::2", "2001:db8::1").icmp(128, 0, 1).filler(3000).build();
  for (const auto& piece : split(six, 1448)) gateway.receive_ip(kOutside, piece);
  gateway.settle();
  CHECK(gateway.sent(kOutside).size() == 3);
  CHECK(gateway.dropped_in_all() == 0);
}

TEST_CASE("INB-01: fragments that overlap void the whole datagram, without an ICMP message") {
  for (const Family outer : {Family::V4, Family::V6}) {
    EspPair pair({.outer = outer});
    auto pieces = split(sealed(pair, 1000), 400);
    // The second again, eight octets further to the front.
    const PacketBytes data(pieces[1].end() - 400, pieces[1].end());
    const auto overlapping =
        piece_of(sealed(pair, 1000), {.offset = 392, .more = true, .id = 77}, data);
    CHECK(deliver(pair, {pieces[0], overlapping, pieces[1], pieces[2]}).empty());
    CHECK(pair.receiver().dropped(DropReason::FragmentOverlap) == 4);
    CHECK(pair.receiver().sent(kOutside).empty());
    CHECK(kept(pair.receiver()) == 0);
    // The next datagram is whole again.
    CHECK(deliver(pair, split(sealed(pair, 1000), 400, 78)).size() == 1);
  }
}

TEST_CASE("INB-01: the same fragment once more is no overlap; with other octets it is") {
  EspPair pair({});
  auto pieces = split(sealed(pair, 1000), 400);
  CHECK(deliver(pair, {pieces[0], pieces[0], pieces[1], pieces[2]}).size() == 1);
  CHECK(pair.receiver().dropped(DropReason::FragmentDuplicate) == 1);
  pieces = split(sealed(pair, 1000), 400, 78);
  PacketBytes other = pieces[0];
  other.back() ^= 1;
  CHECK(deliver(pair, {pieces[0], other, pieces[1], pieces[2]}).empty());
  CHECK(pair.receiver().dropped(DropReason::FragmentOverlap) == 4);
}

TEST_CASE("INB-01: what is not whole in time is dropped, and the rest of it as it comes") {
  EspPair pair({});
  const auto pieces = split(sealed(pair, 1000), 400);
  CHECK(deliver(pair, {pieces[0], pieces[2]}).empty());
  CHECK(kept(pair.receiver()) == 2);
  pair.receiver().clock().advance(std::chrono::seconds(29));
  pair.receiver().settle();
  CHECK(kept(pair.receiver()) == 2);
  pair.receiver().clock().advance(std::chrono::seconds(1));
  pair.receiver().settle();
  CHECK(kept(pair.receiver()) == 0);
  CHECK(pair.receiver().dropped(DropReason::FragmentTimeout) == 2);
  const auto events = pair.receiver().events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].reason == DropReason::FragmentTimeout);
  CHECK(events[0].spi == Spi{0x1000});
  CHECK(to_string(Address{events[0].source, events[0].family}) == "192.0.2.1");
  // The late one opens a datagram of its own, which ends the same way.
  CHECK(deliver(pair, {pieces[1]}).empty());
  pair.receiver().clock().advance(std::chrono::seconds(30));
  pair.receiver().settle();
  CHECK(pair.receiver().dropped(DropReason::FragmentTimeout) == 3);
}

TEST_CASE("INB-01: tiny fragments, odd sizes and totals over 65 535 octets are dropped by name") {
  EspPair pair({});
  TestGateway& gateway = pair.receiver();
  const PacketBytes model = sealed(pair, 100);
  const auto tcp = PacketBuilder("192.0.2.1", "192.0.2.2").tcp(1, 2).filler(100).build();
  CHECK(deliver(pair, {piece_of(model, {.offset = 0, .more = true, .id = 1}, PacketBytes(12)),
                       piece_of(tcp, {.offset = 0, .more = true, .id = 2}, PacketBytes(8)),
                       piece_of(tcp, {.offset = 8, .more = false, .id = 3}, PacketBytes(40))})
            .empty());
  CHECK(gateway.dropped(DropReason::FragmentTiny) == 3);
  CHECK(deliver(pair, {piece_of(model, {.offset = 65528, .more = false, .id = 4}, PacketBytes(99)),
                       piece_of(model, {.offset = 65208, .more = false, .id = 5}, PacketBytes(16))})
            .empty());
  CHECK(gateway.dropped(DropReason::FragmentTooLong) == 2);
  CHECK(kept(gateway) == 0);
}

TEST_CASE("INB-01: a flood of fragments holds a bounded table, and what is whole goes through") {
  EspPair pair({.workers = 1});  // each has a table of its own
  TestGateway& gateway = pair.receiver();
  const PacketBytes model = sealed(pair, 100);
  for (std::uint16_t id = 1000; id < 1400; ++id)
    gateway.receive_ip(kOutside,
                       piece_of(model, {.offset = 0, .more = true, .id = id}, PacketBytes(64)));
  gateway.settle();
  CHECK(kept(gateway) == 16);
  CHECK(gateway.dropped(DropReason::FragmentTableFull) == 400 - 16);
  CHECK(deliver(pair, split(sealed(pair, 1000), 400)).size() == 1);
  CHECK(deliver(pair, {sealed(pair, 200)}).size() == 1);
  // More pieces than are kept of one datagram.
  std::vector<PacketBytes> crumbs;
  for (std::uint16_t i = 0; i < 70; ++i)
    crumbs.push_back(piece_of(model,
                              {.offset = static_cast<std::uint16_t>(8 * i), .more = true, .id = 9},
                              PacketBytes(8)));
  CHECK(deliver(pair, crumbs).empty());
  CHECK(gateway.dropped(DropReason::FragmentTooMany) == 70);
}

TEST_CASE("INB-01: fragments of several datagrams and protocols with one id do not mix") {
  EspPair pair({.workers = 1});  // several: each datagram at its own time
  const auto first = split(sealed(pair, 600), 400, 5);
  const auto second = split(sealed(pair, 601), 400, 6);
  auto ping = split(PacketBuilder("192.0.2.1", "192.0.2.2").icmp(8, 0).filler(700).build(), 400, 5);
  const auto inside = deliver(pair, {first[0], ping[0], second[0], second[1], ping[1], first[1]});
  REQUIRE(inside.size() == 2);
  CHECK(inside[0].size() == 20 + 8 + 601);
  CHECK(inside[1].size() == 20 + 8 + 600);
  CHECK(pair.receiver().dropped(DropReason::NoPolicy) == 1);  // the ping, in one piece
}

TEST_CASE("INB-01: fragments out of an SA and fragments in clear never meet") {
  EspPair pair({});
  const auto pieces =
      split(PacketBuilder("198.51.100.2", "198.51.100.129").icmp(8, 0).filler(700).build(), 400);
  REQUIRE(pieces.size() == 2);
  CHECK(deliver(pair, pair.out(pieces[0])).empty());
  CHECK(deliver(pair, {pieces[1]}).empty());
  CHECK(kept(pair.receiver()) == 2);
  CHECK(pair.receiver().dataplane().account().fragments_joined == 0);
  // The second one by the same way is what the first waits for.
  CHECK(deliver(pair, pair.out(pieces[1])).empty());
  CHECK(kept(pair.receiver()) == 1);
  CHECK(pair.receiver().dataplane().account().fragments_joined == 1);
}

TEST_CASE("SAD-13: a packet that waited for its pieces while its SA ended is discarded") {
  EspPair pair({});
  const auto pieces = split(sealed(pair, 1000), 400);
  CHECK(deliver(pair, {pieces[0], pieces[1]}).empty());
  pair.inbound_state().hard_packets = 0;
  CHECK(deliver(pair, {pieces[2]}).empty());
  CHECK(pair.receiver().dropped(DropReason::LifetimeExpired) == 1);
  const auto others = split(sealed(pair, 1000), 400, 78);
  CHECK(deliver(pair, {others[0], others[1]}).empty());
  pair.receiver().remove_sa("in");
  CHECK(deliver(pair, {others[2]}).empty());
  CHECK(pair.receiver().dropped(DropReason::UnknownSpi) == 1);
}

TEST_CASE("RFC 6980: neighbour discovery in fragments is ignored") {
  TestGateway gateway(two_ports({}));
  settle_two_ports(gateway);
  const auto target = Address::parse("2001:db8::1").value();
  PacketBytes body(target.bytes.begin(), target.bytes.end());
  const auto solicitation =
      PacketBuilder("2001:db8::2", "2001:db8::1").hop_limit(255).icmp(135, 0).payload(body).build();
  for (const auto& piece : split(solicitation, 16)) gateway.receive_ip(kOutside, piece);
  gateway.settle();
  CHECK(gateway.dropped(DropReason::FragmentForbidden) == 1);
  CHECK(gateway.sent(kOutside).empty());
}

TEST_CASE("RFC 3168 5.3: a congestion mark on one fragment is a mark on the whole") {
  EspPair pair({});
  const auto marked = [&](std::uint8_t inner_class, std::uint32_t id) {
    const auto wire = pair.out(inner().udp(1, 2).traffic_class(inner_class).filler(1000).build());
    auto pieces = split(wire.at(0), 400, id);
    pieces[1][1] |= 3;
    auto& header = *reinterpret_cast<Ipv4Header*>(pieces[1].data());
    header.checksum.set(0);
    header.checksum.set(checksum(ByteView(pieces[1]).first(20)));
    return pieces;
  };
  const auto inside = deliver(pair, marked(2, 1));
  REQUIRE(inside.size() == 1);
  CHECK((inside[0][1] & 3) == 3);
  // A mark beside one that says that it may not be marked.
  CHECK(deliver(pair, marked(0, 2)).empty());
  CHECK(pair.receiver().dropped(DropReason::EcnCe) == 1);
}

}  // namespace sallyport::reassembly_test
