// Away from home nothing leaves in the clear, whoever says what on the links; and at home only the
// home agent ends protection.
#include <catch2/catch.hpp>

#include "tests/mip6/mobile_node_scene.h"

namespace sallyport::mip6::test::mobile_node_protection_test {
namespace {

constexpr PortId kOtherLink{2};

std::optional<Address> bound_at(MobileNodeScene& scene, const Address& home_agent = kHomeAgent) {
  return scene.fakes.bindings.care_of(BindingUse::MobileNode, kHome, home_agent);
}
bool has_tunnel(MobileNodeScene& scene, const Address& care_of,
                const Address& home_agent = kHomeAgent) {
  const auto& ends = scene.fakes.tunnels.ends_at;
  const auto found = ends.find(kHome);
  return found != ends.end() && found->second == care_of && bound_at(scene, home_agent) == care_of;
}

MobileNodeSettings two_agents() {
  MobileNodeSettings settings = mobile_node_settings();
  settings.home_agents = {kHomeAgent, kOtherAgent};
  return settings;
}

TEST_CASE("MN-07, MDYN-15: away, the tunnel is there before IKE is asked, and stays without it") {
  MobileNodeSettings settings = mobile_node_settings();
  settings.migrate = GENERATE(MigrateOn::Update, MigrateOn::Acknowledgement);
  MobileNodeScene scene(settings);
  scene.fakes.ike.at_once = false;
  scene.attach(kCareOf);
  REQUIRE(scene.fakes.ike.waiting.size() == 1);
  CHECK(has_tunnel(scene, kCareOf));
  scene.fakes.ike.finish(fail(Error::Code::Refused, "no"));
  scene.pass(seconds{60});
  CHECK(has_tunnel(scene, kCareOf));
  CHECK(only<BindingUpdate>(scene.fakes.sender.take()).empty());
}

TEST_CASE("MN-07: the tunnel is there on arrival, and nothing is sent for it") {
  MobileNodeScene scene;
  const Attachment place{.link = kLink,
                         .router = kRouterHere,
                         .care_of = CareOf{.address = kCareOf, .valid_until = Instant::max()}};
  scene.node.arriving(place);
  CHECK(has_tunnel(scene, kCareOf));
  CHECK(scene.fakes.sender.sent.empty());
  scene.node.attached(place);
  CHECK(scene.fakes.tunnels.moves.size() == 1);
  CHECK(scene.last_update().options.alternate_care_of == kCareOf);
}

TEST_CASE("MN-07: a tunnel that cannot move keeps packets from going as they are") {
  MobileNodeScene scene;
  scene.fakes.tunnels.refuses = true;
  scene.attach(kCareOf);
  CHECK(bound_at(scene) == kCareOf);
  // It is tried again with the next update.
  scene.fakes.tunnels.refuses = false;
  scene.pass(seconds{2});
  CHECK(has_tunnel(scene, kCareOf));
}

TEST_CASE("MN-07, DHAAD-05: the tunnel to one home agent stays until there is that to the next") {
  MobileNodeScene scene(two_agents());
  scene.register_at(kCareOf);
  scene.pass(seconds{451});  // to be refreshed
  scene.fakes.ike.at_once = false;
  scene.acknowledge(
      {.status = BindingStatus::Prohibited, .sequence = scene.last_update().sequence});
  scene.pass(seconds{2});
  REQUIRE_FALSE(scene.fakes.ike.waiting.empty());
  CHECK(scene.node.home_agent() == kOtherAgent);
  CHECK(has_tunnel(scene, kCareOf));
  CHECK(scene.fakes.tunnels.deactivated.empty());
  scene.fakes.ike.finish({});
  CHECK(has_tunnel(scene, kCareOf, kOtherAgent));
  CHECK_FALSE(bound_at(scene, kHomeAgent));
}

TEST_CASE("MN-07, MN-10: a home address that is lost does not leave by the visited link") {
  MobileNodeScene scene;
  scene.attach(kCareOf);
  scene.acknowledge(
      {.status = BindingStatus::DuplicateAddress, .sequence = scene.last_update().sequence});
  CHECK(has_tunnel(scene, kCareOf));
  scene.node.end();
  CHECK(scene.fakes.tunnels.deactivated == std::vector{kHome});
  CHECK(scene.fakes.bindings.bindings.empty());
}

TEST_CASE("MN-07, MAPI-08: at home protection lasts until the home agent says that it is over") {
  MobileNodeScene scene;
  scene.register_at(kCareOf);
  SECTION("though the binding has ended since") {
    scene.go_home();
    scene.pass(seconds{700});
  }
  SECTION("though it had ended before") {
    scene.node.detached();
    scene.pass(seconds{700});
    scene.go_home();
    scene.fakes.neighbours.finish_detection();
    CHECK(scene.fakes.addresses.own.contains({kLink, kHome}));
  }
  CHECK(has_tunnel(scene, kCareOf));
  CHECK(scene.fakes.tunnels.deactivated.empty());
  const BindingUpdate update = scene.last_update();
  CHECK(update.lifetime == BindingLifetime{0});
  scene.acknowledge({.status = BindingStatus::NotHomeAgent, .sequence = update.sequence});
  CHECK(scene.fakes.tunnels.deactivated == std::vector{kHome});
  CHECK(scene.fakes.bindings.bindings.empty());
}

TEST_CASE(
    "MN-09: a registration that nobody ever answered is over at home when it would have ended") {
  MobileNodeSettings settings = mobile_node_settings();
  settings.lifetime = seconds{100};
  MobileNodeScene scene(settings);
  scene.attach(kCareOf);
  scene.pass(seconds{20});
  scene.go_home();
  CHECK(scene.last_update().lifetime == BindingLifetime{0});
  scene.pass(seconds{89});  // the last one was sent ten seconds after the first
  CHECK(has_tunnel(scene, kCareOf));
  scene.pass(seconds{2});
  CHECK(scene.fakes.tunnels.deactivated == std::vector{kHome});
  scene.fakes.sender.sent.clear();
  scene.pass(seconds{100});
  CHECK(scene.fakes.sender.sent.empty());
}

TEST_CASE("MN-09: updates whose lifetime is over can have made no binding") {
  MobileNodeSettings settings = mobile_node_settings();
  settings.lifetime = seconds{20};
  MobileNodeScene scene(settings);
  scene.attach(kCareOf);
  scene.pass(seconds{1});
  scene.node.detached();
  scene.pass(seconds{20});
  scene.go_home();
  CHECK(scene.fakes.neighbours.pending.size() == 1);  // it is checked, as nobody defends it
}

TEST_CASE("MN-04: an acknowledgement that comes late is of the place that it was asked from") {
  MobileNodeScene scene;
  SECTION("while at home the home agent is looked for") {
    scene.attach(kCareOf);
    const BindingUpdate update = scene.last_update();
    scene.node.attached({.link = kLink, .router = kRouterHere, .router_link_address = kRouterMac});
    REQUIRE(scene.fakes.discovery.searches.size() == 1);
    scene.acknowledge({.sequence = update.sequence, .lifetime = update.lifetime});
    CHECK(has_tunnel(scene, kCareOf));
    CHECK(scene.fakes.events.count(EventKind::Registered) == 0);
    const auto* const entry = scene.node.home_agents().find(kHomeAgent, kHome);
    REQUIRE(entry != nullptr);
    CHECK(entry->care_of == kCareOf);
    CHECK(entry->is_bound(scene.fakes.clock.now()));
    scene.fakes.discovery.finish_searches(kRouterMac);
    CHECK(scene.last_update().lifetime == BindingLifetime{0});
  }
  SECTION("while IKE is asked from another") {
    scene.attach(kCareOf);
    const BindingUpdate update = scene.last_update();
    scene.fakes.ike.at_once = false;
    scene.attach(kNewCareOf);
    scene.acknowledge({.sequence = update.sequence, .lifetime = update.lifetime});
    CHECK(has_tunnel(scene, kCareOf));
    CHECK_FALSE(scene.node.registered_care_of());
    scene.fakes.ike.finish({});
    CHECK(scene.last_update().options.alternate_care_of == kNewCareOf);
  }
}

TEST_CASE("MN-04: status 135 that comes late begins nothing where we are now") {
  MobileNodeScene scene;
  scene.register_at(kCareOf);
  scene.attach(kNewCareOf);
  const BindingUpdate update = scene.last_update();
  scene.node.attached({.link = kLink, .router = kRouterHere, .router_link_address = kRouterMac});
  scene.acknowledge({.status = BindingStatus::SequenceOutOfWindow,
                     .sequence = static_cast<std::uint16_t>(update.sequence + 9)});
  CHECK(scene.fakes.sender.sent.empty());
  scene.fakes.discovery.finish_searches(kRouterMac);
  CHECK(scene.last_update().sequence == static_cast<std::uint16_t>(update.sequence + 10));
}

TEST_CASE("MN-04, MAPI-06: what is accepted and of no use moves no IKE SA") {
  MobileNodeSettings settings = mobile_node_settings();
  BindingAcknowledgement useless{.flags = {AcknowledgementFlag::KeyManagementMobility}};
  SECTION("a lifetime of nothing") {}
  SECTION("no mobile router") {
    settings.kind = NodeKind::Router;
    useless.lifetime = BindingLifetime{150};
  }
  MobileNodeScene scene(settings);
  scene.fakes.ike.movable = true;
  scene.attach(kCareOf);
  scene.attach(kNewCareOf);
  useless.sequence = scene.last_update().sequence;
  scene.acknowledge(useless);
  CHECK(scene.fakes.ike.moves.empty());
  CHECK(scene.fakes.ike.drops.empty());
}

// What came out of the tunnel of all traffic, whose SA is for everybody behind the home agent.
Arrival in_tunnel(const Address& outer, Protection protection = Protection::Ipsec) {
  Arrival arrival = MobileNodeScene::from(kHomeAgent);
  arrival.tunnel = OuterHeader{.source = outer, .protection = protection};
  return arrival;
}

TEST_CASE("MSEC-35: with one tunnel for everything updates and their answers go by it") {
  MobileNodeSettings settings = mobile_node_settings();
  settings.signalling = Signalling::InTunnel;
  MobileNodeScene scene(settings);
  scene.attach(kCareOf);
  REQUIRE(scene.fakes.sender.sent.size() == 1);
  CHECK_FALSE(scene.fakes.sender.sent[0].departure.source_care_of);
  const BindingUpdate update = scene.last_update();
  CHECK(update.options.alternate_care_of == kCareOf);
  const BindingAcknowledgement good{.sequence = update.sequence, .lifetime = update.lifetime};
  SECTION("from another's tunnel") { scene.receive(in_tunnel(kOtherAgent), good); }
  SECTION("from a tunnel without IPsec") {
    scene.receive(in_tunnel(kHomeAgent, Protection::None), good);
  }
  SECTION("from no tunnel") { scene.receive(MobileNodeScene::from(kHomeAgent), good); }
  CHECK_FALSE(scene.node.registered_care_of());
  scene.receive(in_tunnel(kHomeAgent), good);
  CHECK(scene.node.registered_care_of() == kCareOf);
  // The tunnel is moved before it is sent by, home as well.
  scene.fakes.sender.sent.clear();
  scene.fakes.tunnels.moves.clear();
  struct Order final : PacketSender {
    explicit Order(FakeMigrator& migrator) : tunnels(migrator) {}
    void send(const Departure&, ByteView) override { began.push_back(tunnels.ends_at[kHome]); }
    FakeMigrator& tunnels;
    std::vector<Address> began;
  } order(scene.fakes.tunnels);
  auto surroundings = mobile_node_surroundings(scene.fakes);
  MobileNode other({.clock = surroundings.clock,
                    .timers = surroundings.timers,
                    .random = surroundings.random,
                    .sender = order,
                    .bindings = surroundings.bindings,
                    .tunnels = surroundings.tunnels,
                    .ike = surroundings.ike,
                    .neighbours = surroundings.neighbours,
                    .discovery = surroundings.discovery,
                    .addresses = surroundings.addresses,
                    .events = surroundings.events,
                    .sha1 = surroundings.sha1},
                   settings);
  const auto at = [&scene](const Address& care_of) {
    return Attachment{.link = kLink,
                      .router = kRouterHere,
                      .care_of = CareOf{.address = care_of,
                                        .valid_until = scene.fakes.clock.now() + seconds{900}}};
  };
  other.attached(at(kCareOf));
  other.attached(at(kNewCareOf));
  other.attached({.link = kLink,
                  .router = kRouterHere,
                  .router_link_address = kRouterMac,
                  .router_addresses = {kHomeAgent}});
  CHECK(order.began == std::vector{kCareOf, kNewCareOf, kHome});
}

TEST_CASE("MSEC-35, MN-04: an SA tunnel is no protection where updates have SAs of their own") {
  MobileNodeScene scene;
  scene.attach(kCareOf);
  const BindingUpdate update = scene.last_update();
  scene.receive(in_tunnel(kHomeAgent),
                BindingAcknowledgement{.sequence = update.sequence, .lifetime = update.lifetime});
  CHECK_FALSE(scene.node.registered_care_of());
}

TEST_CASE("MN-09: somebody else with the home address on a link is no end of it") {
  MobileNodeScene scene;
  int lost = 0;
  scene.node.on_home_address_lost([&] { ++lost; });
  scene.fakes.neighbours.taken = {kHome};
  scene.go_home();
  scene.fakes.neighbours.finish_detection();
  CHECK(scene.fakes.addresses.own.empty());
  CHECK(lost == 0);
  SECTION("elsewhere a registration goes out") {
    scene.attach(kCareOf);
    CHECK(scene.last_update().options.alternate_care_of == kCareOf);
    scene.pass(seconds{60});
    CHECK(scene.fakes.neighbours.pending.empty());
  }
  SECTION("it is checked again and again, ever more slowly") {
    const auto times = scene.times_of(seconds{70}, [&] {
      const auto checks = scene.fakes.neighbours.pending.size();
      scene.fakes.neighbours.finish_detection();
      return checks;
    });
    CHECK(times == std::vector<std::int64_t>{1000, 3000, 7000, 15000, 31000, 63000});
    scene.fakes.neighbours.taken.clear();
    scene.pass(seconds{32});
    scene.fakes.neighbours.finish_detection();
    CHECK(scene.fakes.addresses.own.contains({kLink, kHome}));
  }
}

TEST_CASE("MN-09: a home address that was claimed is given back where it is somebody else's") {
  MobileNodeScene scene;
  scene.go_home();
  scene.fakes.neighbours.finish_detection();
  REQUIRE(scene.fakes.addresses.own.contains({kLink, kHome}));
  scene.node.detached();
  scene.fakes.neighbours.taken = {kHome};
  scene.go_home();
  scene.fakes.neighbours.finish_detection();
  CHECK(scene.fakes.addresses.own.empty());
}

TEST_CASE("MN-09: home by one link, then by another, then away: nothing is claimed any more") {
  MobileNodeScene scene;
  scene.go_home();
  scene.fakes.neighbours.finish_detection();
  scene.node.detached();
  scene.node.attached({.link = kOtherLink,
                       .router = kRouterHere,
                       .router_link_address = kRouterMac,
                       .router_addresses = {kHomeAgent}});
  scene.fakes.neighbours.finish_detection();
  CHECK(scene.fakes.addresses.own.size() == 1);
  CHECK(scene.fakes.addresses.own.contains({kOtherLink, kHome}));
  scene.attach(kCareOf);
  CHECK(scene.fakes.addresses.own.empty());
}

TEST_CASE("MN-09, MN-01: home for a moment deletes nothing after the node is away again") {
  MobileNodeScene scene;
  scene.register_at(kCareOf);
  scene.node.attached({.link = kLink, .router = kRouterHere, .router_link_address = kRouterMac});
  REQUIRE(scene.fakes.discovery.searches.size() == 1);
  scene.attach(kCareOf);
  scene.fakes.discovery.finish_searches(kRouterMac);
  CHECK(only<BindingUpdate>(scene.fakes.sender.take()).empty());
  CHECK(scene.node.registered_care_of() == kCareOf);
}

TEST_CASE("MN-10, DHAAD-05: the next home agent's 134 counts once the binding before has ended") {
  MobileNodeScene scene(two_agents());
  int lost = 0;
  scene.node.on_home_address_lost([&] { ++lost; });
  scene.register_at(kCareOf);
  scene.pass(seconds{451});  // to be refreshed
  scene.acknowledge(
      {.status = BindingStatus::Prohibited, .sequence = scene.last_update().sequence});
  scene.pass(seconds{2});
  const BindingAcknowledgement duplicate{.status = BindingStatus::DuplicateAddress,
                                         .sequence = scene.last_update().sequence};
  REQUIRE(scene.node.home_agent() == kOtherAgent);
  scene.acknowledge(duplicate, kOtherAgent);
  CHECK(lost == 0);
  scene.fakes.sender.sent.clear();
  scene.pass(seconds{150});
  const auto again = only<BindingUpdate>(scene.fakes.sender.take());
  REQUIRE_FALSE(again.empty());
  scene.acknowledge({.status = BindingStatus::DuplicateAddress, .sequence = again.back().sequence},
                    kOtherAgent);
  CHECK(lost == 1);
}

}  // namespace
}  // namespace sallyport::mip6::test::mobile_node_protection_test
