#include "spd/interval_set.h"

#include <bitset>
#include <catch2/catch.hpp>
#include <random>

namespace sallyport::interval_set_test {
namespace {

using Set = IntervalSet<std::uint8_t>;
using Model = std::bitset<256>;

Model numbers(const Set& set) {
  Model model;
  for (const auto& [first, last] : set)
    for (unsigned number = first; number <= last; ++number) model.set(number);
  return model;
}

// As few intervals as can be, in order.
bool tidy(const Set& set) {
  int before = -2;
  for (const auto& [first, last] : set) {
    if (first > last || first <= before + 1) return false;
    before = last;
  }
  return true;
}

struct Range {
  std::uint8_t first;
  std::uint8_t last;
  [[nodiscard]] Model model() const {
    Model model;
    for (unsigned number = first; number <= last; ++number) model.set(number);
    return model;
  }
};

}  // namespace

TEST_CASE("a set of intervals is what a set of numbers is") {
  std::mt19937 engine(3);
  const auto random = [&] { return static_cast<unsigned>(engine()); };
  const auto range = [&] {
    const auto first = static_cast<std::uint8_t>(random());
    const unsigned length = random() % 4 == 0 ? random() % 256 : random() % 6;
    return Range{first, static_cast<std::uint8_t>(std::min(255u, first + length))};
  };
  for (int round = 0; round < 2000; ++round) {
    Set set;
    Set other;
    Model model;
    for (unsigned i = random() % 6; i != 0; --i) {
      const Range part = range();
      other.add(part.first, part.last);
    }
    for (int step = 0; step < 12; ++step) {
      const Range part = range();
      if (random() % 3 != 0) {
        set.add(part.first, part.last);
        model |= part.model();
      } else {
        set.remove(part.first, part.last);
        model &= ~part.model();
      }
      REQUIRE(numbers(set) == model);
      REQUIRE(tidy(set));
      REQUIRE(set.empty() == model.none());
      REQUIRE(set.contains(part.last) == model[part.last]);
      REQUIRE(set.meets(part.first, part.last) == (model & part.model()).any());
      const Model both = model & numbers(other);
      REQUIRE(set.meets(other) == both.any());
      REQUIRE(other.meets_within(set, part.first, part.last) == (both & part.model()).any());
      REQUIRE(set.covers(other) == (both == numbers(other)));
      REQUIRE(other.covers(set) == (both == model));
    }
    Set kept = set;
    kept.keep(other);
    set.remove(other);
    REQUIRE(numbers(kept) == (model & numbers(other)));
    REQUIRE(numbers(set) == (model & ~numbers(other)));
    REQUIRE((tidy(kept) && tidy(set)));
  }
}

TEST_CASE("intervals that meet or touch become one, at both ends of the line") {
  Set set{10, 20};
  set.add(21, 30);
  set.add(0, 4);
  set.add(5, 9);
  set.add(200, 254);
  set.add(255, 255);
  CHECK(set.size() == 2);
  CHECK(set.contains(0));
  CHECK(set.contains(255));
  CHECK_FALSE(set.contains(31));
  set.remove(255, 255);
  set.remove(0, 0);
  CHECK(numbers(set).count() == 30 + 55);
  CHECK(Set{}.covers(Set{}));
  CHECK(Set(0, 255).covers(set));
  CHECK_FALSE(set.covers(Set(0, 255)));
}

}  // namespace sallyport::interval_set_test
