// What becomes of IKE SAs and tunnels as a node moves: the flag K.
#include <catch2/catch.hpp>

#include "tests/mip6/home_agent_scene.h"

namespace sallyport::mip6::test::home_agent_ike_test {
namespace {

using Status = BindingStatus;

BindingUpdate with_key(BindingUpdate update) {
  return with_flag(std::move(update), UpdateFlag::KeyManagementMobility);
}
bool has_key(const std::optional<BindingAcknowledgement>& answer) {
  REQUIRE(answer);
  return answer->flags.has(AcknowledgementFlag::KeyManagementMobility);
}

TEST_CASE("HA-09, MAPI-06: with K on both sides the IKE SA follows the node, out and home") {
  HomeAgentScene s;
  s.around.ike.movable = true;
  CHECK(has_key(s.ask(from_away(), with_key(home_update(1)))));
  CHECK(has_key(s.ask(from_away(kOtherCareOf), with_key(home_update(2, kOtherCareOf)))));
  CHECK(has_key(s.ask(from_home(), with_key(deletion(3)))));
  using Moves = std::vector<std::pair<Address, Address>>;
  CHECK(s.around.ike.moves == Moves{{kHome, kCareOf}, {kHome, kOtherCareOf}, {kHome, kHome}});
  CHECK(s.around.ike.drops.empty());
}

TEST_CASE("HA-09: K is answered only where it was asked for and can be had") {
  HomeAgentScene asked;
  CHECK_FALSE(has_key(asked.ask(from_away(), with_key(home_update(1)))));  // IKE cannot
  HomeAgentScene able;
  able.around.ike.movable = true;
  CHECK_FALSE(has_key(able.ask(from_away(), home_update(1))));
  CHECK(able.around.ike.moves.empty());
  for (const Service service : {Service::PrefixDiscovery, Service::ManualKeys}) {
    HomeAgentConfig config = home_agent_config();
    config.nodes[0].services = {service, Service::MobileRouter};
    HomeAgentScene s(config);
    s.around.ike.movable = true;
    CHECK_FALSE(has_key(s.ask(from_away(), with_key(home_update(1)))));
  }
}

TEST_CASE("HA-09: without K the IKE SA of the place before ends at each move, at a refresh not") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(), home_update(1)) == Status::Accepted);
  CHECK(s.around.ike.drops.size() == 1);
  REQUIRE(s.status(from_away(), home_update(2)) == Status::Accepted);
  CHECK(s.around.ike.drops.size() == 1);
  REQUIRE(s.status(from_away(kOtherCareOf), home_update(3, kOtherCareOf)) == Status::Accepted);
  CHECK(s.around.ike.drops.size() == 2);
  REQUIRE(s.status(from_home(), deletion(4)) == Status::Accepted);
  CHECK(s.around.ike.drops.size() == 3);
  CHECK(s.around.ike.moves.empty());
}

TEST_CASE("HA-09: an update that is refused moves nothing") {
  HomeAgentScene s;
  s.around.ike.movable = true;
  CHECK(s.status(from_away(kOtherHome), with_key(home_update(1, kOtherHome))) ==
        Status::InvalidCareOfAddress);
  CHECK(s.around.ike.moves.empty());
  CHECK(s.around.ike.drops.empty());
  CHECK(s.around.tunnels.moves.empty());
}

TEST_CASE("MAPI-02: tunnels have moved when the acknowledgement goes out") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(), home_update(1)) == Status::Accepted);
  REQUIRE(s.status(from_away(kOtherCareOf), home_update(2, kOtherCareOf)) == Status::Accepted);
  using Moves = std::vector<std::pair<Address, Address>>;
  CHECK(s.around.tunnels.moves == Moves{{kHome, kCareOf}, {kHome, kOtherCareOf}});
}

TEST_CASE("MAPI-08: at home tunnels are inactive, and active again with the next move") {
  HomeAgentScene s;
  std::uint16_t sequence = 0;
  for (int round = 0; round < 3; ++round) {
    REQUIRE(s.status(from_away(), home_update(++sequence)) == Status::Accepted);
    CHECK(s.around.tunnels.ends_at.contains(kHome));
    REQUIRE(s.status(from_home(), deletion(++sequence)) == Status::Accepted);
    CHECK_FALSE(s.around.tunnels.ends_at.contains(kHome));
  }
}

}  // namespace
}  // namespace sallyport::mip6::test::home_agent_ike_test
