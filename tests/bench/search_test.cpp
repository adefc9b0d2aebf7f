#include "bench/generator/search.h"

#include <catch2/catch.hpp>

namespace sallyport::bench::search_test {

TEST_CASE("the search finds where trials begin to fail") {
  const double limit = GENERATE(30'000.0, 333'333.0, 999'000.0, 1'000'000.0, 7'654'321.0);
  int trials = 0;
  const double found = highest_passing_rate({.first = 1e6, .resolution = 0.01}, [&](double rate) {
    ++trials;
    return rate <= limit;
  });
  CHECK(found <= limit);
  CHECK(found == Approx(limit).epsilon(0.011));
  CHECK(trials <= 16);
}

TEST_CASE("where nothing passes there is no throughput") {
  CHECK(highest_passing_rate({.first = 1e6}, [](double) { return false; }) == 0);
}

TEST_CASE("one of several attempts is enough") {
  int trials = 0;
  const auto every_third = [&](double rate) { return ++trials % 3 == 0 && rate <= 4e5; };
  CHECK(highest_passing_rate({.first = 1e6, .resolution = 0.01, .attempts = 3}, every_third) ==
        Approx(4e5).epsilon(0.011));
}

}  // namespace sallyport::bench::search_test
