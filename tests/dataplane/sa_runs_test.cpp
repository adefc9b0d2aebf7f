#include "dataplane/sa_runs.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "base/rate_limit.h"
#include "dataplane/drop_reason.h"
#include "tests/support/fixed_random.h"

using namespace sallyport;

TEST_CASE("DP-06: packets of SAs in any order are grouped by SA, each SA's order kept") {
  FixedRandom random;
  auto store = std::make_unique<PacketStore>();
  for (int round = 0; round < 2000; ++round) {
    const std::uint32_t different = 1 + random.below(80);
    const unsigned count = random.below(kBurstSize + 1);
    Burst burst;
    std::map<std::uint32_t, std::vector<Packet*>> expected;
    for (unsigned i = 0; i < count; ++i) {
      // Far apart and close together: both kinds of slot number share places.
      (*store)[i].sa = SaSlot{random.below(different) * (round % 2 == 0 ? 1 : 256)};
      burst.push((*store)[i]);
      expected[(*store)[i].sa.value].push_back(&(*store)[i]);
    }
    std::map<std::uint32_t, std::vector<Packet*>> found;
    for (SaRun& run : SaRuns(burst)) {
      REQUIRE_FALSE(found.contains(run.sa.value));
      found[run.sa.value].assign(run.packets.begin(), run.packets.end());
    }
    REQUIRE(found == expected);
    REQUIRE(burst.size() == count);
  }
}

TEST_CASE("a rate limit lets a burst by, then its rate") {
  RateLimit limit(5, 100);
  std::uint64_t now = 1'000'000;
  unsigned allowed = 0;
  for (int i = 0; i < 20; ++i) allowed += limit.allow(now) ? 1 : 0;
  CHECK(allowed == 5);
  for (int i = 0; i < 1000; ++i) allowed += limit.allow(now += 10) ? 1 : 0;
  CHECK(allowed >= 104);
  CHECK(allowed <= 106);
  RateLimit none;
  CHECK_FALSE(none.allow(now));
}

TEST_CASE("every drop reason has a name of its own and a meaning") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const DropFacts& about = facts(static_cast<DropReason>(i));
    CHECK(about.reason == static_cast<DropReason>(i));
    CHECK(names.insert(about.name).second);
    CHECK_FALSE(about.meaning.empty());
  }
}
