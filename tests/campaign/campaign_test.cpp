// The campaign at its hundredth part; scripts/soak runs it whole.
#include "tests/campaign/campaign.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>

namespace sallyport::campaign_test {

using campaign::Campaign;

namespace {

std::uint64_t packets_wanted() {
  constexpr std::uint64_t kHundredth = 100'000;
  const char* const given = std::getenv("SALLYPORT_CAMPAIGN_PACKETS");
  return given == nullptr ? kHundredth : std::strtoull(given, nullptr, 10);
}

void run_campaign(std::uint16_t workers) {
  Campaign course({.packets = packets_wanted(), .workers = workers});
  const Campaign::Tally tally = course.run();
  INFO(course.fault());
  CHECK(course.fault().empty());
  CHECK(tally.presented >= packets_wanted());
  CHECK(tally.delivered == tally.valid);
  CHECK(tally.valid > tally.presented / 2);
  CHECK(tally.repeated > tally.presented / 10);
  CHECK(tally.forged > tally.presented / 10);
  fmt::print("{} workers: {} presented, {} valid and delivered, {} repeated, {} forged; {}\n",
             workers, tally.presented, tally.delivered, tally.repeated, tally.forged,
             course.drops());
}

}  // namespace

TEST_CASE("INB-05, RPL-02, ESP-12: nothing valid is lost and nothing invalid let in, one worker") {
  run_campaign(1);
}

TEST_CASE(
    "DP-06, INB-05, RPL-02, ESP-12: nothing valid is lost and nothing invalid let in, four "
    "workers") {
  run_campaign(4);
}

}  // namespace sallyport::campaign_test
