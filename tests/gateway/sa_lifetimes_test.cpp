// One soft and one hard event of each SA, in order, from workers and from the clock.
#include "gateway/sa_lifetimes.h"

#include <catch2/catch.hpp>

#include "tests/sad/world.h"

namespace sallyport::sa_lifetimes_test {

using namespace std::chrono_literals;
using test::inbound_sa;
using test::outbound_sa;

namespace {

class Listener final : public LifetimeListener {
 public:
  void soft_lifetime(const Sa& sa, LifeLimit limit) override { note("soft", sa, limit); }
  void hard_lifetime(const Sa& sa, LifeLimit limit) override { note("hard", sa, limit); }
  [[nodiscard]] std::vector<std::string> told() { return std::exchange(told_, {}); }

 private:
  void note(std::string what, const Sa& sa, LifeLimit limit) {
    told_.push_back(what + " " + sa.name + " " + std::string(to_string(limit)));
  }
  std::vector<std::string> told_;
};

using Told = std::vector<std::string>;

struct Rig {
  test::World world;
  Listener listener;
  SaLifetimes lives{*world.sad, listener};
  Instant start{1h};

  SaSlot add(Sa sa) {
    const Sa copy = sa.duplicate();
    const SaSlot slot = world.sad->add(std::move(sa)).value();
    lives.started(copy, start);
    return slot;
  }
  Event event(EventKind kind, LifeLimit limit, SaSlot slot) const {
    Event event;
    event.kind = kind;
    event.limit = limit;
    event.sa = slot;
    event.spi = Spi{0x1000};
    event.direction = Direction::Outbound;
    return event;
  }
};

}  // namespace

TEST_CASE("SAD-06: seconds need no traffic: soft, then hard, each once, and the SA is over") {
  Rig rig;
  Sa sa = outbound_sa("a");
  sa.soft.time = 8s;
  sa.hard.time = 10s;
  rig.add(std::move(sa));
  CHECK(rig.lives.poll(rig.start + 8s - 1ns).empty());
  CHECK(rig.listener.told().empty());
  CHECK(rig.lives.poll(rig.start + 8s).empty());
  CHECK(rig.listener.told() == Told{"soft a seconds"});
  CHECK(rig.lives.soft_limit_of("a") == LifeLimit::Seconds);
  CHECK(rig.lives.poll(rig.start + 9s).empty());
  CHECK(rig.lives.poll(rig.start + 10s) == std::vector<std::string>{"a"});
  CHECK(rig.listener.told() == Told{"hard a seconds"});
  CHECK(rig.lives.poll(rig.start + 20s).empty());
  CHECK(rig.listener.told().empty());
}

TEST_CASE("SAD-06: the first soft limit is told, later ones are not") {
  Rig rig;
  Sa sa = outbound_sa("a");
  sa.soft.time = 8s;
  sa.soft.packets = 5;
  const SaSlot slot = rig.add(std::move(sa));
  rig.lives.take(rig.event(EventKind::SoftLifetime, LifeLimit::Packets, slot));
  rig.lives.take(rig.event(EventKind::SoftLifetime, LifeLimit::Sequence, slot));
  CHECK(rig.lives.poll(rig.start + 9s).empty());
  CHECK(rig.listener.told() == Told{"soft a packets"});
}

TEST_CASE("SAD-06: a burst or a nap that passes both limits at once still tells soft first") {
  Rig rig;
  Sa sa = outbound_sa("a");
  sa.soft.bytes = 5;
  sa.hard.bytes = 10;
  const SaSlot slot = rig.add(std::move(sa));
  rig.lives.take(rig.event(EventKind::HardLifetime, LifeLimit::Bytes, slot));
  CHECK(rig.listener.told() == Told{"soft a bytes", "hard a bytes"});
  rig.lives.take(rig.event(EventKind::HardLifetime, LifeLimit::Bytes, slot));
  rig.lives.take(rig.event(EventKind::SoftLifetime, LifeLimit::Bytes, slot));
  CHECK(rig.listener.told().empty());
  CHECK(rig.lives.poll(rig.start) == std::vector<std::string>{"a"});

  Sa timed = inbound_sa("b");
  timed.soft.time = 1s;
  timed.hard.time = 2s;
  rig.add(std::move(timed));
  CHECK(rig.lives.poll(rig.start + 1h) == std::vector<std::string>{"b"});
  CHECK(rig.listener.told() == Told{"soft b seconds", "hard b seconds"});
}

TEST_CASE("SAD-06: an SA without a soft limit has no soft event") {
  Rig rig;
  Sa sa = outbound_sa("a");
  sa.hard.time = 2s;
  rig.add(std::move(sa));
  CHECK(rig.lives.poll(rig.start + 2s).size() == 1);
  CHECK(rig.listener.told() == Told{"hard a seconds"});
}

TEST_CASE("SAD-06: an event of an SA that is gone does not fall on its successor in the slot") {
  Rig rig;
  Sa first = outbound_sa("first");
  first.hard.time = 5s;
  const SaSlot slot = rig.add(std::move(first));
  REQUIRE(rig.world.sad->remove("first"));
  rig.lives.ended("first");
  rig.lives.take(rig.event(EventKind::SoftLifetime, LifeLimit::Bytes, slot));
  rig.world.retirement.pass();
  CHECK(rig.add(outbound_sa("second", 0x1001)) == slot);
  rig.lives.take(rig.event(EventKind::SoftLifetime, LifeLimit::Bytes, slot));
  CHECK(rig.lives.poll(rig.start + 1h).empty());
  CHECK(rig.listener.told().empty());
  CHECK_FALSE(rig.lives.start_of("first"));
  CHECK(rig.lives.start_of("second") == rig.start);
}

}  // namespace sallyport::sa_lifetimes_test
