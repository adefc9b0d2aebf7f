#include "dataplane/neighbours.h"

#include <catch2/catch.hpp>
#include <deque>
#include <map>

#include "tests/dataplane/recorded_sender.h"
#include "tests/dataplane/two_sided_gateway.h"
#include "tests/support/fixed_random.h"
#include "tests/support/manual_clock.h"
#include "tests/support/packet_builder.h"

namespace sallyport {
namespace {

using namespace std::chrono_literals;
using enum NeighbourState;

class RecordedPublisher final : public NeighbourPublisher {
 public:
  Expected<void> set(const NeighbourKey& key, const MacAddress& mac) override {
    if (full) return fail(Error::Code::Exhausted, "full");
    entries[key] = mac;
    return {};
  }
  void remove(const NeighbourKey& key) noexcept override { entries.erase(key); }

  std::map<NeighbourKey, MacAddress> entries;
  bool full{};
};

struct Link {
  explicit Link(const NeighbourSettings& settings = {})
      : errors({own, sender, random}, {}),
        neighbours({own, sender, published, errors, random}, settings) {}

  rte_mbuf* packet(const char* source = "10.7.0.1", const char* destination = "203.0.113.9") {
    return packets
        .emplace_back(PacketBuilder(source, destination).udp(1000, 2000).filler(20).build())
        .mbuf();
  }
  rte_mbuf* resolve(const Address& address) {
    rte_mbuf* const sent = packet();
    neighbours.resolve(sent, kWan, address, clock.now());
    return sent;
  }
  void answer(const Address& address, const MacAddress& from) {
    neighbours.claim(
        {.port = kWan, .address = address, .mac = from, .solicited = true, .override = true},
        clock.now());
  }
  void learn(const Address& address, const MacAddress& from) {
    neighbours.learn(kWan, address, from, clock.now());
  }
  void pass(Duration time) {
    clock.advance(time);
    neighbours.tick(clock.now());
  }
  [[nodiscard]] std::optional<NeighbourFacts> facts(const Address& address) const {
    for (const NeighbourFacts& each : neighbours.list(clock.now()))
      if (each.address == address) return each;
    return std::nullopt;
  }
  [[nodiscard]] std::optional<NeighbourState> state(const Address& address) const {
    const auto found = facts(address);
    return found ? std::optional(found->state) : std::nullopt;
  }
  [[nodiscard]] std::optional<MacAddress> used(const Address& address) const {
    const auto found = published.entries.find(NeighbourKey::of(kWan, address));
    return found == published.entries.end() ? std::nullopt : std::optional(found->second);
  }
  [[nodiscard]] std::size_t asked() const { return sender.arps.size() + sender.datagrams.size(); }

