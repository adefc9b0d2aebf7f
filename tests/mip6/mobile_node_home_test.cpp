// The mobile node on its home link, and from one home agent to the next.
#include <catch2/catch.hpp>

#include "tests/mip6/mobile_node_scene.h"

namespace sallyport::mip6::test::mobile_node_home_test {
namespace {

TEST_CASE("MN-09: the update that returns home, field by field") {
  MobileNodeScene scene;
  scene.register_at(kCareOf);
  scene.go_home();
  REQUIRE(scene.fakes.sender.sent.size() == 1);
  const Departure departure = scene.fakes.sender.sent[0].departure;
  CHECK(departure.source == kHome);
  CHECK(departure.destination == kHomeAgent);
  CHECK_FALSE(departure.source_care_of);
  CHECK(departure.port == kLink);
  CHECK(departure.link_destination == kRouterMac);
  const BindingUpdate update = scene.last_update();
  CHECK(update.lifetime == BindingLifetime{0});
  CHECK(update.flags.has(UpdateFlag::Acknowledge));
  CHECK(update.flags.has(UpdateFlag::HomeRegistration));
  CHECK(update.options.alternate_care_of == kHome);
}

TEST_CASE("MN-09: while a binding lives the home address is neither checked nor used before") {
  MobileNodeScene scene;
  scene.register_at(kCareOf);
  SECTION("the home agent is the router") { scene.go_home(); }
  SECTION("who it is has to be found out") {
    scene.node.attached({.link = kLink, .router = kRouterHere, .router_link_address = kRouterMac});
    CHECK(scene.fakes.sender.sent.empty());
    CHECK(scene.fakes.addresses.own.empty());
    REQUIRE(scene.fakes.discovery.searches.size() == 1);
    CHECK(scene.fakes.discovery.searches[0].first == kHome);
    const MacAddress defender{{2, 0, 0, 0, 0, 7}};
    scene.fakes.discovery.finish_searches(defender);
    REQUIRE(scene.fakes.sender.sent.size() == 1);
    CHECK(scene.fakes.sender.sent[0].departure.link_destination == defender);
  }
  CHECK(scene.fakes.neighbours.pending.empty());
  // The update is out: now it answers for itself, and tells all once the answer is there.
  CHECK(scene.fakes.addresses.own.contains({kLink, kHome}));
  CHECK(scene.fakes.discovery.announced.empty());
}

TEST_CASE("MN-09, MAPI-08: the acknowledgement ends it") {
  MobileNodeScene scene;
  scene.register_at(kCareOf);
  scene.go_home();
  const BindingUpdate update = scene.last_update();
  Arrival arrival = MobileNodeScene::from_home_agent();
  arrival.destination_care_of.reset();
  scene.receive(arrival, BindingAcknowledgement{.sequence = update.sequence});
  CHECK(scene.fakes.discovery.announced == std::vector{kHome, ip("fe80::100")});
  CHECK(scene.fakes.tunnels.deactivated == std::vector{kHome});
  CHECK(scene.fakes.bindings.bindings.empty());
  CHECK(scene.fakes.events.count(EventKind::Deregistered) == 1);
  scene.pass(seconds{1000});
  CHECK(scene.fakes.sender.sent.empty());
}

TEST_CASE("MN-09: it is sent until it is answered, even where the binding has ended by itself") {
  MobileNodeScene scene;
  scene.register_at(kCareOf);
  scene.go_home();
  scene.pass(seconds{10});
  const auto updates = only<BindingUpdate>(scene.fakes.sender.take());
  CHECK(updates.size() == 4);  // at 0, 1, 3 and 7 s
  scene.pass(seconds{600});
  scene.fakes.sender.sent.clear();
  CHECK(scene.fakes.events.count(EventKind::Expired) == 1);
  scene.pass(seconds{100});
  scene.acknowledge({.sequence = scene.last_update().sequence});
  CHECK(scene.fakes.events.count(EventKind::Deregistered) == 1);
  scene.pass(seconds{100});
  CHECK(scene.fakes.sender.sent.empty());
}

TEST_CASE("MN-09, HA-12: not the home agent for this node any more is as good") {
  MobileNodeScene scene;
  scene.register_at(kCareOf);
  scene.go_home();
  scene.acknowledge(
      {.status = BindingStatus::NotHomeAgent, .sequence = scene.last_update().sequence});
  CHECK(scene.fakes.events.count(EventKind::Deregistered) == 1);
  CHECK(scene.fakes.discovery.announced.size() == 2);
}

TEST_CASE("MN-09: without a binding the home address is checked, then used") {
  MobileNodeScene scene;
  scene.go_home();
  CHECK(scene.fakes.addresses.own.empty());
  REQUIRE(scene.fakes.neighbours.pending.size() == 1);
  CHECK(scene.fakes.neighbours.pending[0].first.second == kHome);
  SECTION("it is ours") {
    scene.fakes.neighbours.finish_detection();
    CHECK(scene.fakes.addresses.own.contains({kLink, kHome}));
  }
  SECTION("it is somebody else's") {
    scene.fakes.neighbours.taken = {kHome};
    scene.fakes.neighbours.finish_detection();
    CHECK(scene.fakes.addresses.own.empty());
  }
  SECTION("we have left meanwhile") {
    scene.attach(kCareOf);
    scene.fakes.neighbours.finish_detection();
    CHECK(scene.fakes.addresses.own.empty());
  }
  CHECK(only<BindingUpdate>(scene.fakes.sender.take()).size() <= 1);
}

TEST_CASE("MN-09: an update that was never answered may have made a binding") {
  MobileNodeScene scene;
  scene.attach(kCareOf);
  scene.fakes.sender.sent.clear();
  scene.go_home();
  CHECK(scene.last_update().lifetime == BindingLifetime{0});
  CHECK(scene.fakes.neighbours.pending.empty());
}

TEST_CASE("MAPI-06: coming home moves the IKE SA to the home address, or ends it") {
  MobileNodeScene scene;
  scene.fakes.ike.movable = GENERATE(true, false);
  Flags<AcknowledgementFlag> flags;
  if (scene.fakes.ike.movable) flags = {AcknowledgementFlag::KeyManagementMobility};
  scene.register_at(kCareOf, flags);
  scene.go_home();
  scene.acknowledge({.flags = flags, .sequence = scene.last_update().sequence});
  if (scene.fakes.ike.movable) {
    CHECK(scene.fakes.ike.moves == std::vector{std::pair{kHome, kHome}});
    CHECK(scene.fakes.ike.drops.empty());
  } else {
    CHECK(scene.fakes.ike.moves.empty());
    CHECK(scene.fakes.ike.drops == std::vector{kHome});
  }
}

TEST_CASE("MAPI-08: home and away, three times over") {
  MobileNodeScene scene;
  for (std::size_t round = 1; round <= 3; ++round) {
    scene.register_at(kCareOf);
    CHECK(scene.fakes.tunnels.ends_at[kHome] == kCareOf);
    CHECK_FALSE(scene.fakes.addresses.own.contains({kLink, kHome}));
    scene.go_home();
    scene.acknowledge({.sequence = scene.last_update().sequence});
    CHECK(scene.fakes.tunnels.ends_at.empty());
    CHECK(scene.fakes.tunnels.deactivated.size() == round);
    CHECK(scene.fakes.addresses.own.contains({kLink, kHome}));
    scene.pass(seconds{5});
  }
  CHECK(scene.fakes.events.count(EventKind::Registered) == 3);
}

MobileNodeSettings two_agents() {
  MobileNodeSettings settings = mobile_node_settings();
  settings.home_agents = {kHomeAgent, kOtherAgent};
  return settings;
}

TEST_CASE("DHAAD-05: the next home agent is tried when the first does not answer") {
  MobileNodeScene scene(two_agents());
  scene.attach(kCareOf);
  scene.pass(seconds{78});  // 1.5, 3, 6, 12, 24 and 32 s
  for (const SentMessage& sent : scene.fakes.sender.take())
    CHECK(sent.departure.destination == kHomeAgent);
  scene.pass(milliseconds{1200});
  const auto sent = scene.fakes.sender.take();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].departure.destination == kOtherAgent);
  CHECK(scene.fakes.ike.prepared.back() == std::array{kHome, kOtherAgent, kCareOf});
}

