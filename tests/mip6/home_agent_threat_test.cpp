// MSEC-37: five ways to abuse a home agent, each of which fails and is told of.
#include <catch2/catch.hpp>

#include "tests/mip6/home_agent_scene.h"

namespace sallyport::mip6::test::home_agent_threat_test {
namespace {

using Status = BindingStatus;

// Registered, and nothing reported since.
HomeAgentScene& registered(HomeAgentScene& scene) {
  REQUIRE(scene.status(from_away(), home_update(100)) == Status::Accepted);
  scene.around.events.events.clear();
  return scene;
}

TEST_CASE("MSEC-37: a stolen home address: an update without the node's SA changes nothing") {
  HomeAgentScene scene;
  HomeAgentScene& s = registered(scene);
  Arrival thief = from_away(ip("2001:db8:bad::1"));
  thief.protection = Protection::None;
  CHECK_FALSE(s.ask(thief, home_update(101, ip("2001:db8:bad::1"))));
  CHECK_FALSE(s.ask(thief, deletion(102)));
  CHECK(s.place() == kCareOf);
  CHECK(s.around.events.count(EventKind::Refused) == 2);
  CHECK(s.around.events.events[0].care_of == ip("2001:db8:bad::1"));
}

TEST_CASE("MSEC-37: impersonation: an SA's node is the one of its home address, no other's") {
  // IPsec hands up a home address only where it is the SA's own; what comes by another one comes
  // as unprotected.
  HomeAgentScene scene;
  HomeAgentScene& s = registered(scene);
  Arrival other = from_away(kOtherCareOf, kHome);
  other.protection = Protection::None;
  other.tunnel = OuterHeader{kOtherCareOf, Protection::None};
  CHECK_FALSE(s.ask(other, home_update(101, kOtherCareOf)));
  CHECK(s.place() == kCareOf);
  CHECK(s.around.events.count(EventKind::Refused) == 1);
}

TEST_CASE("MSEC-37: redirection: nobody's traffic is sent to another served node") {
  HomeAgentScene scene;
  HomeAgentScene& s = registered(scene);
  CHECK(s.status(from_away(kCareOf, kOtherHome), home_update(1, kHome)) ==
        Status::InvalidCareOfAddress);
  CHECK_FALSE(s.place(kOtherHome));
  CHECK(s.around.events.count(EventKind::Refused) == 1);
}

TEST_CASE("MSEC-37: a flood: updates of one node are limited, detections are limited") {
  HomeAgentScene scene;
  HomeAgentScene& s = registered(scene);
  s.around.pass(std::chrono::seconds(2));
  s.around.sender.sent.clear();
  for (std::uint16_t i = 0; i < 1000; ++i)
    s.agent->receive(from_away(), home_update(static_cast<std::uint16_t>(101 + i)));
  CHECK(s.around.sender.sent.size() == 3);
  CHECK(s.around.events.count(EventKind::Refused) == 997);
}

TEST_CASE("MSEC-37: replay: an old update, octet for octet, is answered with 135 and told of") {
  HomeAgentScene scene;
  HomeAgentScene& s = registered(scene);
  REQUIRE(s.status(from_away(kOtherCareOf), home_update(101, kOtherCareOf)) == Status::Accepted);
  CHECK(s.status(from_away(), home_update(100)) == Status::SequenceOutOfWindow);
  CHECK(s.place() == kOtherCareOf);
  CHECK(s.around.events.count(EventKind::Refused) == 1);
}

}  // namespace
}  // namespace sallyport::mip6::test::home_agent_threat_test
