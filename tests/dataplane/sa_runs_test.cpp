#include "dataplane/sa_runs.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "base/rate_limit.h"
#include "dataplane/drop_reason.h"
#include "tests/support/fixed_random.h"

namespace sallyport::sa_runs_test {

TEST_CASE("DP-06: packets of SAs in any order are cut where the SA changes, the order kept") {
  FixedRandom random;
  auto store = std::make_unique<PacketStore>();
  for (int round = 0; round < 2000; ++round) {
    const std::uint32_t different = 1 + random.below(round % 2 == 0 ? 3 : 80);
    const unsigned count = random.below(kBurstSize + 1);
    Burst burst;
    for (unsigned i = 0; i < count; ++i) {
      (*store)[i].sa = SaSlot{random.below(different)};
      burst.push((*store)[i]);
    }
    SaRuns runs(burst);
    std::vector<Packet*> found;
    SaSlot before = kNoSa;
    for (const SaRun& run : runs) {
      REQUIRE_FALSE(run.packets.empty());
      REQUIRE(run.sa != before);
      before = run.sa;
      for (Packet* packet : run.packets) {
        REQUIRE(packet->sa == run.sa);
        found.push_back(packet);
      }
    }
    REQUIRE(std::ranges::equal(found, burst.packets()));
    REQUIRE(runs.burst().size() == count);
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

}  // namespace sallyport::sa_runs_test
