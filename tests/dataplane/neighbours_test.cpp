#include "dataplane/neighbours.h"

#include <catch2/catch.hpp>

#include "tests/dataplane/neighbour_link.h"

namespace sallyport::neighbours_test {
namespace {

using namespace std::chrono_literals;
using enum NeighbourState;
using Link = NeighbourLink;

const Address& neighbour(Family family) {
  static const Address kV4 = ip("192.0.2.7");
  static const Address kV6 = ip("2001:db8:2::7");
  return family == Family::V4 ? kV4 : kV6;
}

TEST_CASE("Neighbours: packets wait for an answer and leave in order") {
  const Family family = GENERATE(Family::V4, Family::V6);
  const Address address = neighbour(family);
  Link link;
  rte_mbuf* const first = link.resolve(address);
  rte_mbuf* const second = link.resolve(address);
  CHECK(link.state(address) == Incomplete);
  CHECK_FALSE(link.facts(address)->mac);
  CHECK(link.neighbours.held() == 2);
  CHECK(link.asked() == 1);
  CHECK(link.sender.released.empty());
  CHECK_FALSE(link.used(address));

  link.answer(address, mac(7));
  const LinkDestination to{kWan, mac(7)};
  CHECK(link.sender.released == std::vector<RecordedSender::Released>{{first, to}, {second, to}});
  CHECK(link.state(address) == Reachable);
  CHECK(link.used(address) == mac(7));
  CHECK(link.neighbours.held() == 0);
  CHECK(link.neighbours.counters().resolved.read() == 1);

  // One that was on its way to control when the answer came.
  rte_mbuf* const late = link.resolve(address);
  CHECK(link.sender.released.back() == RecordedSender::Released{late, to});
}

TEST_CASE("Neighbours: questions as RFC 826 and RFC 4861 7.2.2 write them") {
  Link link;
  link.resolve(ip("192.0.2.7"));
  REQUIRE(link.sender.arps.size() == 1);
  CHECK(arp_in(link.sender.arps[0]) == ArpMessage{.operation = ArpMessage::Operation::Request,
                                                  .sender_mac = mac(0xa1),
                                                  .sender = ip("192.0.2.1"),
                                                  .target_mac = {},
                                                  .target = ip("192.0.2.7")});
  CHECK(link.sender.arps[0].to == LinkDestination{kWan, {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}});

  link.resolve(ip("2001:db8:2::12:3456"));
  REQUIRE(link.sender.datagrams.size() == 1);
  CHECK(discovery_in(link.sender.datagrams[0]) ==
        NeighbourMessage{.kind = NeighbourMessage::Kind::Solicitation,
                         .source = ip("2001:db8:2::1"),
                         .destination = ip("ff02::1:ff12:3456"),
                         .target = ip("2001:db8:2::12:3456"),
                         .link_address = mac(0xa1)});
  CHECK(link.sender.datagrams[0].to ==
        LinkDestination{kWan, {{0x33, 0x33, 0xff, 0x12, 0x34, 0x56}}});
}

TEST_CASE("Neighbours: three questions a second apart, then HoldTimeout and host unreachable") {
  const Family family = GENERATE(Family::V4, Family::V6);
  const Address address = neighbour(family);
  Link link;
  rte_mbuf* const first = family == Family::V4 ? link.packet("10.7.0.1", "203.0.113.9")
                                               : link.packet("2001:db8:7::1", "2001:db8:9::9");
  link.neighbours.resolve(first, kWan, address, link.clock.now());
  rte_mbuf* const second = link.resolve(address);
  link.pass(999ms);
  CHECK(link.asked() == 1);
  link.pass(1ms);
  CHECK(link.asked() == 2);
  link.pass(1s);
  CHECK(link.asked() == 3);
  CHECK(link.sender.dropped.empty());
  link.sender.clear();
  link.pass(1s);
  CHECK(link.sender.dropped ==
        std::vector<RecordedSender::Dropped>{{first, DropReason::HoldTimeout},
                                             {second, DropReason::HoldTimeout}});
  CHECK_FALSE(link.state(address));
  CHECK_FALSE(link.neighbours.next_tick());
  CHECK(link.neighbours.held() == 0);
  CHECK(link.neighbours.counters().failed.read() == 1);

  REQUIRE(link.sender.datagrams.size() == 1);
  const PacketSummary error = summary_of(link.sender.datagrams[0].bytes);
  const bool v4 = family == Family::V4;
  CHECK(error.destination_address() == (v4 ? ip("10.7.0.1") : ip("2001:db8:7::1")));
  CHECK(error.source_address() == (v4 ? ip("10.1.0.1") : ip("2001:db8:1::1")));
  CHECK(error.source_port == (v4 ? 0x0301 : 0x0103));
}

TEST_CASE("Neighbours: nobody is told about packets that we encrypted") {
  struct Case {
    PacketBytes bytes;
    bool told;
  };
  const Case cases[] = {
      {PacketBuilder("192.0.2.1", "198.51.100.1").esp(0x1234, 1).filler(40).build(), false},
      {PacketBuilder("192.0.2.10", "198.51.100.1").esp(0x1234, 1).filler(40).build(), false},
      {PacketBuilder("192.0.2.10", "198.51.100.1").udp(4500, 4500).filler(40).build(), false},
      {PacketBuilder("192.0.2.10", "198.51.100.1").udp(999, 53).build(), true},
  };
  for (const Case& c : cases) {
    Link link;
    HeapPacket packet(c.bytes);
    Envelope::of(packet.mbuf()).ingress = kLan;
    link.neighbours.resolve(packet.mbuf(), kWan, ip("192.0.2.7"), link.clock.now());
    for (int i = 0; i < 3; ++i) link.pass(1s);
    CHECK(link.sender.dropped.size() == 1);
    CHECK(link.sender.datagrams.size() == (c.told ? 1 : 0));
  }
}

TEST_CASE("Neighbours: a reachable one is probed where it was, and stays while it answers") {
  const Address address = neighbour(GENERATE(Family::V4, Family::V6));
  Link link;
  link.resolve(address);
  link.answer(address, mac(7));
  link.pass(14s);
  CHECK(link.state(address) == Reachable);
  link.sender.clear();
  link.pass(32s);
  CHECK(link.state(address) == Probe);
  CHECK(link.used(address) == mac(7));
  REQUIRE(link.asked() == 1);
  const auto& question = link.sender.arps.empty() ? link.sender.datagrams[0] : link.sender.arps[0];
  CHECK(question.to == LinkDestination{kWan, mac(7)});
  link.answer(address, mac(7));
  CHECK(link.state(address) == Reachable);
  CHECK(link.facts(address)->age == 0s);
}

TEST_CASE("Neighbours: one that answers no probe is withdrawn from the workers") {
  const Address address = neighbour(GENERATE(Family::V4, Family::V6));
  Link link;
  link.resolve(address);
  link.answer(address, mac(7));
  link.sender.clear();
  link.pass(46s);
  link.pass(1s);
  link.pass(1s);
  CHECK(link.asked() == 3);
  CHECK(link.used(address) == mac(7));
  link.pass(1s);
  CHECK_FALSE(link.state(address));
  CHECK_FALSE(link.used(address));
  CHECK(link.sender.dropped.empty());
}

TEST_CASE("Neighbours: who asks us is known but not used until a packet wants him") {
  const Address address = neighbour(GENERATE(Family::V4, Family::V6));
  Link link;
  link.learn(address, mac(7));
  CHECK(link.state(address) == Stale);
  CHECK_FALSE(link.used(address));
  rte_mbuf* const packet = link.resolve(address);
  CHECK(link.sender.released == std::vector<RecordedSender::Released>{{packet, {kWan, mac(7)}}});
  CHECK(link.state(address) == Delay);
  CHECK(link.used(address) == mac(7));
  CHECK(link.asked() == 0);
  link.pass(5s);
  CHECK(link.state(address) == Probe);
  CHECK(link.asked() == 1);
}

TEST_CASE("Neighbours: stale ones age out, and outsiders are not learned") {
  Link link;
  link.learn(ip("192.0.2.7"), mac(7));
  link.learn(ip("198.51.100.7"), mac(8));
  CHECK_FALSE(link.state(ip("198.51.100.7")));
  link.pass(10min - 1ns);
  CHECK(link.state(ip("192.0.2.7")) == Stale);
  link.pass(1ns);
  CHECK_FALSE(link.state(ip("192.0.2.7")));
}

TEST_CASE("Neighbours: a question from the one we ask for lets packets go") {
  Link link;
  link.resolve(ip("192.0.2.7"));
  link.learn(ip("192.0.2.7"), mac(7));
  CHECK(link.sender.released.size() == 1);
  CHECK(link.state(ip("192.0.2.7")) == Delay);
  CHECK(link.used(ip("192.0.2.7")) == mac(7));
}

struct ClaimCase {
  const char* name;
  NeighbourState before;
  std::optional<std::uint8_t> mac;
  bool solicited, override;
  NeighbourState after;
  std::uint8_t mac_after;
};

// RFC 4861 7.2.5 and appendix C, with Delay for "Stale and in use".
TEST_CASE("Neighbours: claims by state, flags and link address") {
  const ClaimCase cases[] = {
      {"no address for an unknown one", Incomplete, {}, true, true, Incomplete, 0},
      {"unsolicited answer", Incomplete, 7, false, true, Delay, 7},
      {"answer", Incomplete, 7, true, false, Reachable, 7},
      {"nothing was asked: same address", Reachable, 7, true, true, Reachable, 7},
      {"nothing was asked: other address", Reachable, 9, true, true, Delay, 9},
      {"unsolicited other address", Reachable, 9, false, true, Delay, 9},
      {"other address without override", Reachable, 9, true, false, Delay, 7},
      {"probe answered", Probe, 7, true, false, Reachable, 7},
      {"probe answered without an address", Probe, {}, true, false, Reachable, 7},
      {"probe answered from elsewhere", Probe, 9, true, true, Reachable, 9},
      {"probe answered from elsewhere without override", Probe, 9, true, false, Probe, 7},
      {"unsolicited during a probe", Probe, 7, false, true, Probe, 7},
      {"unused one moves", Stale, 9, false, true, Stale, 9},
      {"unused one is not confirmed", Stale, 7, true, true, Stale, 7},
  };
  for (const ClaimCase& c : cases) {
    INFO(c.name);
    Link link;
    const Address address = ip("2001:db8:2::7");
    if (c.before == Stale) {
      link.learn(address, mac(7));
    } else {
      link.resolve(address);
      if (c.before != Incomplete) link.answer(address, mac(7));
      if (c.before == Probe) link.pass(46s);
    }
    REQUIRE(link.state(address) == c.before);
    link.neighbours.claim({.port = kWan,
                           .address = address,
                           .mac = c.mac ? std::optional(mac(*c.mac)) : std::nullopt,
                           .solicited = c.solicited,
                           .override = c.override},
                          link.clock.now());
    CHECK(link.state(address) == c.after);
    if (c.after != Incomplete) CHECK(link.facts(address)->mac == mac(c.mac_after));
    const bool in_use = c.after == Reachable || c.after == Delay || c.after == Probe;
    CHECK(link.used(address) == (in_use ? std::optional(mac(c.mac_after)) : std::nullopt));
  }
}

TEST_CASE("Neighbours: claims make no entries") {
  Link link;
  link.answer(ip("192.0.2.7"), mac(7));
  CHECK(link.neighbours.list(link.clock.now()).empty());
}

TEST_CASE("Neighbours: nobody takes an address of ours") {
  for (const char* ours : {"192.0.2.1", "192.0.2.10", "10.1.0.1", "fe80::ff:fe00:a1"}) {
    Link link;
    link.learn(ip(ours), mac(7));
    link.answer(ip(ours), mac(7));
    CHECK(link.neighbours.list(link.clock.now()).empty());
    CHECK(link.neighbours.counters().conflicts.read() == 2);
  }
}

TEST_CASE("Neighbours: static ones neither change nor age") {
  Link link;
  rte_mbuf* const waiting = link.resolve(ip("192.0.2.7"));
  const StaticNeighbour fixed[] = {{kWan, ip("192.0.2.7"), mac(7)},
                                   {kWan, ip("192.0.2.8"), mac(8)}};
  link.neighbours.set_static(fixed, link.clock.now());
  CHECK(link.sender.released == std::vector<RecordedSender::Released>{{waiting, {kWan, mac(7)}}});
  link.learn(ip("192.0.2.7"), mac(9));
  link.answer(ip("192.0.2.8"), mac(9));
  link.pass(24h);
  for (const auto& [port, address, expected] : fixed) {
    CHECK(link.used(address) == expected);
    CHECK(link.facts(address)->is_static);
    CHECK(link.facts(address)->age == 24h);
  }
  CHECK_FALSE(link.neighbours.next_tick());

  const StaticNeighbour changed[] = {{kWan, ip("192.0.2.8"), mac(0x18)}};
  link.neighbours.set_static(changed, link.clock.now());
  CHECK_FALSE(link.used(ip("192.0.2.7")));
  CHECK(link.used(ip("192.0.2.8")) == mac(0x18));
}

TEST_CASE("Neighbours: broadcasts have no link address") {
  Link link;
  rte_mbuf* const packet = link.resolve(ip("192.0.2.255"));
  CHECK(link.sender.dropped ==
        std::vector<RecordedSender::Dropped>{{packet, DropReason::Multicast}});
  CHECK(link.asked() == 0);
}

}  // namespace
}  // namespace sallyport::neighbours_test
