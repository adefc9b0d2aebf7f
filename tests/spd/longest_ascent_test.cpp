#include "spd/longest_ascent.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <numeric>
#include <random>

namespace sallyport::longest_ascent_test {
namespace {

using Places = std::vector<std::size_t>;

// Tries all choices.
std::size_t longest(const Places& places) {
  std::size_t most = 0;
  for (unsigned choice = 0; choice < 1u << places.size(); ++choice) {
    Places chosen;
    for (std::size_t at = 0; at < places.size(); ++at)
      if ((choice >> at & 1) != 0) chosen.push_back(places[at]);
    if (std::ranges::is_sorted(chosen) && std::ranges::count(chosen, kNoPlace) == 0)
      most = std::max(most, chosen.size());
  }
  return most;
}

}  // namespace

TEST_CASE("a longest choice of places that ascend is found, whatever the order") {
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    Places places(1 + random() % 9);
    std::iota(places.begin(), places.end(), std::size_t{0});
    std::ranges::shuffle(places, random);
    for (std::size_t& place : places)
      if (random() % 4 == 0) place = kNoPlace;
    const std::vector<bool> chosen = longest_ascent(places);
    REQUIRE(chosen.size() == places.size());
    Places kept;
    for (std::size_t at = 0; at < places.size(); ++at)
      if (chosen[at]) kept.push_back(places[at]);
    CHECK(std::ranges::is_sorted(kept));
    CHECK(std::ranges::count(kept, kNoPlace) == 0);
    CHECK(kept.size() == longest(places));
  }
  CHECK(longest_ascent({}).empty());
}

TEST_CASE("one entry that goes to the other end of the list is the only one that moves") {
  Places places(1000);
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::ranges::rotate(places, places.begin() + 1);
  const std::vector<bool> to_the_end = longest_ascent(places);
  CHECK_FALSE(to_the_end.back());
  CHECK(std::ranges::count(to_the_end, true) == 999);
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::ranges::rotate(places, places.end() - 1);
  const std::vector<bool> to_the_front = longest_ascent(places);
  CHECK_FALSE(to_the_front.front());
  CHECK(std::ranges::count(to_the_front, true) == 999);
}

}  // namespace sallyport::longest_ascent_test