  std::deque<HeapPacket> packets;
  ManualClock clock;
  OwnAddresses own{two_sided_ports()};
  RecordedSender sender;
  RecordedPublisher published;
  FixedRandom random;
  IcmpErrors errors;
  Neighbours neighbours;
};

const Address& neighbour(Family family) {
  static const Address v4 = ip("192.0.2.7");
  static const Address v6 = ip("2001:db8:2::7");
  return family == Family::V4 ? v4 : v6;
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
  CHECK(error.source_address() == (v4 ? ip("192.0.2.1") : ip("2001:db8:2::1")));
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
    link.neighbours.resolve(packet.mbuf(), kWan, ip("192.0.2.7"), link.clock.now());
    for (int i = 0; i < 3; ++i) link.pass(1s);
    CHECK(link.sender.dropped.size() == 1);
    CHECK(link.sender.datagrams.size() == (c.told ? 1 : 0));
  }
}

TEST_CASE("Neighbours: the hold queue keeps the newest, and all queues together are bounded") {
  Link link({.held_each = 3, .held_in_all = 4});
  std::vector<rte_mbuf*> sent;
  for (int i = 0; i < 5; ++i) sent.push_back(link.resolve(ip("192.0.2.7")));
  CHECK(link.sender.dropped ==
        std::vector<RecordedSender::Dropped>{{sent[0], DropReason::HoldFull},
                                             {sent[1], DropReason::HoldFull}});
  CHECK(link.neighbours.held() == 3);
  link.resolve(ip("192.0.2.8"));
  rte_mbuf* const newest = link.resolve(ip("192.0.2.8"));
  CHECK(link.neighbours.held() == 4);
  rte_mbuf* const none_left = link.resolve(ip("192.0.2.9"));
  CHECK(link.sender.dropped.back() == RecordedSender::Dropped{none_left, DropReason::HoldFull});
  link.answer(ip("192.0.2.8"), mac(8));
  CHECK(link.sender.released.size() == 1);
  CHECK(link.sender.released[0].packet == newest);
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

TEST_CASE("Neighbours: a flood of strangers displaces stale ones only") {
  Link link({.capacity = 8});
  const StaticNeighbour fixed[] = {{kWan, ip("192.0.2.200"), mac(200)}};
  link.neighbours.set_static(fixed, link.clock.now());
  link.resolve(ip("192.0.2.7"));
  link.answer(ip("192.0.2.7"), mac(7));
  for (std::uint8_t i = 20; i < 120; ++i) {
    link.learn(ip("192.0.2." + std::to_string(i)), mac(i));
    link.pass(1ms);
  }
  CHECK(link.neighbours.list(link.clock.now()).size() == 8);
  CHECK(link.used(ip("192.0.2.7")) == mac(7));
  CHECK(link.used(ip("192.0.2.200")) == mac(200));
  CHECK(link.state(ip("192.0.2.119")) == Stale);
  CHECK_FALSE(link.state(ip("192.0.2.113")));
  CHECK(link.neighbours.counters().evicted.read() == 94);

  for (std::uint8_t i = 114; i < 120; ++i) link.resolve(ip("192.0.2." + std::to_string(i)));
  link.learn(ip("192.0.2.130"), mac(130));
  CHECK_FALSE(link.state(ip("192.0.2.130")));
  CHECK(link.neighbours.counters().refused.read() == 1);
}

TEST_CASE("Neighbours: a scan through an empty network asks no faster than allowed (RFC 6583)") {
  Link link({.capacity = 4096, .resolutions_per_second = 50});
  for (std::uint32_t i = 0; i < 1000; ++i) link.resolve(Address::v4(0xc6336400 + i));
  CHECK(link.asked() == 50);
  CHECK(link.sender.dropped.size() == 950);
  CHECK(link.sender.dropped[0].reason == DropReason::HoldFull);
  CHECK(link.neighbours.counters().refused.read() == 950);
  link.clock.advance(100ms);
  for (std::uint32_t i = 0; i < 1000; ++i) link.resolve(Address::v4(0xc6337400 + i));
  CHECK(link.asked() == 55);
}

TEST_CASE("Neighbours: unanswered questions fill half of the table at most") {
  Link link({.capacity = 10});
  for (std::uint32_t i = 0; i < 20; ++i) link.resolve(Address::v4(0xc6336400 + i));
  CHECK(link.neighbours.list(link.clock.now()).size() == 5);
  link.learn(ip("192.0.2.7"), mac(7));
  CHECK(link.state(ip("192.0.2.7")) == Stale);
  for (int i = 0; i < 3; ++i) link.pass(1s);
  CHECK(link.neighbours.list(link.clock.now()).size() == 1);
  link.resolve(ip("198.51.100.99"));
  CHECK(link.state(ip("198.51.100.99")) == Incomplete);
}

TEST_CASE("Neighbours: where the workers' table is full, packets go by control") {
  Link link;
  link.published.full = true;
  link.resolve(ip("192.0.2.7"));
  link.answer(ip("192.0.2.7"), mac(7));
  rte_mbuf* const next = link.resolve(ip("192.0.2.7"));
  CHECK(link.sender.released.back() == RecordedSender::Released{next, {kWan, mac(7)}});
  link.published.full = false;
  link.resolve(ip("192.0.2.7"));
  CHECK(link.used(ip("192.0.2.7")) == mac(7));
}

TEST_CASE("Neighbours: broadcasts have no link address") {
  Link link;
  rte_mbuf* const packet = link.resolve(ip("192.0.2.255"));
  CHECK(link.sender.dropped ==
        std::vector<RecordedSender::Dropped>{{packet, DropReason::Multicast}});
  CHECK(link.asked() == 0);
}

TEST_CASE("Neighbours: what still waits at the end is dropped") {
  RecordedSender sender;
  {
    std::deque<HeapPacket> kept;
    Link link;
    link.resolve(ip("192.0.2.7"));
    Neighbours brief({link.own, sender, link.published, link.errors, link.random}, {});
    brief.resolve(link.packet(), kWan, ip("192.0.2.7"), link.clock.now());
  }
  REQUIRE(sender.dropped.size() == 1);
  CHECK(sender.dropped[0].reason == DropReason::Instance);
}

// Anything in any order: packets are never lost or doubled, bounds hold, and workers see exactly
// the link addresses of those in use.
TEST_CASE("Neighbours: conservation and bounds under random events") {
  const NeighbourSettings settings{
      .capacity = 12, .held_each = 3, .held_in_all = 10, .resolutions_per_second = 20};
  Link link(settings);
  std::size_t handed = 0;
  for (int step = 0; step < 20000; ++step) {
    const std::uint32_t host = 2 + link.random.below(30);
    const Address address = link.random.below(2) == 0 ? Address::v4(0xc0000200 + host + 100)
                                                      : ip("2001:db8:2::" + std::to_string(host));
    const MacAddress from = mac(static_cast<std::uint8_t>(link.random.below(3)));
    switch (link.random.below(5)) {
      case 0:
      case 1:
        link.resolve(address);
        ++handed;
        break;
      case 2:
        link.answer(address, from);
        break;
      case 3:
        link.learn(address, from);
        break;
      default:
        link.pass(std::chrono::milliseconds(link.random.below(3000)));
        break;
    }
    REQUIRE(handed ==
            link.sender.released.size() + link.sender.dropped.size() + link.neighbours.held());
    REQUIRE(link.neighbours.held() <= settings.held_in_all);
    const auto list = link.neighbours.list(link.clock.now());
    REQUIRE(list.size() <= settings.capacity);
    std::size_t in_use = 0;
    for (const NeighbourFacts& each : list) {
      const bool used = each.state != Incomplete && each.state != Stale;
      in_use += used ? 1 : 0;
      REQUIRE(link.used(each.address) == (used ? each.mac : std::nullopt));
    }
    REQUIRE(link.published.entries.size() == in_use);
    REQUIRE((!link.neighbours.next_tick() || *link.neighbours.next_tick() + 3s > link.clock.now()));
  }
  CHECK(link.neighbours.counters().evicted.read() > 0);
  CHECK(link.neighbours.counters().failed.read() > 0);
  CHECK(link.neighbours.counters().resolved.read() > 0);
}

}  // namespace
}  // namespace sallyport
