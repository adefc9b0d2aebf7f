// A mobile node, its home agent and a correspondent: attach, optimise, move, return home; once as
// it should be, and once for each message that may be lost.
#include <catch2/catch.hpp>

#include "tests/mip6/mobility_network.h"

namespace sallyport::mip6::test::mobility_together_test {
namespace {

using Link = MobilityNetwork::Link;

const Address kAtC = ip("2001:db8:e::100");
constexpr Duration kLong = seconds{40};  // enough for any one loss

MobileNodeSettings settings() {
  return {.home_address = kHome, .home_prefix = {kHome, 64}, .home_agents = {kHomeAgent}};
}

void attach(MobilityNetwork& network) {
  network.plug(Link::B);
  network.pass(kLong);
  CHECK(network.at_home_agent() == kCareOf);
  CHECK(network.node.registered_care_of() == kCareOf);
  CHECK(network.mobile.tunnels.ends_at[kHome] == kCareOf);
  CHECK(network.home.tunnels.ends_at[kHome] == kCareOf);
  CHECK(network.home.neighbours.serves(kHomePort, kHome));
  CHECK_FALSE(network.has_home_address());
}

void optimise(MobilityNetwork& network) {
  network.node.optimise(kCorrespondent);
  network.pass(kLong);
  CHECK(network.at_correspondent() == kCareOf);
  CHECK(network.route() == kCareOf);
}

void move(MobilityNetwork& network) {
  network.plug(Link::C);
  network.pass(kLong);
  CHECK(network.at_home_agent() == kAtC);
  CHECK(network.node.registered_care_of() == kAtC);
  CHECK(network.mobile.tunnels.ends_at[kHome] == kAtC);
  CHECK(network.home.tunnels.ends_at[kHome] == kAtC);
  CHECK(network.at_correspondent() == kAtC);
  CHECK(network.route() == kAtC);
}

void come_home(MobilityNetwork& network) {
  network.plug(Link::Home);
  network.pass(kLong);
  CHECK_FALSE(network.at_home_agent());
  CHECK(network.has_home_address());
  CHECK(network.mobile.tunnels.ends_at.empty());
  CHECK(network.home.tunnels.ends_at.empty());
  CHECK_FALSE(network.home.neighbours.serves(kHomePort, kHome));
  CHECK_FALSE(network.at_correspondent());
  CHECK(network.mobile.bindings.bindings.empty());
  CHECK(network.node.correspondents().size() == 0);
  CHECK(network.mobile.discovery.announced.size() == 2);
}

void travel(MobilityNetwork& network) {
  attach(network);
  optimise(network);
  move(network);
  come_home(network);
}

std::size_t count(const MobilityNetwork& network, MessageType type) {
  return static_cast<std::size_t>(std::ranges::count(network.order, type));
}

TEST_CASE(
    "MN-02, RR-08, MN-09, MAPI-02: attach, optimise, move, return home: no message too many") {
  MobilityNetwork network(settings());
  travel(network);
  using enum MessageType;
  CHECK(network.order ==
        std::vector{BindingUpdate, BindingAcknowledgement,               // attach
                    HomeTestInit, CareOfTestInit, HomeTest, CareOfTest,  // optimise
                    BindingUpdate, BindingAcknowledgement, BindingUpdate,
                    BindingAcknowledgement,  // move
                    CareOfTestInit, CareOfTest, BindingUpdate, BindingAcknowledgement,
                    BindingUpdate, BindingAcknowledgement,  // return home
                    BindingUpdate, BindingAcknowledgement});
  CHECK(network.home.events.count(EventKind::Refused) == 0);
  CHECK(network.peer.events.count(EventKind::Refused) == 0);
  CHECK(network.mobile.events.count(EventKind::Refused) == 0);
}

TEST_CASE("MN-03, RR-01, MAPI-05: any one message lost, it all comes to the same end") {
  MobilityNetwork whole(settings());
  travel(whole);
  for (std::size_t lost = 0; lost < whole.messages(); ++lost) {
    CAPTURE(lost);
    MobilityNetwork network(settings());
    network.lose(lost);
    travel(network);
    CHECK(network.messages() > whole.messages());
  }
}

TEST_CASE("MN-03: moves in the middle of everything end where the last one leads") {
  for (int delay = 0; delay < 40; ++delay) {
    CAPTURE(delay);
    MobilityNetwork network(settings());
    attach(network);
    network.node.optimise(kCorrespondent);
    network.pass(milliseconds{50} * delay / 4);
    network.plug(Link::C);
    network.pass(milliseconds{50} * delay);
    network.plug(Link::Home);
    network.pass(milliseconds{50} * (delay % 7));
    network.plug(Link::B);
    network.pass(kLong);
    CHECK(network.at_home_agent() == kCareOf);
    CHECK(network.node.registered_care_of() == kCareOf);
    CHECK_FALSE(network.has_home_address());
    const auto stale = network.at_correspondent();
    CHECK((!network.route() || network.route() == kCareOf));
    CHECK((!network.route() || stale == kCareOf));
    network.mobile.discovery.announced.clear();
    come_home(network);
  }
}

TEST_CASE(
    "MAPI-06, MAPI-07: with K on both sides IKE follows on both, without it neither goes on") {
  MobilityNetwork network(settings());
  network.mobile.ike.movable = network.home.ike.movable = GENERATE(true, false);
  travel(network);
  const std::vector<std::pair<Address, Address>> follows{{kHome, kAtC}, {kHome, kHome}};
  if (network.mobile.ike.movable) {
    CHECK(network.mobile.ike.moves == follows);
    CHECK(network.mobile.ike.drops.empty());
  } else {
    CHECK(network.mobile.ike.moves.empty());
    CHECK(network.mobile.ike.drops == std::vector{kHome, kHome});
  }
}

TEST_CASE("MN-05, RR-06: bindings that are refreshed live for an hour") {
  MobilityNetwork network(settings());
  attach(network);
  optimise(network);
  for (int minute = 0; minute < 60; ++minute) {
    network.pass(seconds{60});
    CHECK(network.at_home_agent() == kCareOf);
    CHECK(network.at_correspondent() == kCareOf);
    CHECK(network.route() == kCareOf);
  }
  CHECK(network.mobile.events.count(EventKind::Refused) == 0);
  CHECK(count(network, MessageType::BindingRefreshRequest) == 0);
}

TEST_CASE(
    "MN-03: after bindings have ended on both sides the node registers as for the first time") {
  MobilityNetwork network(settings());
  attach(network);
  // Away for so long that the binding has ended on both sides.
  network.plug(Link::None);
  network.pass(seconds{700});
  CHECK_FALSE(network.at_home_agent());
  attach(network);
}

TEST_CASE("MAPI-08: home and away three times over, with a correspondent each time") {
  MobilityNetwork network(settings());
  for (int round = 0; round < 3; ++round) {
    attach(network);
    optimise(network);
    network.mobile.discovery.announced.clear();
    come_home(network);
  }
  CHECK(network.mobile.tunnels.deactivated.size() == 3);
}

}  // namespace
}  // namespace sallyport::mip6::test::mobility_together_test
