#include "sad/sad.h"

#include <catch2/catch.hpp>
#include <set>

#include "sad/replay_window.h"
#include "tests/sad/world.h"

namespace sallyport::sad_test {
namespace {

using test::inbound_sa;
using test::large_inbound_sa;
using test::outbound_sa;
using test::World;

}  // namespace

TEST_CASE("SAD-02, ARCH-14: an added SA is compiled, keyed and found where packets look for it") {
  World world;
  const SaSlot out = world.sad->add(outbound_sa("there")).value();
  const SaSlot in = world.sad->add(inbound_sa("back")).value();
  CHECK(world.sad->size(Direction::Outbound) == 1);
  CHECK(world.sad->size(Direction::Inbound) == 1);
  CHECK(world.table.outbound(out).spi == Spi{0x1000});
  CHECK(world.table.outbound_state(out).sequence_limit == ~0ull);
  CHECK(world.keys.held.at(world.table.outbound(out).key).cipher_key.size() == 16);
  CHECK(world.table.index().find(Spi{0x2000}, {}, {}) == in);
  CHECK(world.table.index().find(Spi{0x1000}, {}, {}) == kNoSa);
  CHECK(world.table.inbound(in).selector_count == 2);
  CHECK(world.table.inbound(in).selectors[1].family == Family::V6);
  CHECK(world.sad->find("back")->sa->spi == Spi{0x2000});
  CHECK(world.sad->find(Direction::Inbound, in)->sa->name == "back");
  CHECK_FALSE(world.sad->find("nowhere"));
  CHECK_FALSE(world.sad->find(Direction::Inbound, SaSlot{3}));
  CHECK_FALSE(world.sad->find(Direction::Inbound, kNoSa));
  std::string names;
  world.sad->for_each([&](const Sad::Entry& entry) { names += entry.sa->name + " "; });
  CHECK(names == "back there ");
}

TEST_CASE("ARCH-14, MAN-01: a configured and a negotiated SA become the same but for reservation") {
  World negotiated, configured;
  for (const IpsecMode mode : {IpsecMode::Tunnel, IpsecMode::Transport}) {
    Sa by_ike = inbound_sa(std::string(to_string(mode)), mode == IpsecMode::Tunnel ? 300 : 400);
    Sa by_hand = inbound_sa(by_ike.name, by_ike.spi.value);
    by_ike.mode = by_hand.mode = mode;
    by_hand.static_key = true;
    const SaSlot one = negotiated.sad->add(std::move(by_ike)).value();
    const SaSlot other = configured.sad->add(std::move(by_hand)).value();
    InboundSa left = negotiated.table.inbound(one), right = configured.table.inbound(other);
    left.selectors = right.selectors = nullptr;
    CHECK(left.spi == right.spi);
    CHECK(left.mode == right.mode);
    CHECK(left.transform == right.transform);
    CHECK(left.window == right.window);
    CHECK(left.destination == right.destination);
  }
}

TEST_CASE("MAN-01: AH is set up by hand like ESP") {
  World world;
  Sa sa = outbound_sa("ah");
  sa.protocol = IpsecProtocol::Ah;
  test::set_transform(sa, {Cipher::Null, Integrity::HmacSha1_96});
  const auto slot = world.sad->add(std::move(sa));
  REQUIRE(slot);
  CHECK(world.table.outbound(*slot).protocol == IpsecProtocol::Ah);
}

TEST_CASE("SAD-04, MCAST-01: a refused SA leaves nothing behind") {
  World world;
  REQUIRE(world.sad->add(large_inbound_sa("first")));
  const std::size_t memory = world.memory.out;
  const auto refused = [&](Sa sa, Error::Code code) {
    const auto said = world.sad->add(std::move(sa));
    REQUIRE_FALSE(said);
    CHECK(said.error().code == code);
    CHECK(said.error().where.starts_with("SA "));
    CHECK(world.keys.held.size() == 1);
    CHECK(world.memory.out == memory);
    CHECK(world.sad->size(Direction::Inbound) == 1);
    CHECK(world.retirement.waiting.empty());
  };
  refused(large_inbound_sa("second"), Error::Code::Exists);
  refused(inbound_sa("first", 0x3000), Error::Code::Exists);
  refused(outbound_sa("first", 0x3000), Error::Code::Exists);
  refused(inbound_sa("reserved", 12), Error::Code::Invalid);
  world.keys.full = true;
  Sa keyless = inbound_sa("second", 0x3000);
  const auto said = world.sad->add(std::move(keyless));
  CHECK(said.error().code == Error::Code::Exhausted);
  world.keys.full = false;
  world.memory.limit = memory + 100;
  refused(large_inbound_sa("second", 0x3000), Error::Code::Exhausted);
  world.memory.limit = ~std::size_t{0};
  // Every slot is still to be had.
  for (std::uint32_t i = 0; i < 3; ++i)
    REQUIRE(world.sad->add(inbound_sa("more" + std::to_string(i), 0x4000 + i)));
  CHECK(world.sad->add(inbound_sa("full", 0x5000)).error().code == Error::Code::Exhausted);
  CHECK(world.keys.retired_unknown == 0);
}

TEST_CASE("DP-04, SAD-12: a removed SA is unfindable at once, its slot and keys free when unread") {
  World world({1, 1});
  const SaSlot slot = world.sad->add(large_inbound_sa("old")).value();
  REQUIRE(world.sad->remove("old"));
  CHECK(world.table.index().find(Spi{0x2000}, {}, {}) == kNoSa);
  CHECK_FALSE(world.sad->find("old"));
  CHECK_FALSE(world.sad->find(Direction::Inbound, slot));
  CHECK(world.sad->size(Direction::Inbound) == 0);
  CHECK(world.keys.held.size() == 1);
  CHECK(world.table.inbound(slot).selectors[0].family == Family::V4);
  CHECK(world.sad->add(inbound_sa("new")).error().code == Error::Code::Exhausted);
  world.retirement.pass();
  CHECK(world.keys.held.empty());
  CHECK(world.memory.out == world.idle);
  CHECK(world.sad->add(inbound_sa("new")));
  CHECK(world.sad->remove("old").error().code == Error::Code::NotFound);
}

TEST_CASE("SAD-12: a database that goes takes everything along") {
  World world;
  REQUIRE(world.sad->add(large_inbound_sa("live")));
  REQUIRE(world.sad->add(large_inbound_sa("dying", 0x3000)));
  REQUIRE(world.sad->add(outbound_sa("out")));
  REQUIRE(world.sad->remove("dying"));
  world.sad.reset();
  CHECK(world.keys.held.empty());
  CHECK(world.memory.out == world.idle);
  world.retirement.pass();
  CHECK(world.keys.retired_unknown == 0);
}

TEST_CASE("SAD-03: allocated SPIs are random, past the reserved ones, and in use nowhere") {
  World world;
  REQUIRE(world.sad->add(inbound_sa("taken", 0x2000)));
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 1'000'000; ++i) {
    const Spi spi = world.sad->allocate_spi();
    if (spi < kFirstUsableSpi || spi == Spi{0x2000}) FAIL("SPI " << spi.value);
    if (i < 10'000) seen.insert(spi.value);
  }
  CHECK(seen.size() > 9'990);
}

TEST_CASE("SAD-03: an SPI that an SA of ours has is not given out, however it is looked up") {
  // A generator that offers reserved and used numbers first.
  class Offers final : public Random {
   public:
    void fill(MutableBytes out) noexcept override {
      if (out.size() == 4) store_be<std::uint32_t>(out.data(), offers_[next_++ % offers_.size()]);
    }

   private:
    std::array<std::uint32_t, 5> offers_{0, 255, 0x2000, 0x2001, 0x7777};
    std::size_t next_{};
  };
  World world;
  Offers offers;
  Sad sad({world.table, world.keys, world.retirement, offers, 1});
  REQUIRE(sad.add(inbound_sa("plain", 0x2000)));
  Sa group = inbound_sa("group", 0x2001);
  group.lookup = SaLookup::SpiDestination;
  const auto added = sad.add(std::move(group));
  REQUIRE(added);
  CHECK(sad.allocate_spi() == Spi{0x7777});
}

TEST_CASE("DP-03: owners are given out in turn, in each direction") {
  World world({4, 4}, 2);
  for (std::uint32_t i = 0; i < 4; ++i) {
    const SaSlot out = world.sad->add(outbound_sa("o" + std::to_string(i))).value();
    const SaSlot in = world.sad->add(inbound_sa("i" + std::to_string(i), 0x2000 + i)).value();
    CHECK(world.table.outbound(out).owner.value == i % 2);
    CHECK(world.table.inbound(in).owner.value == i % 2);
  }
}

TEST_CASE("TUN-04: DSCP rules become maps, equal ones are one, and they are used again") {
  World world({4, 4, 3});
  const auto add = [&](const char* name, DscpRule rule) {
    Sa sa = outbound_sa(name);
    sa.header.dscp = std::move(rule);
    return world.sad->add(std::move(sa));
  };
  std::vector<std::uint8_t> reversed(64);
  for (std::uint8_t i = 0; i < 64; ++i) reversed[i] = static_cast<std::uint8_t>(63 - i);
  REQUIRE(add("copy", {}));
  REQUIRE(add("fixed", {DscpRule::Kind::Fixed, 46, {}}));
  REQUIRE(add("map", {DscpRule::Kind::Map, 0, reversed}));
  CHECK(world.outbound("copy").dscp_map == 0);
  for (std::uint8_t i = 0; i < 64; ++i) {
    CHECK(world.table.dscp_map(0)[i] == i);
    CHECK(world.table.dscp_map(world.outbound("fixed").dscp_map)[i] == 46);
    CHECK(world.table.dscp_map(world.outbound("map").dscp_map)[i] == 63 - i);
  }
  CHECK(add("other", {DscpRule::Kind::Fixed, 1, {}}).error().code == Error::Code::Exhausted);
  REQUIRE(add("same", {DscpRule::Kind::Map, 0, std::vector<std::uint8_t>(64, 46)}));
  CHECK(world.outbound("same").dscp_map == world.outbound("fixed").dscp_map);

  REQUIRE(world.sad->remove("fixed"));
  world.retirement.pass();
  CHECK(add("other", {DscpRule::Kind::Fixed, 1, {}}).error().code == Error::Code::Exhausted);
  REQUIRE(world.sad->remove("same"));
  CHECK(add("other", {DscpRule::Kind::Fixed, 1, {}}).error().code == Error::Code::Exhausted);
  world.retirement.pass();
  REQUIRE(add("other", {DscpRule::Kind::Fixed, 1, {}}));
  CHECK(world.table.dscp_map(world.outbound("other").dscp_map)[7] == 1);
}

TEST_CASE("RPL-02: a window has its bitmap, small or large, and marks what was received before") {
  World world;
  for (const std::uint32_t packets : {32u, 449u, 450u, 65536u}) {
    CAPTURE(packets);
    Sa sa = inbound_sa("window");
    sa.selectors[0].local = {test::range("10.0.0.0/8")};
    sa.replay_window = packets;
    sa.last_sequence = {100'000};
    const SaSlot slot = world.sad->add(std::move(sa)).value();
    CHECK((world.memory.out == world.idle) == (packets < 450));
    const InboundSa& compiled = world.table.inbound(slot);
    InboundState& state = world.table.inbound_state(slot);
    CHECK_FALSE(replay_check(compiled, state, SequenceNumber{100'000}));
    CHECK_FALSE(replay_check(compiled, state, SequenceNumber{100'001 - packets}));
    CHECK(replay_advance(compiled, state, SequenceNumber{100'000 + packets}));
    CHECK(replay_advance(compiled, state, SequenceNumber{100'001}));
    CHECK_FALSE(replay_advance(compiled, state, SequenceNumber{100'000}));
    REQUIRE(world.sad->remove("window"));
    world.retirement.pass();
  }
}

TEST_CASE("MAN-02, ESP-10: a static key sends what is reserved, and no number past the end") {
  World world;
  Sa sa = outbound_sa("static");
  sa.static_key = true;
  sa.esn = false;
  sa.last_sequence = {1000};
  const SaSlot slot = world.sad->add(std::move(sa)).value();
  CHECK(world.table.sequence_limit(slot) == 1000);
  world.table.raise_sequence_limit(slot, SequenceNumber{5000});
  CHECK(world.table.sequence_limit(slot) == 5000);
  world.table.raise_sequence_limit(slot, SequenceNumber{4000});
  CHECK(world.table.sequence_limit(slot) == 5000);
  world.table.raise_sequence_limit(slot, SequenceNumber{1ull << 32});
  CHECK(world.table.sequence_limit(slot) == 0xffffffff);
}

TEST_CASE("SAD-12: an SA takes another one's place, name, SPI and all, in one step or not at all") {
  World world({3, 3});
  REQUIRE(world.sad->add(large_inbound_sa("site", 0x2000)));
  REQUIRE(world.sad->add(inbound_sa("other", 0x3000)));
  const auto two = [](std::uint32_t spi) {
    std::vector<Sa> fresh;
    fresh.push_back(large_inbound_sa("site", 0x2000));
    fresh.push_back(inbound_sa("new", spi));
    return fresh;
  };
  // The second one's SPI is that of an SA that stays.
  const std::size_t memory = world.memory.out;
  CHECK(world.sad->prepare(two(0x3000), {"site"}).error().code == Error::Code::Exists);
  // The table has one slot left, and two are asked for.
  CHECK(world.sad->prepare(two(0x4000), {"site"}).error().code == Error::Code::Exhausted);
  CHECK(world.memory.out == memory);
  CHECK(world.keys.held.size() == 2);
  CHECK(world.sad->find("site"));
  {
    std::vector<Sa> fresh;
    fresh.push_back(inbound_sa("site", 0x2000));
    const auto dropped = world.sad->prepare(std::move(fresh), {"site"});
    REQUIRE(dropped);
    CHECK(world.keys.held.size() == 3);
  }
  CHECK(world.keys.held.size() == 2);

  std::vector<Sa> fresh;
  fresh.push_back(large_inbound_sa("site", 0x2000));
  auto prepared = world.sad->prepare(std::move(fresh), {"site"});
  REQUIRE(prepared);
  const SaSlot old = world.sad->find("site")->slot;
  CHECK(world.table.index().find(Spi{0x2000}, {}, {}) == old);
  prepared->sas()[0].last_sequence = {500};
  REQUIRE(world.sad->remove("site"));
  const std::vector<SaSlot> slots = world.sad->publish(std::move(*prepared));
  REQUIRE(slots.size() == 1);
  CHECK(slots[0] != old);
  CHECK(world.table.index().find(Spi{0x2000}, {}, {}) == slots[0]);
  CHECK(world.table.counters(Direction::Inbound, slots[0]).sequence == SequenceNumber{500});
  CHECK_FALSE(replay_check(world.table.inbound(slots[0]), world.table.inbound_state(slots[0]),
                           SequenceNumber{500}));
  CHECK(world.sad->size(Direction::Inbound) == 2);
}

TEST_CASE("SAD-12: there are as many SAs as the limit says, and a full database still exchanges") {
  World world({4, 4});
  Sad sad({world.table, world.keys, world.retirement, world.random, 1, {}, 2});
  REQUIRE(sad.add(outbound_sa("a")));
  REQUIRE(sad.add(outbound_sa("b")));
  CHECK(sad.add(outbound_sa("c")).error().code == Error::Code::Exhausted);
  std::vector<Sa> fresh;
  fresh.push_back(outbound_sa("c"));
  fresh.push_back(outbound_sa("d"));
  CHECK(sad.prepare({}, {"a", "nobody"}));
  auto prepared = sad.prepare(std::move(fresh), {"a", "b"});
  REQUIRE(prepared);
  REQUIRE(sad.remove("a"));
  REQUIRE(sad.remove("b"));
  CHECK(sad.publish(std::move(*prepared)).size() == 2);
  CHECK(sad.find("d")->sa->spi == Spi{0x1000});
  CHECK(sad.size(Direction::Outbound) == 2);
}

}  // namespace sallyport::sad_test