TEST_CASE("DHAAD-05: the next home agent is tried when the first refuses, after 1.5 s") {
  MobileNodeScene scene(two_agents());
  scene.attach(kCareOf);
  scene.acknowledge(
      {.status = BindingStatus::NotHomeAgent, .sequence = scene.last_update().sequence});
  scene.pass(milliseconds{1400});
  CHECK(scene.fakes.sender.sent.empty());
  scene.pass(milliseconds{200});
  const auto sent = scene.fakes.sender.take();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].departure.destination == kOtherAgent);
  // Whose acknowledgement alone counts now.
  const auto update = only<BindingUpdate>(sent)[0];
  scene.acknowledge({.sequence = update.sequence, .lifetime = update.lifetime});
  CHECK_FALSE(scene.node.registered_care_of());
  scene.acknowledge({.sequence = update.sequence, .lifetime = update.lifetime}, kOtherAgent);
  CHECK(scene.node.registered_care_of() == kCareOf);
}

TEST_CASE("DHAAD-05: the home agent that has accepted us is the first to be asked after a move") {
  MobileNodeScene scene(two_agents());
  scene.attach(kCareOf);
  scene.acknowledge(
      {.status = BindingStatus::NotHomeAgent, .sequence = scene.last_update().sequence});
  scene.pass(seconds{2});
  const BindingUpdate update = scene.last_update();
  scene.acknowledge({.sequence = update.sequence, .lifetime = update.lifetime}, kOtherAgent);
  scene.attach(kNewCareOf);
  REQUIRE(scene.fakes.sender.sent.size() == 1);
  CHECK(scene.fakes.sender.sent[0].departure.destination == kOtherAgent);
}

