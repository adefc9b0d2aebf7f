#include <catch2/catch.hpp>

#include "tests/dataplane/neighbour_link.h"

namespace sallyport::neighbour_bounds_test {
namespace {

using namespace std::chrono_literals;
using enum NeighbourState;
using Link = NeighbourLink;

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
}  // namespace sallyport::neighbour_bounds_test
