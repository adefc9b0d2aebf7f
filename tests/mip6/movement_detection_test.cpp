#include <catch2/catch.hpp>

#include "tests/mip6/movement_scene.h"

namespace sallyport::mip6::test::movement_detection_test {
namespace {

TEST_CASE("MN-01: a care-of address is of prefix and identifier, and used once it is unique") {
  MovementScene scene;
  scene.movement.link_up(kLink);
  CHECK(scene.fakes.discovery.solicited == std::vector{kLink});
  scene.hear(kRouter, kPrefixA);
  CHECK(scene.listener.places.empty());
  CHECK_FALSE(scene.has(kCareOf));
  scene.fakes.neighbours.finish_detection();
  REQUIRE(scene.listener.places.size() == 1);
  CHECK(scene.care_of() == kCareOf);
  CHECK(scene.listener.places[0].router == kRouter);
  CHECK(scene.has(kCareOf));
  CHECK(scene.fakes.addresses.routers[kLink] == kRouter);
}

TEST_CASE("MN-01: optimistic detection uses the address at once") {
  MovementScene scene({.duplicates = MovementDetection::Duplicates::Optimistic});
  scene.hear(kRouter, kPrefixA);
  CHECK(scene.care_of() == kCareOf);
  CHECK(scene.fakes.neighbours.pending.size() == 1);
  scene.fakes.neighbours.finish_detection();
  CHECK(scene.listener.care_ofs() == std::vector{kCareOf});
}

TEST_CASE("MN-01: an address in use by optimism is given up when it is somebody else's") {
  MovementScene scene({.duplicates = MovementDetection::Duplicates::Optimistic});
  scene.fakes.neighbours.taken = {kCareOf};
  scene.hear(kRouter, kPrefixA);
  scene.fakes.neighbours.finish_detection();
  REQUIRE(scene.care_of());
  CHECK(*scene.care_of() != kCareOf);
  CHECK(kPrefixA.contains(*scene.care_of()));
  CHECK_FALSE(scene.has(kCareOf));
  CHECK(scene.has(*scene.care_of()));
}

TEST_CASE("MN-01: an address that is somebody else's is replaced by one with a random identifier") {
  MovementScene scene;
  scene.fakes.neighbours.taken = {kCareOf};
  scene.hear(kRouter, kPrefixA);
  scene.fakes.neighbours.finish_detection();
  CHECK(scene.listener.places.empty());
  scene.fakes.neighbours.finish_detection();
  REQUIRE(scene.care_of());
  CHECK(kPrefixA.contains(*scene.care_of()));
  CHECK_FALSE(scene.has(kCareOf));
}

TEST_CASE("MN-01: after three addresses that are taken the prefix is left alone") {
  struct All final : NeighbourProxy {
    void detect(PortId, const Address& address, Detected detected) override {
      asked.push_back(address);
      waiting.push_back(std::move(detected));
    }
    void serve(PortId, const Address&, Role) override {}
    void stop(PortId, const Address&) override {}
    std::vector<Address> asked;
    std::vector<Detected> waiting;
  } all;
  FakeSurroundings fakes;
  PlacesHeard listener;
  MovementDetection movement({.clock = fakes.clock,
                              .timers = fakes.timers,
                              .random = fakes.random,
                              .neighbours = all,
                              .discovery = fakes.discovery,
                              .addresses = fakes.addresses},
                             {}, listener);
  movement.advertised(kLink, advertisement(kRouter, kPrefixA));
  while (!all.waiting.empty())
    for (auto& answer : std::exchange(all.waiting, {}))
      answer(NeighbourProxy::Uniqueness::Duplicate);
  CHECK(all.asked.size() == 3);
  movement.advertised(kLink, advertisement(kRouter, kPrefixA));
  CHECK(all.asked.size() == 3);
  CHECK(listener.places.empty());
}

TEST_CASE("MN-01: prefixes that make no addresses are passed over") {
  MovementScene scene;
  RouterAdvertisement told = advertisement(kRouter, kPrefixA);
  SECTION("not for autonomous addresses") { told.prefixes[0].flags = {PrefixFlag::OnLink}; }
  SECTION("of another length") { told.prefixes[0].prefix.length = 56; }
  SECTION("link-local") { told.prefixes[0].prefix = {ip("fe80::"), 64}; }
  SECTION("multicast") { told.prefixes[0].prefix = {ip("ff0e::"), 64}; }
  SECTION("not valid any more") { told.prefixes[0].valid = PrefixLifetime{0}; }
  scene.movement.advertised(kLink, told);
  CHECK(scene.fakes.neighbours.pending.empty());
  // The next one that makes an address is taken.
  told.prefixes.push_back(advertisement(kRouter, kPrefixE).prefixes[0]);
  scene.movement.advertised(kLink, told);
  scene.fakes.neighbours.finish_detection();
  CHECK(scene.care_of() == kAtE);
}

TEST_CASE("MN-01: a preferred prefix goes before one that is only valid") {
  MovementScene scene;
  RouterAdvertisement told = advertisement(kRouter, kPrefixA);
  told.prefixes[0].preferred = PrefixLifetime{0};
  told.prefixes.push_back(advertisement(kRouter, kPrefixE).prefixes[0]);
  scene.movement.advertised(kLink, told);
  scene.fakes.neighbours.finish_detection();
  CHECK(scene.care_of() == kAtE);
}

TEST_CASE("MN-01: home is where a home prefix is advertised, without a care-of address") {
  MovementScene scene;
  scene.hear(kRouter, kHomePrefix);
  REQUIRE(scene.listener.places.size() == 1);
  CHECK_FALSE(scene.listener.places[0].care_of);
  CHECK(scene.fakes.neighbours.pending.empty());
  CHECK(scene.fakes.addresses.own.empty());
}

TEST_CASE("MN-01: what the home router tells of itself is passed on") {
  MovementScene scene;
  RouterAdvertisement told = advertisement(kRouter, {kHomeAgent, 64});
  told.prefixes[0].flags = {PrefixFlag::OnLink, PrefixFlag::Autonomous, PrefixFlag::RouterAddress};
  told.link_address = MacAddress{{2, 0, 0, 0, 0, 9}};
  scene.movement.advertised(kLink, told);
  REQUIRE(scene.movement.attachment());
  CHECK(scene.movement.attachment()->router_addresses == std::vector{kHomeAgent});
  CHECK(scene.movement.attachment()->router_link_address == told.link_address);
}

TEST_CASE("MN-01: the home link is taken as soon as it is there") {
  MovementScene scene;
  scene.settle(kRouter, kPrefixA);
  scene.hear(kSecondRouter, kHomePrefix, kOtherLink);
  REQUIRE(scene.movement.attachment());
  CHECK(scene.movement.attachment()->link == kOtherLink);
  CHECK_FALSE(scene.care_of());
}

TEST_CASE("MN-01: a new router on the link is no movement while ours answers") {
  MovementScene scene;
  scene.settle(kRouter, kPrefixA);
  scene.hear(kSecondRouter, kPrefixE);
  REQUIRE(scene.fakes.discovery.probes.size() == 1);
  CHECK(scene.fakes.discovery.probes[0].first == kRouter);
  scene.fakes.discovery.finish_probes(Reachability::Reachable);
  scene.fakes.neighbours.finish_detection();
  CHECK(scene.listener.care_ofs() == std::vector{kCareOf});
}

TEST_CASE("MN-01: a new router on the link and no answer of ours is movement") {
  MovementScene scene;
  scene.settle(kRouter, kPrefixA);
  scene.hear(kSecondRouter, kPrefixE);
  scene.fakes.discovery.finish_probes(Reachability::Unreachable);
  scene.fakes.neighbours.finish_detection();
  CHECK(scene.listener.care_ofs() == std::vector{kCareOf, kAtE});
  CHECK(scene.has(kAtE));
  CHECK_FALSE(scene.has(kCareOf));
  CHECK(scene.listener.detachments == 0);
}

TEST_CASE("MN-01: eager switching takes a new router with new prefixes at once") {
  MovementScene scene({.switching = MovementDetection::Switching::Eager});
  scene.settle(kRouter, kPrefixA);
  scene.settle(kSecondRouter, kPrefixE);
  CHECK(scene.listener.care_ofs() == std::vector{kCareOf, kAtE});
  // The address before is kept as long as its router is.
  CHECK(scene.has(kCareOf));
  scene.movement.router_unreachable(kLink, kRouter);
  CHECK_FALSE(scene.has(kCareOf));
  CHECK(scene.care_of() == kAtE);
}

TEST_CASE("MN-01: another router of the same prefix is the same place") {
  MovementScene scene;
  scene.settle(kRouter, kPrefixA);
  scene.hear(kSecondRouter, kPrefixA);
  CHECK(scene.fakes.discovery.probes.empty());
  scene.movement.router_unreachable(kLink, kRouter);
  CHECK(scene.care_of() == kCareOf);
  CHECK(scene.movement.attachment()->router == kSecondRouter);
  CHECK(scene.fakes.addresses.routers[kLink] == kSecondRouter);
  CHECK(scene.fakes.neighbours.pending.empty());
}

TEST_CASE("MN-01: another link whose router has the same link-local address is movement") {
  MovementScene scene;
  scene.settle(kRouter, kPrefixA);
  SECTION("at once after a hint") { scene.movement.link_moved(kLink); }
  SECTION("or where it does not answer with what it had") {}
  scene.settle(kRouter, kPrefixE);
  scene.fakes.pass(seconds{4});
  scene.fakes.neighbours.finish_detection();
  CHECK(scene.listener.care_ofs() == std::vector{kCareOf, kAtE});
  CHECK_FALSE(scene.has(kCareOf));
}

TEST_CASE("MN-01: too many advertisements missed have the router probed") {
  MovementScene scene;
  RouterAdvertisement told = advertisement(kRouter, kPrefixA);
  told.advertisement_interval = RouterInterval{1000};
  scene.movement.advertised(kLink, told);
  scene.fakes.neighbours.finish_detection();
  scene.fakes.pass(milliseconds{2900});
  CHECK(scene.fakes.discovery.probes.empty());
  scene.fakes.pass(milliseconds{200});
  CHECK(scene.fakes.discovery.probes.size() == 1);
  SECTION("it answers, and is probed anew after the same time") {
    scene.fakes.discovery.finish_probes(Reachability::Reachable);
    scene.fakes.pass(milliseconds{2900});
    CHECK(scene.fakes.discovery.probes.empty());
    scene.fakes.pass(milliseconds{200});
    CHECK(scene.fakes.discovery.probes.size() == 1);
    CHECK(scene.listener.detachments == 0);
  }
  SECTION("it does not, and there is no other") {
    scene.fakes.discovery.finish_probes(Reachability::Unreachable);
    CHECK(scene.listener.detachments == 1);
    CHECK_FALSE(scene.has(kCareOf));
    CHECK(scene.fakes.addresses.routers[kLink] == std::nullopt);
  }
}

TEST_CASE("MN-01: an advertised interval next to nothing does not have us probe all the time") {
  MovementScene scene;
  RouterAdvertisement told = advertisement(kRouter, kPrefixA);
  told.advertisement_interval = RouterInterval{1};
  scene.movement.advertised(kLink, told);
  scene.fakes.neighbours.finish_detection();
  scene.fakes.pass(milliseconds{200});
  CHECK(scene.fakes.discovery.probes.empty());
}

TEST_CASE("MN-01: a router whose lifetime is over is none any more") {
  MovementScene scene;
  RouterAdvertisement told = advertisement(kRouter, kPrefixA);
  told.lifetime = RouterLifetime{10};
  scene.movement.advertised(kLink, told);
  scene.fakes.neighbours.finish_detection();
  SECTION("by time") {
    scene.fakes.pass(seconds{9});
    CHECK(scene.listener.detachments == 0);
    scene.fakes.pass(seconds{2});
    CHECK(scene.listener.detachments == 1);
  }
  SECTION("by its own word") {
    told.lifetime = RouterLifetime{0};
    scene.movement.advertised(kLink, told);
    CHECK(scene.listener.detachments == 1);
  }
}

TEST_CASE("MN-01: a care-of address whose prefix is deprecated gives way to a preferred one") {
  MovementScene scene;
  RouterAdvertisement told = advertisement(kRouter, kPrefixA);
  told.prefixes[0].preferred = PrefixLifetime{10};
  told.prefixes.push_back(advertisement(kRouter, kPrefixE).prefixes[0]);
  scene.movement.advertised(kLink, told);
  scene.fakes.neighbours.finish_detection();
  CHECK(scene.care_of() == kCareOf);
  scene.fakes.pass(seconds{11});
  scene.fakes.neighbours.finish_detection();
  CHECK(scene.care_of() == kAtE);
}

TEST_CASE("MN-01: a deprecated prefix is used on where there is no other, until it ends") {
  MovementScene scene;
  RouterAdvertisement told = advertisement(kRouter, kPrefixA);
  told.prefixes[0].preferred = PrefixLifetime{10};
  told.prefixes[0].valid = PrefixLifetime{20};
  scene.movement.advertised(kLink, told);
  scene.fakes.neighbours.finish_detection();
  scene.fakes.pass(seconds{15});
  CHECK(scene.care_of() == kCareOf);
  CHECK(scene.listener.detachments == 0);
  scene.fakes.pass(seconds{6});
  CHECK(scene.listener.detachments == 1);
}

TEST_CASE("MN-01: a link that goes down takes its address along, another link takes over") {
  MovementScene scene;
  scene.settle(kRouter, kPrefixA);
  scene.hear(kSecondRouter, kPrefixE, kOtherLink);
  CHECK(scene.fakes.neighbours.pending.empty());
  scene.movement.link_down(kLink);
  scene.fakes.neighbours.finish_detection();
  CHECK(scene.care_of() == kAtE);
  CHECK(scene.movement.attachment()->link == kOtherLink);
  CHECK_FALSE(scene.has(kCareOf));
  CHECK(scene.fakes.addresses.routers[kLink] == std::nullopt);
}

TEST_CASE("MN-01: a hint of the link has the router looked for and ours probed") {
  MovementScene scene;
  scene.settle(kRouter, kPrefixA);
  scene.fakes.discovery.solicited.clear();
  scene.movement.link_moved(kLink);
  CHECK(scene.fakes.discovery.solicited == std::vector{kLink});
  CHECK(scene.fakes.discovery.probes.size() == 1);
  scene.movement.link_moved(kLink);
  CHECK(scene.fakes.discovery.probes.size() == 1);
}

TEST_CASE("MN-01: after a hint a new router is taken at once, unless ours is heard first") {
  MovementScene moved;
  moved.settle(kRouter, kPrefixA);
  moved.movement.link_moved(kLink);
  moved.settle(kSecondRouter, kPrefixE);
  CHECK(moved.care_of() == kAtE);

  MovementScene stayed;
  stayed.settle(kRouter, kPrefixA);
  stayed.movement.link_moved(kLink);
  stayed.hear(kRouter, kPrefixA);
  stayed.settle(kSecondRouter, kPrefixE);
  CHECK(stayed.care_of() == kCareOf);
}

TEST_CASE("MN-01: answers about an address that is not wanted any more change nothing") {
  MovementScene scene;
  scene.hear(kRouter, kPrefixA);
  scene.movement.link_down(kLink);
  scene.fakes.neighbours.finish_detection();
  CHECK(scene.listener.places.empty());
  CHECK(scene.fakes.addresses.own.empty());
}

TEST_CASE("MN-01: routers beyond the sixteenth replace the oldest, never ours") {
  MovementScene scene;
  scene.settle(kRouter, kPrefixA);
  for (unsigned i = 0; i < 100; ++i) {
    scene.fakes.pass(milliseconds{100});
    Address router = ip("fe80::1:0");
    router.bytes[15] = static_cast<std::uint8_t>(i);
    scene.hear(router, kPrefixA);
  }
  CHECK(scene.care_of() == kCareOf);
  CHECK(scene.movement.attachment()->router == kRouter);
  RouterTable table;
  for (unsigned i = 0; i < 100; ++i) {
    RouterAdvertisement told = advertisement(kRouter, kPrefixA);
    for (unsigned j = 0; j < 40; ++j) {
      told.prefixes.push_back(told.prefixes[0]);
      told.prefixes.back().prefix.address.bytes[7] = static_cast<std::uint8_t>(j + 1);
    }
    Address router = kRouter;
    router.bytes[14] = static_cast<std::uint8_t>(i);
    const KnownRouter& known = table.update({kLink, router}, told, scene.fakes.clock.now(), {});
    CHECK(known.prefixes.size() == RouterTable::kMostPrefixes);
  }
  CHECK(table.all().size() == RouterTable::kMostRouters);
}

}  // namespace
}  // namespace sallyport::mip6::test::movement_detection_test