struct Discovery {
  std::vector<SentMessage> requests;
  std::vector<HomeAgentDiscoveryRequest> parsed;
};
Discovery requests_of(FakeSurroundings& fakes) {
  Discovery found;
  for (const SentMessage& sent : fakes.sender.take()) {
    const auto message =
        parse_discovery_message(sent.octets, sent.departure.source, sent.departure.destination);
    if (sent.departure.protocol != 58 || !message) continue;
    found.requests.push_back(sent);
    found.parsed.push_back(std::get<HomeAgentDiscoveryRequest>(*message));
  }
  return found;
}

TEST_CASE("DHAAD-05: without a home agent one is asked for, and again after 3, 6, 12 and 24 s") {
  MobileNodeSettings settings = mobile_node_settings();
  settings.home_agents.clear();
  MobileNodeScene scene(settings);
  scene.attach(kCareOf);
  const auto times = scene.times_of(seconds{90}, [&] {
    const auto requests = requests_of(scene.fakes).requests;
    for (const SentMessage& sent : requests) {
      CHECK(sent.departure.source == kCareOf);
      CHECK(sent.departure.destination == ip("2001:db8:b::fdff:ffff:ffff:fffe"));
      CHECK_FALSE(sent.departure.source_care_of);
    }
    return requests.size();
  });
  CHECK(times == std::vector<std::int64_t>{0, 3000, 9000, 21000, 45000});
}

TEST_CASE("DHAAD-05: the answer is registered with, in its order") {
  MobileNodeSettings settings = mobile_node_settings();
  settings.home_agents.clear();
  MobileNodeScene scene(settings);
  scene.attach(kCareOf);
  const auto request = requests_of(scene.fakes).parsed.at(0);
  Arrival arrival{.source = kHomeAgent, .destination = kCareOf};
  HomeAgentDiscoveryReply reply{.identifier = request.identifier,
                                .home_agents = {ip("ff02::1"), kOtherAgent, kHomeAgent}};
  SECTION("of another request") {
    ++reply.identifier;
    scene.node.receive(arrival, reply);
    CHECK(scene.fakes.sender.sent.empty());
  }
  SECTION("to another address") {
    arrival.destination = kHome;
    scene.node.receive(arrival, reply);
    CHECK(scene.fakes.sender.sent.empty());
  }
  SECTION("of none that could be one") {
    reply.home_agents = {ip("ff02::1")};
    scene.node.receive(arrival, reply);
    CHECK(scene.fakes.sender.sent.empty());
  }
  SECTION("as it should be") {
    scene.node.receive(arrival, reply);
    REQUIRE(only<BindingUpdate>(scene.fakes.sender.sent).size() == 1);
    CHECK(scene.fakes.sender.sent[0].departure.destination == kOtherAgent);
    // Once is enough.
    scene.fakes.sender.sent.clear();
    scene.node.receive(arrival, reply);
    CHECK(scene.fakes.sender.sent.empty());
  }
}

