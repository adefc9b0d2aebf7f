// What becomes of bindings: their end, their deletion, and what workers and neighbours know of
// them.
#include <catch2/catch.hpp>

#include "tests/mip6/home_agent_scene.h"

namespace sallyport::mip6::test::home_agent_bindings_test {
namespace {

using namespace std::chrono_literals;
using Status = BindingStatus;

TEST_CASE("HA-07: a binding ends with its lifetime: nothing is intercepted any more") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(), with_flag(home_update(1), UpdateFlag::LinkLocalCompatible)) ==
          Status::Accepted);
  s.around.pass(241s);
  CHECK_FALSE(s.place());
  CHECK(s.around.neighbours.served.empty());
  CHECK(s.around.tunnels.deactivated == std::vector{kHome});
  CHECK(s.around.events.count(EventKind::Expired) == 1);
  CHECK(s.cache.size() == 0);
}

TEST_CASE("HA-07: a prefix that changes ends the bindings that it no longer holds") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(), home_update(1)) == Status::Accepted);
  std::vector<HomePrefix> prefixes = home_link().prefixes;
  prefixes[0].valid.until = s.around.clock.now() + 20s;
  s.agent->set_prefixes(prefixes);
  s.around.pass(19s);
  CHECK(s.place() == kCareOf);
  s.around.pass(2s);
  CHECK_FALSE(s.place());
  CHECK(s.status(from_away(), home_update(2)) == Status::NotHomeSubnet);
}

TEST_CASE("HA-07: bindings outlive a change of configuration, and end under the new one") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(), home_update(1)) == Status::Accepted);
  REQUIRE(s.status(from_away(kCareOf, kOtherHome), home_update(1)) == Status::Accepted);
  HomeAgentConfig without_other = home_agent_config();
  without_other.nodes.erase(without_other.nodes.begin() + 1);
  REQUIRE(s.agent->configure(without_other));
  CHECK(s.place() == kCareOf);
  CHECK(s.serves(kHome));
  CHECK_FALSE(s.place(kOtherHome));
  CHECK_FALSE(s.serves(kOtherHome));
  CHECK(s.around.events.count(EventKind::Expired) == 1);
  s.around.pass(241s);
  CHECK_FALSE(s.place());
  CHECK_FALSE(s.serves(kHome));
}

TEST_CASE("HA-07: a home agent that is closed serves nobody any more") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(), home_update(1)) == Status::Accepted);
  s.around.pass(1s);
  s.agent->receive(from_away(kCareOf, kOtherHome), home_update(1));
  s.agent->close();
  s.around.neighbours.finish_detection();
  CHECK(s.cache.size() == 0);
  CHECK(s.around.bindings.bindings.empty());
  CHECK(s.around.neighbours.served.empty());
  CHECK(s.around.tunnels.ends_at.empty());
}

TEST_CASE("HA-02, HA-07: a cache that is full of home registrations is answered with 130") {
  HomeAgentScene s(home_agent_config(), {.home_registrations = 1});
  REQUIRE(s.status(from_away(), home_update(1)) == Status::Accepted);
  CHECK(s.status(from_away(kOtherCareOf, kOtherHome), home_update(1, kOtherCareOf)) ==
        Status::InsufficientResources);
  CHECK(s.status(from_away(), home_update(2)) == Status::Accepted);
}

TEST_CASE("HA-02: workers without room for a binding are answered with 130, and all stays") {
  HomeAgentScene s;
  s.around.bindings.full = true;
  CHECK(s.status(from_away(), home_update(1)) == Status::InsufficientResources);
  CHECK(s.cache.size() == 0);
  CHECK_FALSE(s.serves(kHome));
  CHECK(s.around.tunnels.ends_at.empty());
}

TEST_CASE("MAPI-02: where tunnels cannot move the binding stays where it was") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(), home_update(1)) == Status::Accepted);
  s.around.tunnels.refuses = true;
  CHECK(s.status(from_away(kOtherCareOf), home_update(2, kOtherCareOf)) == Status::Unspecified);
  CHECK(s.place() == kCareOf);
  CHECK(s.cache.home_registration(kHome)->care_of == kCareOf);
  CHECK(s.status(from_away(kOtherCareOf, kOtherHome), home_update(2, kOtherCareOf)) ==
        Status::Unspecified);
  CHECK_FALSE(s.place(kOtherHome));
}

TEST_CASE(
    "HA-10: refresh advice is given where bindings are not stored, and is less than granted") {
  HomeAgentConfig config = home_agent_config();
  config.refresh_advice = BindingLifetime{40};
  HomeAgentScene s(config);
  CHECK(s.ask(from_away(), home_update(1))->options.refresh_advice == BindingLifetime{40});
  BindingUpdate brief = home_update(2);
  brief.lifetime = BindingLifetime{40};
  CHECK_FALSE(s.ask(from_away(), brief)->options.refresh_advice);
  CHECK_FALSE(s.ask(from_away(), deletion(3))->options.refresh_advice);
  config.storage = HomeAgentConfig::Storage::Stored;
  HomeAgentScene stored(config);
  CHECK_FALSE(stored.ask(from_away(), home_update(1))->options.refresh_advice);
}

