// The rules of RFC 7383 2.6 for fragments, one row each (IFRAG-03).
#include "ike/wire/fragment_assembly.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>

#include "tests/support/fixed_random.h"

namespace sallyport::ike::test::fragment_assembly_test {
namespace {

Opened part(std::uint16_t number, std::uint16_t total, std::size_t bytes = 10) {
  return {.first = number == 1 ? PayloadType::Sa : PayloadType::None,
          .plain = Octets(bytes, static_cast<std::uint8_t>(number)),
          .fragment = number,
          .fragments = total};
}

struct Step {
  std::uint16_t number;
  std::uint16_t total;
  bool completes;
};
struct Row {
  std::string_view what;
  std::vector<Step> steps;
};

TEST_CASE("IFRAG-03: what each fragment does to those before it") {
  const std::vector<Row> table{
      {"one alone is a message", {{1, 1, true}}},
      {"in order", {{1, 3, false}, {2, 3, false}, {3, 3, true}}},
      {"in disorder", {{3, 3, false}, {1, 3, false}, {2, 3, true}}},
      {"duplicates count once", {{1, 2, false}, {1, 2, false}, {1, 2, false}, {2, 2, true}}},
      {"a larger total drops the smaller set",
       {{1, 2, false}, {1, 3, false}, {2, 2, false}, {2, 3, false}, {3, 3, true}}},
      {"a smaller total is dropped",
       {{1, 3, false}, {2, 3, false}, {1, 1, false}, {2, 2, false}, {3, 3, true}}},
      {"a smaller total fills no gap of a larger one",
       {{1, 3, false}, {2, 2, false}, {3, 3, false}, {2, 3, true}}},
      {"the set begins again after it was whole",
       {{1, 2, false}, {2, 2, true}, {2, 2, false}, {1, 2, true}}},
      {"more than the limit is dropped, whatever is there",
       {{1, 2, false}, {1, 65, false}, {1, 65535, false}, {2, 2, true}}}};
  for (const Row& row : table) {
    CAPTURE(row.what);
    FragmentAssembly assembly;
    for (const Step& step : row.steps) {
      const auto whole = assembly.add(5, part(step.number, step.total));
      CHECK(whole.has_value() == step.completes);
      if (!whole) continue;
      CHECK(whole->first == PayloadType::Sa);
      CHECK(whole->fragment == 0);
      Octets expected;
      for (std::uint16_t number = 1; number <= step.total; ++number)
        expected.insert(expected.end(), 10, static_cast<std::uint8_t>(number));
      CHECK(whole->plain == expected);
      CHECK(assembly.empty());
    }
  }
}

TEST_CASE("IFRAG-03: 64 fragments in any order make the message, and none stays") {
  FixedRandom random;
  constexpr std::uint16_t kTotal = FragmentAssembly::kMostFragments;
  std::vector<std::uint16_t> numbers(kTotal);
  std::iota(numbers.begin(), numbers.end(), std::uint16_t{1});
  for (unsigned round = 0; round < 20; ++round) {
    for (std::size_t i = kTotal; i > 1; --i)
      std::swap(numbers[i - 1], numbers[random.below(static_cast<std::uint32_t>(i))]);
    FragmentAssembly assembly;
    std::optional<Opened> whole;
    for (const std::uint16_t number : numbers) {
      CHECK_FALSE(whole);
      whole = assembly.add(1, part(number, kTotal));
    }
    REQUIRE(whole);
    CHECK(whole->plain.size() == 10 * kTotal);
    CHECK(std::ranges::is_sorted(whole->plain));
    CHECK(assembly.empty());
  }
}

TEST_CASE("IFRAG-03: octets have a limit, too") {
  FragmentAssembly assembly;
  constexpr std::size_t kHalf = FragmentAssembly::kMostBytes / 2;
  CHECK_FALSE(assembly.add(1, part(1, 3, kHalf)));
  CHECK_FALSE(assembly.add(1, part(2, 3, kHalf)));
  CHECK_FALSE(assembly.add(1, part(3, 3, 1)));  // one too many
  const auto whole = assembly.add(1, part(3, 3, 0));
  REQUIRE(whole);
  CHECK(whole->plain.size() == FragmentAssembly::kMostBytes);
  // Of a larger set, the octets that went with the smaller one count no more.
  CHECK_FALSE(assembly.add(2, part(1, 2, 2 * kHalf)));
  CHECK_FALSE(assembly.add(2, part(1, 3, 2 * kHalf)));
  CHECK_FALSE(assembly.add(2, part(2, 3, 0)));
  CHECK(assembly.add(2, part(3, 3, 0)));
}

TEST_CASE("IFRAG-03: messages do not mix, and earlier ones are forgotten") {
  FragmentAssembly assembly;
  CHECK_FALSE(assembly.add(1, part(1, 2)));
  CHECK_FALSE(assembly.add(2, part(2, 2)));
  CHECK_FALSE(assembly.add(3, part(1, 2)));
  assembly.forget_before(2);
  CHECK_FALSE(assembly.add(1, part(2, 2)));  // its first is gone
  CHECK(assembly.add(2, part(1, 2)));
  CHECK(assembly.add(3, part(2, 2)));
  CHECK_FALSE(assembly.empty());
  assembly.forget_before(4);
  CHECK(assembly.empty());
}

TEST_CASE("IFRAG-03: messages that never come whole have a limit") {
  FragmentAssembly assembly;
  for (MessageId id = 0; id < 1000; ++id) CHECK_FALSE(assembly.add(id, part(1, 2)));
  unsigned kept = 0;
  for (MessageId id = 0; id < 1000; ++id) kept += assembly.add(id, part(2, 2)).has_value();
  CHECK(kept >= 5);  // any window that we grant
  CHECK(kept <= 16);
}

}  // namespace
}  // namespace sallyport::ike::test::fragment_assembly_test
