// A base that is built on a thread of its own while the matcher is edited and asked. In a tree
// built with TSan this finds data races.
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "spd/indexed_matcher.h"
#include "tests/spd/pair_policies.h"

namespace sallyport::rebuild_threads_test {

using namespace test;

TEST_CASE("SPD-06: views stay right while a base is built on another thread", "[threads]") {
  constexpr std::uint32_t kPolicies = 2 * IndexedMatcher::kWorthRebuilding;
  IndexedMatcher matcher;
  append_pairs(matcher, kPolicies);
  for (std::uint32_t round = 0; round < 3; ++round) {
    const auto rebuild = matcher.begin_rebuild();
    REQUIRE(rebuild != nullptr);
    std::jthread builder([&] { rebuild->run(); });
    const auto old = matcher.view();
    std::atomic<bool> stop{false};
    std::atomic<std::uint32_t> wrong{0};
    std::jthread reader([&] {
      for (std::uint32_t i = 0; !stop; i = (i + 1) % kPolicies)
        if (old->match(pair_packet(i)) != PolicyId{i + 1}) ++wrong;
    });
    for (std::uint32_t i = round; i < 30; i += 3) {
      const Selector selector = pair(i);
      REQUIRE(matcher.remove(PolicyId{i + 1}));
      CHECK(matcher.view()->match(pair_packet(i)) == kNoPolicy);
      REQUIRE(matcher.insert(kPolicies - 1, PolicyId{i + 1}, std::span(&selector, 1)));
      REQUIRE(matcher.move(PolicyId{i + 2}, 0));
    }
    builder.join();
    stop = true;
    reader.join();
    CHECK(wrong == 0);
    matcher.finish_rebuild(*rebuild);
    // What was edited while it was built is not in it.
    CHECK(matcher.delta() >= 20);
    CHECK(matcher.delta() < 60);
    const auto view = matcher.view();
    for (std::uint32_t i = 0; i < kPolicies; ++i)
      if (view->match(pair_packet(i)) != PolicyId{i + 1}) FAIL("pair " << i);
    // Enough for another round.
    for (std::uint32_t i = 0; i <= IndexedMatcher::kWorthRebuilding; ++i)
      REQUIRE(matcher.move(PolicyId{i + 1}, kPolicies - 1));
  }
}

}  // namespace sallyport::rebuild_threads_test
