// Soft and hard lifetimes where packets meet them (RFC 4301 4.4.2.1).
#include "dataplane/lifetime.h"

#include <catch2/catch.hpp>

#include "dataplane/dataplane_parts.h"
#include "tests/support/esp_pair.h"

namespace sallyport::lifetime_test {
namespace {

PacketBytes inner() {
  return PacketBuilder("198.51.100.2", "198.51.100.130").udp(1000, 2000).filler(64).build();
}

std::vector<Event> lives(TestGateway& gateway) {
  std::vector<Event> lives;
  for (const Event& event : gateway.events())
    if (event.kind != EventKind::Drop) lives.push_back(event);
  return lives;
}

// Carries `count` packets one by one and says after how many of them the gateway told what.
struct Told {
  unsigned after;
  EventKind kind;
  LifeLimit limit;
  friend bool operator==(const Told&, const Told&) = default;
};
std::vector<Told> carry(EspPair& pair, TestGateway& watched, unsigned count) {
  std::vector<Told> told;
  for (unsigned i = 1; i <= count; ++i) {
    for (const PacketBytes& packet : pair.out(inner())) static_cast<void>(pair.in(packet));
    for (const Event& event : lives(watched)) told.push_back({i, event.kind, event.limit});
  }
  return told;
}

using enum EventKind;

}  // namespace

TEST_CASE("SAD-06: an outbound SA tells of its soft limit once, then of its hard one, and stops") {
  EspPair pair({.adjust_outbound = [](Sa& sa) {
    sa.soft.packets = 3;
    sa.hard.packets = 5;
  }});
  const std::vector<Told> expected{{3, SoftLifetime, LifeLimit::Packets},
                                   {5, HardLifetime, LifeLimit::Packets}};
  CHECK(carry(pair, pair.sender(), 8) == expected);
  CHECK(pair.outbound_state().packets == 5);
  CHECK(pair.sender().dropped(DropReason::LifetimeExpired) == 3);
}

TEST_CASE("SAD-06: an inbound SA tells in octets; the event names SA, SPI, direction and number") {
  EspPair pair({.adjust_inbound = [](Sa& sa) {
    sa.soft.bytes = 190;
    sa.hard.bytes = 380;
  }});
  const auto send = [&] {
    static_cast<void>(pair.in(pair.out(inner()).at(0)));
    return lives(pair.receiver());
  };
  CHECK(send().empty());
  const auto soft = send();
  REQUIRE(soft.size() == 1);
  CHECK(soft[0].kind == SoftLifetime);
  CHECK(soft[0].limit == LifeLimit::Bytes);
  CHECK(soft[0].sa == pair.inbound().slot);
  CHECK(soft[0].spi == Spi{0x1000});
  CHECK(soft[0].direction == Direction::Inbound);
  CHECK(soft[0].sequence == 2);
  CHECK(send().empty());
  const auto hard = send();
  REQUIRE(hard.size() == 1);
  CHECK(hard[0].kind == HardLifetime);
  CHECK(hard[0].limit == LifeLimit::Bytes);
  CHECK(send().empty());
  CHECK(pair.receiver().dropped(DropReason::LifetimeExpired) == 1);
}

TEST_CASE("SAD-06: the first limit that is reached is told, and no second soft one") {
  EspPair pair(
      {.adjust_outbound = [](Sa& sa) { sa.soft = {.bytes = 190, .packets = 4, .time = {}}; }});
  const std::vector<Told> expected{{2, SoftLifetime, LifeLimit::Bytes}};
  CHECK(carry(pair, pair.sender(), 8) == expected);
}

TEST_CASE("SAD-06: without a soft limit the hard one is told alone") {
  EspPair pair({.adjust_outbound = [](Sa& sa) { sa.hard.packets = 2; }});
  const std::vector<Told> expected{{2, HardLifetime, LifeLimit::Packets}};
  CHECK(carry(pair, pair.sender(), 4) == expected);
}

TEST_CASE("SAD-06: lifetimes without limits say nothing") {
  EspPair pair({});
  CHECK(carry(pair, pair.sender(), 4).empty());
}

TEST_CASE("SAD-06: what a full ring does not take is told later") {
  EspPair pair({.adjust_outbound = [](Sa& sa) { sa.soft.packets = 1; }});
  EventRing& ring = pair.sender().dataplane().parts().workers.front()->events();
  unsigned filled = 0;
  while (ring.push({})) ++filled;
  CHECK(pair.out(inner()).size() == 1);
  CHECK(pair.sender().events().size() == filled);
  CHECK(pair.out(inner()).size() == 1);
  const auto late = lives(pair.sender());
  REQUIRE(late.size() == 1);
  CHECK(late[0].kind == SoftLifetime);
}

TEST_CASE("ESP-10: numbers that come to their end are a soft event; then the SA stops") {
  EspPair pair({.adjust_outbound = [](Sa& sa) { sa.last_sequence = {0xfffffffd}; },
                .adjust_inbound = [](Sa& sa) { sa.last_sequence = {0xfffffffd}; }});
  const std::vector<Told> expected{{1, SoftLifetime, LifeLimit::Sequence}};
  CHECK(carry(pair, pair.sender(), 3) == expected);
  CHECK(pair.inbound_state().highest == 0xffffffff);
  CHECK(pair.sender().dropped(DropReason::SequenceExhausted) == 1);
}

TEST_CASE("ESP-10: the margin before the last number, with and without ESN") {
  for (const bool esn : {false, true}) {
    const std::uint64_t last = esn ? ~0ull : 0xffffffffull;
    EspPair pair({.adjust_outbound = [&](Sa& sa) {
      sa.esn = esn;
      sa.last_sequence = {last - kSequenceMargin - 2};
    }});
    std::vector<std::size_t> events;
    for (unsigned i = 0; i < 4; ++i) {
      CHECK(pair.out(inner()).size() == 1);
      events.push_back(lives(pair.sender()).size());
    }
    CHECK(events == std::vector<std::size_t>{0, 1, 0, 0});
  }
}

TEST_CASE("SAD-13: of a burst in flight only what the hard limit allows comes in") {
  EspPair pair({.adjust_inbound = [](Sa& sa) { sa.hard.packets = 3; }});
  for (int i = 0; i < 6; ++i) pair.sender().receive_ip(kInside, inner());
  pair.sender().settle();
  for (const PacketBytes& packet : pair.sender().sent(kOutside))
    pair.receiver().receive_ip(kOutside, packet);
  pair.receiver().settle();
  CHECK(pair.receiver().sent(kInside).size() == 3);
  CHECK(pair.receiver().dropped(DropReason::LifetimeExpired) == 3);
  CHECK(pair.inbound_state().packets == 3);
  CHECK(pair.inbound_state().highest == 3);
}

TEST_CASE("SAD-06: a hard lifetime in seconds stops the SA in the worker, though control is late") {
  EspPair pair({});
  const auto one_second = std::chrono::seconds(1);
  pair.sender().dataplane().end_sa(Direction::Outbound, pair.outbound().slot, one_second);
  pair.receiver().dataplane().end_sa(Direction::Inbound, pair.inbound().slot, one_second * 2);
  CHECK(pair.in(pair.out(inner()).at(0)).size() == 1);
  const PacketBytes in_flight = pair.out(inner()).at(0);
  pair.sender().clock().advance(one_second - std::chrono::milliseconds(1));
  pair.receiver().clock().advance(one_second);
  CHECK(pair.in(pair.out(inner()).at(0)).size() == 1);
  pair.sender().clock().advance(std::chrono::milliseconds(20));
  CHECK(pair.out(inner()).empty());
  CHECK(pair.sender().dropped(DropReason::LifetimeExpired) == 1);
  pair.receiver().clock().advance(one_second + std::chrono::milliseconds(20));
  CHECK(pair.in(in_flight).empty());
  CHECK(pair.receiver().dropped(DropReason::LifetimeExpired) == 1);
}

}  // namespace sallyport::lifetime_test