TEST_CASE(
    "HA-11, HA-12: a node at home deletes its binding and is answered without routing header") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(), home_update(1)) == Status::Accepted);
  const auto answer = s.ask(from_home(), deletion(2));
  CHECK(answer == BindingAcknowledgement{.sequence = 2});
  CHECK(s.way().destination == kHome);
  CHECK_FALSE(s.way().destination_care_of);
  CHECK_FALSE(s.place());
  CHECK_FALSE(s.serves(kHome));
  CHECK(s.around.tunnels.deactivated == std::vector{kHome});
  CHECK(s.around.events.count(EventKind::Deregistered) == 1);
}

TEST_CASE("HA-12: a deletion without a binding is answered with 133") {
  HomeAgentScene s;
  CHECK(s.status(from_home(), deletion(2)) == Status::NotHomeAgent);
}

TEST_CASE("HA-12: a late update after the deletion is answered with 135 for ten seconds") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(), home_update(1)) == Status::Accepted);
  REQUIRE(s.status(from_home(), deletion(3)) == Status::Accepted);
  const auto late = s.ask(from_away(), home_update(2));
  REQUIRE(late);
  CHECK(late->status == Status::SequenceOutOfWindow);
  CHECK(late->sequence == 3);
  CHECK(s.way().destination_care_of == kCareOf);
  CHECK_FALSE(s.place());
  CHECK_FALSE(s.serves(kHome));
  s.around.pass(11s);
  CHECK(s.cache.size() == 0);
}

TEST_CASE("HA-12: a deletion that is sent again is answered as the first one was") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(), home_update(1)) == Status::Accepted);
  REQUIRE(s.status(from_home(), deletion(2)) == Status::Accepted);
  CHECK(s.status(from_home(), deletion(3)) == Status::Accepted);
  CHECK(s.around.events.count(EventKind::Deregistered) == 1);
}

TEST_CASE("HA-06, HA-12: leaving home again within the ten seconds is a registration anew") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(), home_update(1)) == Status::Accepted);
  REQUIRE(s.status(from_home(), deletion(2)) == Status::Accepted);
  s.agent->receive(from_away(kOtherCareOf), home_update(3, kOtherCareOf));
  CHECK(s.around.neighbours.pending.size() == 1);
  s.around.neighbours.finish_detection();
  CHECK(s.place() == kOtherCareOf);
  s.around.pass(11s);
  CHECK(s.place() == kOtherCareOf);
  CHECK(s.around.events.count(EventKind::Registered) == 2);
}

TEST_CASE("HA-12: a lifetime of 0 from away deletes as well, and goes back there") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(), home_update(1)) == Status::Accepted);
  CHECK(s.status(from_away(kOtherCareOf), deletion(2)) == Status::Accepted);
  CHECK(s.way().destination_care_of == kOtherCareOf);
  CHECK_FALSE(s.place());
}

TEST_CASE("HA-13: what a node on the home link is refused goes to its link address") {
  HomeAgentScene s;
  CHECK(s.status(from_home(), deletion(1)) == Status::NotHomeAgent);
  CHECK(s.way().link_destination == kNodeMac);
  CHECK(s.way().port == kHomePort);
  // With another address of the home link for a care-of one too.
  Arrival beside = from_away(ip("2001:db8:b::abc"));
  beside.port = kHomePort;
  beside.link_source = kNodeMac;
  CHECK(s.status(beside, home_update(2, kOtherHome)) == Status::InvalidCareOfAddress);
  CHECK(s.way().link_destination == kNodeMac);
  CHECK(s.way().destination_care_of == ip("2001:db8:b::abc"));
  // What comes in by another link, or through a router, goes by route.
  Arrival routed = from_home();
  routed.port = kElsewhere;
  CHECK(s.status(routed, deletion(3)) == Status::NotHomeAgent);
  CHECK_FALSE(s.way().link_destination);
}

TEST_CASE("HA-14: proxying begins with the binding, once, as a host, and the link-local with L") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(), with_flag(home_update(1), UpdateFlag::LinkLocalCompatible)) ==
          Status::Accepted);
  CHECK(s.around.neighbours.advertised == 2);
  CHECK(s.around.neighbours.served.at({kHomePort, kHome}) == NeighbourProxy::Role::Host);
  CHECK(s.serves(ip("fe80::100")));
  CHECK(s.around.bindings.bindings.begin()->second.link_local == ip("fe80::100"));
  REQUIRE(s.status(from_away(kOtherCareOf),
                   with_flag(home_update(2, kOtherCareOf), UpdateFlag::LinkLocalCompatible)) ==
          Status::Accepted);
  CHECK(s.around.neighbours.advertised == 2);
  CHECK(s.around.events.count(EventKind::Moved) == 1);
}

TEST_CASE("HA-02: a node that sends more than three updates a second is not heard") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(), home_update(1)) == Status::Accepted);
  s.around.pass(2s);
  s.around.sender.sent.clear();
  for (std::uint16_t i = 2; i < 10; ++i) s.agent->receive(from_away(), home_update(i));
  CHECK(s.around.sender.sent.size() == 3);
  CHECK(s.around.events.count(EventKind::Refused) == 5);
  // Nobody else suffers by it.
  s.agent->receive(from_away(kOtherCareOf, kOtherHome), home_update(1, kOtherCareOf));
  CHECK(s.agent->detections() == 1);
  CHECK(s.status(from_away(), home_update(20)) == Status::Accepted);
}

}  // namespace
}  // namespace sallyport::mip6::test::home_agent_bindings_test
