// The home agent's bench in small: whole packets, one worker, control beside it.
#include <catch2/catch.hpp>

#include "bench/home_agent_costs.h"
#include "tests/support/eal.h"

namespace sallyport::bench::home_agent_load_test {
namespace {

HomeAgentCourse small_course(HomeProtection protection) {
  HomeAgentCourse course;
  course.gateway = {
      .nodes = 40, .transform = parse_transform("aes128-gcm16").value(), .protection = protection};
  course.rounds = 1;
  course.windows = 1;
  course.fillings = 1;
  course.storm = {.share = 0.5, .seconds = 0.2, .quiet_seconds = 0.05, .octets = 64};
  return course;
}

}  // namespace

TEST_CASE(
    "MAPI-01, MAPI-02: nodes that move in a storm lose no packet and get none by the old way") {
  need_eal();
  SystemRandom random = SystemRandom::open().value();
  const auto [protection, policies] =
      GENERATE(std::pair{HomeProtection::Payload, 3u}, std::pair{HomeProtection::Everything, 5u});
  const auto costs = measure(small_course(protection), random);
  INFO((costs ? std::string{} : to_string(costs.error())));
  REQUIRE(costs);
  CHECK(costs->policies >= 40 * policies);
  CHECK(costs->tunnels.size() == 2);
  CHECK(costs->storm.moves == 20);
  CHECK(costs->storm.unacknowledged == 0);
  CHECK(costs->storm.packets != 0);
  CHECK(costs->storm.lost == 0);
  CHECK(costs->storm.misled == 0);
}

}  // namespace sallyport::bench::home_agent_load_test
