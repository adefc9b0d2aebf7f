#include "mip6/prefix_solicitation_client.h"

#include <catch2/catch.hpp>

#include "tests/mip6/mobile_node_route_scene.h"

namespace sallyport::mip6::test::prefix_solicitation_client_test {
namespace {

// The solicitations since the last time.
std::vector<MobilePrefixSolicitation> solicitations(FakeSurroundings& fakes) {
  std::vector<MobilePrefixSolicitation> found;
  for (const SentMessage& sent : fakes.sender.take()) {
    if (sent.departure.protocol != 58) continue;
    CHECK(sent.departure.source == kHome);
    CHECK(sent.departure.destination == kHomeAgent);
    CHECK(sent.departure.source_care_of == kCareOf);
    const auto message = parse_discovery_message(sent.octets, kHome, kHomeAgent);
    REQUIRE(message);
    found.push_back(std::get<MobilePrefixSolicitation>(*message));
  }
  return found;
}

MobilePrefixAdvertisement advertisement(std::uint16_t identifier, std::uint32_t valid) {
  return {.identifier = identifier,
          .prefixes = {{.prefix = {ip("2001:db8:b::"), 64},
                        .flags = {PrefixFlag::OnLink, PrefixFlag::Autonomous},
                        .valid = PrefixLifetime{valid},
                        .preferred = PrefixLifetime{valid}}}};
}

struct PrefixScene : MobileNodeScene {
  explicit PrefixScene() { attach(kCareOf); }
  void accept(BindingStatus status) {
    const BindingUpdate update = last_update();
    acknowledge({.status = status, .sequence = update.sequence, .lifetime = update.lifetime});
  }
};

TEST_CASE(
    "MPD-04: status 1 has the prefixes asked for, from 3 s on doubling, with one identifier") {
  PrefixScene scene;
  scene.accept(BindingStatus::AcceptedPrefixDiscovery);
  std::set<std::uint16_t> identifiers;
  const auto times = scene.times_of(seconds{30}, [&] {
    const auto sent = solicitations(scene.fakes);
    for (const auto& one : sent) identifiers.insert(one.identifier);
    return sent.size();
  });
  CHECK(times == std::vector<std::int64_t>{0, 3000, 9000, 21000});
  CHECK(identifiers.size() == 1);
}

TEST_CASE("MPD-04: status 0 has not, and nobody asks who is not registered") {
  PrefixScene scene;
  scene.accept(BindingStatus::Accepted);
  CHECK(solicitations(scene.fakes).empty());
  PrefixScene other;
  other.last_update();
  other.node.receive(MobileNodeScene::from_home_agent(), advertisement(1, 1000));
  CHECK(solicitations(other.fakes).empty());
}

TEST_CASE("MPD-03: an advertisement counts as it should be, and not with anything else about it") {
  PrefixScene scene;
  scene.accept(BindingStatus::AcceptedPrefixDiscovery);
  const std::uint16_t identifier = solicitations(scene.fakes).at(0).identifier;
  Arrival arrival = MobileNodeScene::from_home_agent();
  bool taken = false;
  SECTION("as it should be") { taken = true; }
  SECTION("of another than our home agent") { arrival.source = kOtherAgent; }
  SECTION("without a routing header") { arrival.destination_care_of.reset(); }
  SECTION("not protected") { arrival.protection = Protection::None; }
  SECTION("to another address") { arrival.destination = kCareOf; }
  scene.node.receive(arrival, advertisement(identifier, 1000));
  scene.pass(milliseconds{3100});
  CHECK(solicitations(scene.fakes).size() == (taken ? 0 : 1));
}

TEST_CASE("MPD-03: one that was not asked for has us ask, and is not used") {
  PrefixScene scene;
  scene.accept(BindingStatus::Accepted);
  scene.node.receive(MobileNodeScene::from_home_agent(), advertisement(77, 100));
  const auto asked = solicitations(scene.fakes);
  REQUIRE(asked.size() == 1);
  scene.pass(seconds{451});
  CHECK(scene.last_update().lifetime == BindingLifetime{150});
  // The second answer to one solicitation is not asked for, either.
  PrefixScene again;
  again.accept(BindingStatus::AcceptedPrefixDiscovery);
  const auto first = solicitations(again.fakes).at(0);
  again.node.receive(MobileNodeScene::from_home_agent(), advertisement(first.identifier, 1000));
  again.node.receive(MobileNodeScene::from_home_agent(), advertisement(first.identifier, 10));
  const auto second = solicitations(again.fakes);
  REQUIRE(second.size() == 1);
  CHECK(second[0].identifier != first.identifier);
}

TEST_CASE("MPD-05: no update asks for more than the home prefix has left") {
  PrefixScene scene;
  scene.accept(BindingStatus::AcceptedPrefixDiscovery);
  const auto asked = solicitations(scene.fakes).at(0);
  scene.node.receive(MobileNodeScene::from_home_agent(), advertisement(asked.identifier, 500));
  scene.pass(seconds{100});
  scene.attach(kNewCareOf);
  CHECK(scene.last_update().lifetime == BindingLifetime{100});
}

TEST_CASE("MPD-05: a home prefix that ends sooner has bindings updated that would outlive it") {
  RouteScene scene;
  scene.optimise();
  scene.node.receive(MobileNodeScene::from_home_agent(), advertisement(1, 100));
  const auto asked = solicitations(scene.fakes).at(0);
  scene.pass(seconds{1});
  const bool sooner = GENERATE(true, false);
  scene.node.receive(MobileNodeScene::from_home_agent(),
                     advertisement(asked.identifier, sooner ? 100 : 1000));
  const auto updates = only<BindingUpdate>(scene.fakes.sender.take());
  REQUIRE(updates.size() == (sooner ? 1 : 0));
  if (sooner) CHECK(updates[0].lifetime == BindingLifetime{25});
}

TEST_CASE("MPD-04: before the home prefix ends it is asked for again") {
  PrefixScene scene;
  scene.accept(BindingStatus::AcceptedPrefixDiscovery);
  const auto asked = solicitations(scene.fakes).at(0);
  scene.node.receive(MobileNodeScene::from_home_agent(), advertisement(asked.identifier, 400));
  scene.pass(seconds{355});
  CHECK(solicitations(scene.fakes).empty());
  scene.pass(seconds{7});
  CHECK(solicitations(scene.fakes).size() == 1);
}

TEST_CASE(
    "MPD-04: a link that was gone for a while does not have the end of the prefix forgotten") {
  PrefixScene scene;
  scene.accept(BindingStatus::AcceptedPrefixDiscovery);
  const auto asked = solicitations(scene.fakes).at(0);
  scene.node.receive(MobileNodeScene::from_home_agent(), advertisement(asked.identifier, 400));
  scene.node.detached();
  SECTION("not over yet") {
    scene.pass(seconds{5});
    scene.attach(kCareOf);
    scene.pass(seconds{350});
    CHECK(solicitations(scene.fakes).empty());
    scene.pass(seconds{7});
  }
  SECTION("or over since") {
    scene.pass(seconds{600});
    scene.attach(kCareOf);
    const BindingUpdate update = scene.last_update();
    CHECK(update.lifetime == BindingLifetime{1});
    scene.acknowledge({.sequence = update.sequence, .lifetime = update.lifetime});
    scene.pass(seconds{1});
  }
  CHECK(solicitations(scene.fakes).size() == 1);
}

TEST_CASE("MPD-05: at home the prefix is what its router says, and no end of before holds") {
  PrefixScene scene;
  scene.accept(BindingStatus::AcceptedPrefixDiscovery);
  const auto asked = solicitations(scene.fakes).at(0);
  scene.node.receive(MobileNodeScene::from_home_agent(), advertisement(asked.identifier, 100));
  scene.go_home();
  scene.acknowledge({.sequence = scene.last_update().sequence});
  scene.pass(seconds{200});
  scene.attach(kCareOf);
  CHECK(scene.last_update().lifetime == BindingLifetime{150});
}

}  // namespace
}  // namespace sallyport::mip6::test::prefix_solicitation_client_test