TEST_CASE(
    "DHAAD-05: what nobody has proved to be home agents comes behind those that we were told") {
  MobileNodeScene scene;
  scene.attach(kCareOf);
  scene.pass(seconds{78});
  CHECK(requests_of(scene.fakes).requests.empty());
  scene.pass(seconds{1});  // the slowest pace is over without an answer
  const auto requests = requests_of(scene.fakes).parsed;
  REQUIRE(requests.size() == 1);
  const Arrival arrival{.source = kOtherAgent, .destination = kCareOf};
  scene.node.receive(arrival, HomeAgentDiscoveryReply{.identifier = requests[0].identifier,
                                                      .home_agents = {kOtherAgent}});
  // It is tried, and then the configured one again.
  std::vector<Address> asked;
  for (int i = 0; i < 400; ++i) {
    scene.pass(seconds{1});
    for (const SentMessage& sent : scene.fakes.sender.take())
      if (sent.departure.protocol == 135 &&
          (asked.empty() || asked.back() != sent.departure.destination))
        asked.push_back(sent.departure.destination);
  }
  REQUIRE(asked.size() >= 2);
  CHECK(asked[0] == kOtherAgent);
  CHECK(asked[1] == kHomeAgent);
}

TEST_CASE("DHAAD-05: nobody is looked for where the operator will not have it") {
  MobileNodeSettings settings = mobile_node_settings();
  settings.discovery = HomeAgentDiscovery::Off;
  MobileNodeScene scene(settings);
  scene.attach(kCareOf);
  scene.pass(seconds{200});
  CHECK(requests_of(scene.fakes).requests.empty());
}

TEST_CASE("MH-17: the home agent may send us to another, others may not") {
  MobileNodeScene scene;
  scene.register_at(kCareOf);
  const HomeAgentSwitch message{.home_agents = {kOtherAgent}};
  // The binding is deleted first: that answers it (RFC 5142 6.1).
  const auto leave = [&scene] {
    REQUIRE(only<BindingUpdate>(scene.fakes.sender.sent).size() == 1);
    CHECK(scene.fakes.sender.sent[0].departure.destination == kHomeAgent);
    const BindingUpdate deletion = scene.last_update();
    CHECK(deletion.lifetime == BindingLifetime{0});
    return deletion.sequence;
  };
  SECTION("protected") {
    scene.receive(MobileNodeScene::from_home_agent(), message);
    const auto sequence = leave();
    SECTION("and answered") { scene.acknowledge({.sequence = sequence}); }
    SECTION("and never answered") { scene.pass(seconds{15}); }
    scene.fakes.sender.sent.clear();
    scene.pass(seconds{2});
    REQUIRE_FALSE(scene.fakes.sender.sent.empty());
    CHECK(scene.fakes.sender.sent[0].departure.destination == kOtherAgent);
    CHECK(scene.fakes.tunnels.ends_at[kHome] == kCareOf);
  }
  SECTION("without a name, so one is looked for, and not that one taken again") {
    scene.receive(MobileNodeScene::from_home_agent(), HomeAgentSwitch{});
    scene.acknowledge({.sequence = leave()});
    CHECK(requests_of(scene.fakes).requests.size() == 1);
    scene.pass(seconds{120});
    CHECK(only<BindingUpdate>(scene.fakes.sender.take()).empty());
  }
  SECTION("not protected") {
    scene.receive(MobileNodeScene::from(kHomeAgent), message);
    CHECK(scene.fakes.sender.sent.empty());
  }
  SECTION("of another") {
    scene.receive(MobileNodeScene::from_home_agent(kOtherAgent), message);
    CHECK(scene.fakes.sender.sent.empty());
  }
}

