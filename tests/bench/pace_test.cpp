#include "bench/pace.h"

#include <catch2/catch.hpp>

namespace sallyport::bench::pace_test {
namespace {

constexpr double kTicksPerSecond = 1e9;

}  // namespace

TEST_CASE("packets are due evenly") {
  Pace pace(1e6, kTicksPerSecond, 5000, 100);  // one in a thousand ticks
  CHECK(pace.due(5000, 32) == 0);
  CHECK(pace.due(5999, 32) == 0);
  CHECK(pace.due(6000, 32) == 1);
  CHECK(pace.due(6001, 32) == 0);
  CHECK(pace.due(9500, 32) == 3);
  CHECK(pace.skipped() == 0);
}

TEST_CASE("a burst is bounded, and its rest is due at once") {
  Pace pace(1e6, kTicksPerSecond, 0, 100);
  CHECK(pace.due(40'000, 32) == 32);
  CHECK(pace.due(40'000, 32) == 8);
  CHECK(pace.due(40'000, 32) == 0);
}

TEST_CASE("what a stalled machine missed is skipped, and counted") {
  Pace pace(1e6, kTicksPerSecond, 0, 100);
  unsigned sent = 0;
  for (unsigned count = 1; count != 0; sent += count) count = pace.due(1'000'000, 64);
  CHECK(sent == 100);
  CHECK(pace.skipped() == 900);
  CHECK(pace.due(1'001'000, 64) == 1);
}

}  // namespace sallyport::bench::pace_test
