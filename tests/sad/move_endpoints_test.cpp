#include <catch2/catch.hpp>

#include "sad/replay_window.h"
#include "sad/sa_handles.h"
#include "sad/sad.h"
#include "tests/sad/world.h"

namespace sallyport::move_endpoints_test {
namespace {

using test::address;
using test::inbound_sa;
using test::large_inbound_sa;
using test::outbound_sa;
using test::World;

}  // namespace

TEST_CASE("SAD-11: an outbound tunnel moves; SPI, key, numbers and counters stay") {
  World world;
  SaHandles handles(1, world.memory);
  const SaHandle handle{0};
  const SaSlot before = world.sad->add(outbound_sa("tunnel")).value();
  handles.assign(handle, before);
  world.table.outbound_state(before).last_sequence = 77;
  world.table.outbound_state(before).bytes = 1234;
  const OutboundSa old = world.table.outbound(before);
  const auto publish = [&](SaSlot slot) { handles.assign(handle, slot); };
  const Endpoints v6{address("2001:db8::1"), address("2001:db8::2")};
  REQUIRE(world.sad->move_endpoints("tunnel", v6, publish));

  const SaSlot after = handles.choose(handle, 0);
  const OutboundSa& moved = world.table.outbound(after);
  CHECK(after != before);
  CHECK(moved.outer_family == Family::V6);
  CHECK(moved.header_bytes == 48);
  CHECK(moved.spi == old.spi);
  CHECK(moved.key == old.key);
  CHECK(moved.owner == old.owner);
  CHECK(&world.table.outbound_state(after) == &world.table.outbound_state(before));
  CHECK(world.table.counters(Direction::Outbound, after).sequence == SequenceNumber{77});
  CHECK(world.table.counters(Direction::Outbound, after).bytes == 1234);
  // A worker in mid-turn still has the old edition.
  CHECK(world.table.outbound(before).header == old.header);
  CHECK(world.sad->find("tunnel")->slot == after);
  CHECK(world.sad->find("tunnel")->sa->endpoints == v6);
  CHECK(world.sad->find(Direction::Outbound, before)->slot == after);
  CHECK(world.keys.held.size() == 1);

  REQUIRE(world.sad->remove("tunnel"));
  world.retirement.pass();
  CHECK(world.keys.held.empty());
  CHECK(world.sad->add(outbound_sa("next")) == before);
}

TEST_CASE("SAD-11: a move during a move waits until the old edition is unread; the last one wins") {
  World world;
  const SaSlot first = world.sad->add(outbound_sa("tunnel")).value();
  std::vector<SaSlot> published;
  const auto publish = [&](SaSlot slot) { published.push_back(slot); };
  const auto to = [&](const char* remote) {
    return world.sad->move_endpoints("tunnel", {address("192.0.2.1"), address(remote)}, publish);
  };
  const auto header = [&](SaSlot slot) { return world.table.outbound(slot).header; };
  REQUIRE(to("203.0.113.1"));
  REQUIRE(published.size() == 1);
  const auto first_header = header(first);
  REQUIRE(to("203.0.113.2"));
  REQUIRE(to("203.0.113.3"));
  CHECK(published.size() == 1);
  CHECK(header(first) == first_header);
  CHECK(world.sad->find("tunnel")->sa->endpoints.remote == address("203.0.113.1"));
  world.retirement.pass();
  REQUIRE(published.size() == 2);
  CHECK(published[1] == first);
  CHECK(header(first) != first_header);
  CHECK(world.sad->find("tunnel")->sa->endpoints.remote == address("203.0.113.3"));
  world.retirement.pass();
  CHECK(published.size() == 2);
  REQUIRE(to("203.0.113.4"));
  CHECK(published.size() == 3);
}

TEST_CASE("SAD-11: a move that waits is forgotten with its SA") {
  World world({1, 1});
  REQUIRE(world.sad->add(outbound_sa("tunnel")));
  int published = 0;
  const auto publish = [&](SaSlot) { ++published; };
  const Endpoints to{address("192.0.2.1"), address("203.0.113.2")};
  REQUIRE(world.sad->move_endpoints("tunnel", to, publish));
  REQUIRE(world.sad->move_endpoints("tunnel", to, publish));
  REQUIRE(world.sad->remove("tunnel"));
  world.retirement.pass();
  CHECK(published == 1);
  CHECK(world.keys.held.empty());
  CHECK(world.sad->add(outbound_sa("tunnel")));
}

TEST_CASE("SAD-11: an inbound SA moves; SPI, window and selectors stay") {
  World world;
  const SaSlot before = world.sad->add(large_inbound_sa("back")).value();
  CHECK(replay_advance(world.table.inbound(before), world.table.inbound_state(before),
                       SequenceNumber{5000}));
  const Endpoints to{address("2001:db8::1"), address("2001:db8::2")};
  REQUIRE(world.sad->move_endpoints("back", to, {}));
  const SaSlot after = world.table.index().find(Spi{0x2000}, {}, {});
  CHECK(after != before);
  const InboundSa& moved = world.table.inbound(after);
  CHECK(moved.destination == to.local);
  CHECK(moved.source == to.remote);
  CHECK(moved.outer_family == Family::V6);
  CHECK(moved.key == world.table.inbound(before).key);
  CHECK(moved.selectors == world.table.inbound(before).selectors);
  CHECK(moved.selector_count == 4);
  InboundState& state = world.table.inbound_state(after);
  CHECK_FALSE(replay_check(moved, state, SequenceNumber{5000}));
  CHECK(replay_check(moved, state, SequenceNumber{4999}));
  REQUIRE(world.sad->remove("back"));
  CHECK(world.table.index().find(Spi{0x2000}, {}, {}) == kNoSa);
  world.retirement.pass();
  CHECK(world.memory.out == world.idle);
}

TEST_CASE("SAD-11: a move to what the SA may not have is refused and changes nothing") {
  World world;
  REQUIRE(world.sad->add(outbound_sa("tunnel")));
  const Endpoints mixed{address("192.0.2.1"), address("2001:db8::2")};
  CHECK(world.sad->move_endpoints("tunnel", mixed, {}).error().code == Error::Code::Invalid);
  CHECK(world.sad->find("tunnel")->sa->endpoints.remote == address("198.51.100.1"));
  CHECK(world.sad->move_endpoints("nowhere", mixed, {}).error().code == Error::Code::NotFound);
  Sa group = inbound_sa("group");
  group.lookup = SaLookup::SpiDestination;
  const auto added = world.sad->add(std::move(group));
  REQUIRE(added);
  const Endpoints other{address("192.0.2.9"), address("192.0.2.8")};
  CHECK(world.sad->move_endpoints("group", other, {}).error().code == Error::Code::Refused);
}

TEST_CASE("MCAST-02: an outbound SA to a group keeps its outer source for life") {
  World world;
  Sa to_group = outbound_sa("group");
  to_group.endpoints = {address("192.0.2.1"), address("239.1.1.1")};
  const auto added = world.sad->add(std::move(to_group));
  REQUIRE(added);
  const Endpoints elsewhere{address("192.0.2.7"), address("239.1.1.1")};
  CHECK(world.sad->move_endpoints("group", elsewhere, {}).error().code == Error::Code::Refused);
  const OutboundSa& sa = world.outbound("group");
  CHECK(load_be<std::uint32_t>(&sa.header[64 - sa.header_bytes + 12]) == 0xc0000201);
  CHECK(load_be<std::uint32_t>(&sa.header[64 - sa.header_bytes + 16]) == 0xef010101);
}

}  // namespace sallyport::move_endpoints_test