MobileNodeSettings router_settings() {
  MobileNodeSettings settings = mobile_node_settings();
  settings.kind = NodeKind::Router;
  return settings;
}

TEST_CASE("NEMO-01, NEMO-02: a mobile router sets R, and tells its prefixes where it is to") {
  MobileNodeSettings settings = router_settings();
  SECTION("implicit") {
    MobileNodeScene scene(settings);
    scene.attach(kCareOf);
    const BindingUpdate update = scene.last_update();
    CHECK(update.flags.has(UpdateFlag::MobileRouter));
    CHECK(update.options.mobile_network_prefixes.empty());
  }
  SECTION("explicit, in each update") {
    settings.mobile_network_prefixes = {{ip("2001:db8:d:100::1"), 56}, {ip("2001:db8:f::"), 48}};
    MobileNodeScene scene(settings);
    scene.attach(kCareOf);
    const std::vector<MobileNetworkPrefix> prefixes{
        {.address = ip("2001:db8:d:100::"), .length = 56},
        {.address = ip("2001:db8:f::"), .length = 48}};
    const BindingUpdate update = scene.last_update();
    CHECK(update.options.mobile_network_prefixes == prefixes);
    scene.acknowledge({.flags = {AcknowledgementFlag::MobileRouter},
                       .sequence = update.sequence,
                       .lifetime = update.lifetime});
    CHECK(scene.node.registered_care_of() == kCareOf);
    scene.pass(seconds{451});
    CHECK(scene.last_update().options.mobile_network_prefixes == prefixes);
    scene.go_home();
    CHECK(scene.last_update().options.mobile_network_prefixes.empty());
  }
}

TEST_CASE("NEMO-06: an acknowledgement without R has the router leave that home agent") {
  MobileNodeScene scene(router_settings());
  scene.attach(kCareOf);
  const BindingUpdate update = scene.last_update();
  scene.acknowledge({.sequence = update.sequence, .lifetime = update.lifetime});
  CHECK_FALSE(scene.node.registered_care_of());
  const auto sent = scene.fakes.sender.take();
  REQUIRE(only<BindingUpdate>(sent).size() == 1);
  const BindingUpdate deletion = only<BindingUpdate>(sent)[0];
  CHECK(deletion.lifetime == BindingLifetime{0});
  CHECK(sent[0].departure.source_care_of == kCareOf);
  scene.acknowledge({.sequence = deletion.sequence});
  // And look for one that serves routers.
  const auto requests = requests_of(scene.fakes);
  REQUIRE(requests.parsed.size() == 1);
  CHECK(requests.parsed[0].mobile_router);
  Arrival arrival{.source = kOtherAgent, .destination = kCareOf};
  HomeAgentDiscoveryReply reply{.identifier = requests.parsed[0].identifier,
                                .home_agents = {kOtherAgent}};
  scene.node.receive(arrival, reply);
  CHECK(scene.fakes.sender.sent.empty());  // these serve none
  reply.mobile_router = true;
  scene.node.receive(arrival, reply);
  REQUIRE(scene.fakes.sender.sent.size() == 1);
  CHECK(scene.fakes.sender.sent[0].departure.destination == kOtherAgent);
}

TEST_CASE("NEMO-01: a home agent that refuses routers is left as any that refuses") {
  MobileNodeScene scene(router_settings());
  scene.attach(kCareOf);
  scene.acknowledge({.status = BindingStatus::MobileRouterNotPermitted,
                     .sequence = scene.last_update().sequence});
  CHECK(requests_of(scene.fakes).requests.size() == 1);
  CHECK_FALSE(scene.node.registered_care_of());
}

TEST_CASE("BOOT-08: a name to be entered in DNS goes with each registration") {
  MobileNodeSettings settings = mobile_node_settings();
  settings.dns_name = "mn.example.org";
  MobileNodeScene scene(settings);
  scene.attach(kCareOf);
  CHECK(scene.last_update().options.dns_update == DnsUpdate{.name = "mn.example.org"});
}

}  // namespace
}  // namespace sallyport::mip6::test::mobile_node_home_test
