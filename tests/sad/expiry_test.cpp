#include "sad/expiry.h"

#include <catch2/catch.hpp>

#include "tests/sad/world.h"

namespace sallyport::expiry_test {
namespace {

constexpr std::uint64_t kUnit = 1 << 24;

}  // namespace

TEST_CASE("SAD-06: an expiry is never early and at most one unit late") {
  CHECK_FALSE(Expiry{}.has_passed(0));
  CHECK_FALSE(Expiry{}.has_passed(~0ull));
  for (const std::uint64_t now : {0ull, 1ull, 0x123456789abcull, ~0ull - 5 * kUnit}) {
    for (const std::uint64_t ahead : {std::uint64_t{1}, kUnit - 1, kUnit, 1000 * kUnit + 7}) {
      const Expiry expiry = Expiry::after(now, ahead);
      CAPTURE(now, ahead);
      CHECK_FALSE(expiry.is_never());
      CHECK_FALSE(expiry.has_passed(now));
      CHECK_FALSE(expiry.has_passed(now + ahead - 1));
      CHECK(expiry.has_passed(now + ahead + kUnit));
      CHECK(expiry.has_passed(now + ahead + (kUnit << 30)));
    }
  }
}

TEST_CASE("SAD-06: where the 32 bits of an expiry come round, it still holds") {
  const std::uint64_t now = 0xffffffffull * kUnit;
  const Expiry expiry = Expiry::after(now, kUnit);  // unit 0 of the next round
  CHECK_FALSE(expiry.is_never());
  CHECK_FALSE(expiry.has_passed(now));
  CHECK(expiry.has_passed(now + 3 * kUnit));
}

TEST_CASE("SAD-06: what is too far away for the comparison is control's alone") {
  CHECK(Expiry::after(5, kUnit << 30).is_never());
  CHECK_FALSE(Expiry::after(5, (kUnit << 30) - 1).is_never());
}

TEST_CASE("SAD-06, SAD-11: a moved SA ends when it would have ended") {
  test::World world;
  const SaSlot out = world.sad->add(test::outbound_sa("out")).value();
  const SaSlot in = world.sad->add(test::inbound_sa("in")).value();
  CHECK(world.table.outbound(out).expiry().is_never());
  world.table.set_expiry(Direction::Outbound, out, Expiry::after(0, 77 * kUnit));
  world.table.set_expiry(Direction::Inbound, in, Expiry::after(0, 78 * kUnit));
  const Endpoints elsewhere{test::address("192.0.2.7"), test::address("198.51.100.1")};
  REQUIRE(world.sad->move_endpoints("out", elsewhere, [](SaSlot) {}));
  REQUIRE(world.sad->move_endpoints("in", elsewhere, {}));
  CHECK(world.sad->find("out")->slot != out);
  CHECK(world.table.outbound(world.sad->find("out")->slot).expiry() ==
        Expiry::after(0, 77 * kUnit));
  CHECK(world.table.inbound(world.sad->find("in")->slot).expiry() == Expiry::after(0, 78 * kUnit));
}

}  // namespace sallyport::expiry_test
