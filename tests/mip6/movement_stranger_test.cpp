// What anybody on a link can say there, and what that makes of the place where the node is.
#include <catch2/catch.hpp>

#include "tests/mip6/movement_scene.h"

namespace sallyport::mip6::test::movement_stranger_test {
namespace {

RouterAdvertisement silent_about_lifetime(const Address& router) {
  return {.source = router, .lifetime = RouterLifetime{0}};
}

TEST_CASE("MN-01: the home prefix on the link where our router answers is not taken for home") {
  MovementScene scene;
  scene.settle(kRouter, kPrefixA);
  scene.hear(kSecondRouter, kHomePrefix);
  CHECK(scene.care_of() == kCareOf);
  REQUIRE(scene.fakes.discovery.probes.size() == 1);
  SECTION("it does") {
    scene.fakes.discovery.finish_probes(Reachability::Reachable);
    scene.hear(kSecondRouter, kHomePrefix);
    scene.movement.set_home_prefixes({kHomePrefix});
    CHECK(scene.care_of() == kCareOf);
    CHECK(scene.listener.care_ofs() == std::vector{kCareOf});
  }
  SECTION("it does not: that is movement") {
    scene.fakes.discovery.finish_probes(Reachability::Unreachable);
    REQUIRE(scene.movement.attachment());
    CHECK_FALSE(scene.care_of());
    CHECK(scene.listener.detachments == 0);
  }
}

TEST_CASE("MN-07: of a new place is told before there is a way out by it") {
  struct Careful final : MovementListener {
    explicit Careful(FakeAddresses& addresses) : setup(addresses) {}
    void arriving(const Attachment&) override { had_router.push_back(setup.routers[kLink]); }
    void attached(const Attachment&) override { had_router.push_back(setup.routers[kLink]); }
    void detached() override {}
    FakeAddresses& setup;
    std::vector<std::optional<Address>> had_router;
  };
  FakeSurroundings fakes;
  Careful listener(fakes.addresses);
  MovementDetection movement({.clock = fakes.clock,
                              .timers = fakes.timers,
                              .random = fakes.random,
                              .neighbours = fakes.neighbours,
                              .discovery = fakes.discovery,
                              .addresses = fakes.addresses},
                             {}, listener);
  movement.advertised(kLink, advertisement(kRouter, kPrefixA));
  fakes.neighbours.finish_detection();
  CHECK(listener.had_router == std::vector<std::optional<Address>>{std::nullopt, kRouter});
}

TEST_CASE("MN-01: after a hint the home link is taken at once") {
  MovementScene scene;
  scene.settle(kRouter, kPrefixA);
  scene.movement.link_moved(kLink);
  scene.hear(kSecondRouter, kHomePrefix);
  REQUIRE(scene.movement.attachment());
  CHECK_FALSE(scene.care_of());
}

TEST_CASE("MN-01: a home prefix whose lifetime is over is no home any more") {
  MovementScene scene;
  RouterAdvertisement told = advertisement(kRouter, kHomePrefix);
  told.prefixes[0].valid = PrefixLifetime{10};
  told.prefixes.push_back(advertisement(kRouter, kPrefixE).prefixes[0]);
  scene.movement.advertised(kLink, told);
  CHECK_FALSE(scene.care_of());
  scene.fakes.pass(seconds{11});
  scene.fakes.neighbours.finish_detection();
  CHECK(scene.care_of() == kAtE);
}

TEST_CASE("MN-01: who has no router asks no more often because one says that it is none") {
  MovementScene scene;
  scene.movement.link_up(kLink);
  scene.movement.link_up(kOtherLink);
  scene.fakes.discovery.solicited.clear();
  for (int i = 0; i < 20; ++i) {
    scene.movement.advertised(kLink, silent_about_lifetime(kRouter));
    RouterAdvertisement useless = advertisement(kSecondRouter, kPrefixA);
    useless.prefixes[0].flags = {PrefixFlag::OnLink};
    scene.movement.advertised(kLink, useless);
    scene.fakes.pass(milliseconds{100});
  }
  CHECK(scene.fakes.discovery.solicited.empty());
  // Who had one asks all links, once.
  scene.settle(kRouter, kPrefixA);
  scene.movement.advertised(kLink, silent_about_lifetime(kRouter));
  CHECK(scene.fakes.discovery.solicited == std::vector{kLink, kOtherLink});
}

TEST_CASE("MN-01: a router that is silent while another link's is heard is probed") {
  MovementScene scene;
  scene.settle(kRouter, kPrefixA);
  scene.fakes.pass(seconds{29});
  scene.hear(kSecondRouter, kPrefixE, kOtherLink);
  CHECK(scene.fakes.discovery.probes.empty());
  scene.fakes.pass(seconds{1});
  scene.hear(kSecondRouter, kPrefixE, kOtherLink);
  REQUIRE(scene.fakes.discovery.probes.size() == 1);
  scene.fakes.discovery.finish_probes(Reachability::Unreachable);
  scene.fakes.neighbours.finish_detection();
  CHECK(scene.care_of() == kAtE);
  CHECK(scene.movement.attachment()->link == kOtherLink);
}

TEST_CASE("MN-01: the operator's first link goes before one whose router was heard later") {
  MovementScene scene({.links = {kOtherLink, kLink}});
  scene.settle(kRouter, kPrefixA, PortId{3});
  scene.hear(kRouter, kPrefixE, kOtherLink);
  scene.fakes.pass(seconds{1});
  scene.hear(kRouter, kPrefixA, kLink);
  scene.movement.link_down(PortId{3});
  scene.fakes.neighbours.finish_detection();
  REQUIRE(scene.movement.attachment());
  CHECK(scene.movement.attachment()->link == kOtherLink);
}

TEST_CASE("MN-01: one link's routers take no places from another link, nor from one under check") {
  MovementScene scene;
  scene.hear(kRouter, kPrefixA, kOtherLink);  // its address is being checked
  scene.hear(kSecondRouter, kPrefixE, kOtherLink);
  const auto flood = [&scene](PortId link) {
    for (unsigned i = 0; i < 100; ++i) {
      scene.fakes.pass(milliseconds{10});
      Address router = ip("fe80::1:0");
      router.bytes[15] = static_cast<std::uint8_t>(i);
      scene.hear(router, {ip("2001:db8:f::"), 64}, link);
    }
  };
  SECTION("of another link") { flood(kLink); }
  SECTION("of the same") { flood(kOtherLink); }
  scene.fakes.neighbours.finish_detection();
  CHECK(scene.care_of() == kCareOf);
}

TEST_CASE("MN-01: a prefix of which no address could be had is tried again after a while") {
  MovementScene scene;
  const auto try_all = [&scene] {
    for (int i = 0; i < 3; ++i)
      for (auto& [key, detected] : std::exchange(scene.fakes.neighbours.pending, {}))
        detected(NeighbourProxy::Uniqueness::Duplicate);
  };
  scene.hear(kRouter, kPrefixA);
  try_all();
  scene.hear(kRouter, kPrefixA);
  REQUIRE(scene.fakes.neighbours.pending.empty());
  SECTION("five minutes") { scene.fakes.pass(std::chrono::minutes{5}); }
  SECTION("sooner where the link may be another one") { scene.movement.link_moved(kLink); }
  SECTION("or was down") {
    scene.movement.link_down(kLink);
    scene.movement.link_up(kLink);
  }
  scene.settle(kRouter, kPrefixA);
  CHECK(scene.care_of() == kCareOf);
}

TEST_CASE("MN-01: the care-of address before is kept for what comes, without its link's prefix") {
  MovementScene scene({.switching = MovementDetection::Switching::Eager});
  scene.settle(kRouter, kPrefixA);
  CHECK(scene.fakes.addresses.own.at({kLink, kCareOf}).length == 64);
  scene.settle(kSecondRouter, kPrefixE);
  CHECK(scene.fakes.addresses.own.at({kLink, kCareOf}).length == 128);
  CHECK(scene.fakes.addresses.own.at({kLink, kAtE}).length == 64);
}

TEST_CASE("MN-01: a care-of address of an hour is not ended by a lifetime of nothing") {
  MovementScene scene;
  scene.settle(kRouter, kPrefixA);
  RouterAdvertisement withdrawn = advertisement(kRouter, kPrefixA);
  withdrawn.prefixes[0].valid = withdrawn.prefixes[0].preferred = PrefixLifetime{0};
  SECTION("where there is no other") {
    scene.movement.advertised(kLink, withdrawn);
    CHECK(scene.care_of() == kCareOf);
    CHECK(scene.listener.detachments == 0);
    scene.fakes.pass(std::chrono::minutes{61});
    CHECK_FALSE(scene.care_of());
  }
  SECTION("it is not preferred any more") {
    withdrawn.prefixes.push_back(advertisement(kRouter, kPrefixE).prefixes[0]);
    scene.movement.advertised(kLink, withdrawn);
    scene.fakes.neighbours.finish_detection();
    CHECK(scene.care_of() == kAtE);
  }
  SECTION("what is longer ends after two hours") {
    RouterAdvertisement told = advertisement(kRouter, kPrefixA);
    told.lifetime = RouterLifetime{9000};
    told.prefixes[0].valid = PrefixLifetime{86400};
    scene.movement.advertised(kLink, told);
    withdrawn.lifetime = RouterLifetime{9000};
    scene.movement.advertised(kLink, withdrawn);
    scene.fakes.pass(std::chrono::minutes{119});
    CHECK(scene.care_of() == kCareOf);
    scene.fakes.pass(std::chrono::minutes{2});
    CHECK_FALSE(scene.care_of());
  }
}

TEST_CASE("MN-01: an advertisement in our router's name does not do away with it") {
  MovementScene scene;
  scene.movement.link_up(kLink);
  scene.settle(kRouter, kPrefixA);
  scene.fakes.discovery.solicited.clear();
  for (int i = 0; i < 3; ++i) scene.hear(kRouter, kPrefixE);
  CHECK(scene.care_of() == kCareOf);
  CHECK(scene.fakes.discovery.solicited == std::vector{kLink});
  scene.hear(kRouter, kPrefixA);  // what it answers
  scene.fakes.pass(seconds{10});
  CHECK(scene.listener.care_ofs() == std::vector{kCareOf});
  CHECK(scene.listener.detachments == 0);
}

}  // namespace
}  // namespace sallyport::mip6::test::movement_stranger_test
