// A home agent whose configuration changes while nodes are away.
#include <catch2/catch.hpp>

#include "mip6/home_agent_service.h"
#include "net/icmp.h"
#include "tests/mip6/home_agent_scene.h"

namespace sallyport::mip6::test::home_agent_configuration_test {
namespace {

using namespace std::chrono_literals;
using Status = BindingStatus;

constexpr std::size_t kLifetimeAt = 6;  // of a router advertisement

BindingUpdate router_update(std::uint16_t sequence) {
  return with_flag(home_update(sequence), UpdateFlag::MobileRouter);
}

struct Serving {
  explicit Serving(HomeAgentService::Config config)
      : cache({.clock = around.clock, .timers = around.timers, .random = around.random}),
        service(
            HomeAgentService::create(std::move(config), surroundings(around, cache), around.timers)
                .value()) {}

  // Advertisements that say that we are no router any more, by link.
  std::vector<PortId> farewells() {
    std::vector<PortId> links;
    for (const SentMessage& sent : around.sender.take())
      if (sent.octets[0] == icmp6::kRouterAdvertisement && sent.octets[kLifetimeAt] == 0 &&
          sent.octets[kLifetimeAt + 1] == 0)
        links.push_back(*sent.departure.port);
    return links;
  }
  void register_node(std::uint16_t sequence) {
    around.pass(1s);
    BindingUpdate update = home_update(sequence);
    update.lifetime = BindingLifetime{0xffff};
    service->agent().receive(from_away(), update);
    around.neighbours.finish_detection();
    REQUIRE(around.bindings.care_of(BindingUse::HomeAgent, kHome) == kCareOf);
    around.sender.sent.clear();
  }

  FakeSurroundings around;
  BindingCache cache;
  std::unique_ptr<HomeAgentService> service;
};

HomeAgentService::Config advertised() {
  return {.agent = home_agent_config(), .advertising = AdvertisingSettings{}};
}

// Prefixes of the home link have another lifetime.
std::vector<HomePrefix> changed_prefixes() {
  std::vector<HomePrefix> prefixes = home_link().prefixes;
  prefixes[0].preferred.steady = PrefixLifetime{700};
  return prefixes;
}

}  // namespace

TEST_CASE("NEMO-04: networks that the operator takes away end what was registered with them") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(kCareOf, kRouterHome), router_update(1)) == Status::Accepted);
  HomeAgentConfig config = home_agent_config();
  SECTION("one of two") { config.nodes[2].networks = {kNetwork}; }
  SECTION("a smaller one") { config.nodes[2].networks[0].length = 60; }
  SECTION("the service") { config.nodes[2] = {.home_addresses = {kRouterHome, 128}}; }
  REQUIRE(s.agent->configure(config));
  CHECK_FALSE(s.place(kRouterHome));
  CHECK_FALSE(s.serves(kRouterHome));
  CHECK(s.around.events.count(EventKind::Expired) == 1);
}

TEST_CASE("NEMO-01: a router that is served as none any more ends, without networks too") {
  HomeAgentConfig config = home_agent_config();
  HomeAgentScene s(config);
  REQUIRE(s.status(from_away(kCareOf, kRouterHome), router_update(1)) == Status::Accepted);
  BindingEntry entry = *s.cache.home_registration(kRouterHome);
  entry.networks.clear();
  REQUIRE(s.cache.put(entry, 60s));
  config.nodes[2] = {.home_addresses = {kRouterHome, 128}};
  REQUIRE(s.agent->configure(config));
  CHECK_FALSE(s.place(kRouterHome));
}

TEST_CASE("NEMO-04, HA-07: networks that stay or come end nothing") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(kCareOf, kRouterHome), router_update(1)) == Status::Accepted);
  HomeAgentConfig config = home_agent_config();
  config.nodes[2].networks[0].length = 48;  // around the one that was
  config.nodes[2].networks.push_back({ip("2001:db8:f00::"), 48});
  REQUIRE(s.agent->configure(config));
  CHECK(s.place(kRouterHome) == kCareOf);
}

TEST_CASE("HA-07, HA-14: on another home link nothing of the old one is defended any more") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(), with_flag(home_update(1), UpdateFlag::LinkLocalCompatible)) ==
          Status::Accepted);
  HomeAgentConfig config = home_agent_config();
  config.link.port = PortId{7};
  REQUIRE(s.agent->configure(config));
  CHECK(s.around.neighbours.served.empty());
  CHECK_FALSE(s.place());
  CHECK(s.status(from_away(), home_update(2)) == Status::Accepted);
  CHECK(s.around.neighbours.serves(PortId{7}, kHome));
}

TEST_CASE("HA-07: a configuration that cannot be changes nothing") {
  HomeAgentScene s;
  REQUIRE(s.status(from_away(), home_update(1)) == Status::Accepted);
  HomeAgentConfig config = home_agent_config();
  config.link.port = PortId{7};
  config.nodes[1].home_addresses = {kHome, 128};
  CHECK_FALSE(s.agent->configure(config));
  CHECK(s.place() == kCareOf);
  CHECK(s.serves(kHome));
  CHECK(s.agent->config() == home_agent_config());
  CHECK(s.status(from_away(), home_update(2)) == Status::Accepted);
}

TEST_CASE("HA-06, HA-07: an update that waits meanwhile is decided by the new configuration") {
  HomeAgentScene s;
  s.agent->receive(from_away(), home_update(1));
  s.agent->receive(from_away(kOtherCareOf, kOtherHome), home_update(1, kOtherCareOf));
  HomeAgentConfig config = home_agent_config();
  config.nodes.erase(config.nodes.begin() + 1);
  REQUIRE(s.agent->configure(config));
  s.around.neighbours.finish_detection();
  CHECK(s.place() == kCareOf);
  CHECK_FALSE(s.place(kOtherHome));
  CHECK(s.answer()->status == Status::Prohibited);
}

TEST_CASE("NDX-03: hosts keep their router when something else of the home agent changes") {
  Serving s(advertised());
  HomeAgentService::Config config = advertised();
  config.agent.nodes.pop_back();
  config.advertising->preference = 5;
  s.around.sender.sent.clear();
  REQUIRE(s.service->configure(config));
  s.around.pass(60s);
  // They hear of what has changed.
  REQUIRE_FALSE(s.around.sender.sent.empty());
  CHECK(s.farewells().empty());
  config.advertising.reset();
  REQUIRE(s.service->configure(config));
  CHECK(s.farewells() == std::vector{kHomePort});
  s.around.pass(3600s);
  CHECK(s.around.sender.sent.empty());
  config.advertising = AdvertisingSettings{};
  REQUIRE(s.service->configure(config));
  CHECK(s.around.sender.sent.size() == 1);
}

TEST_CASE("NDX-03: on another link, or with another address, the router that was says goodbye") {
  Serving s(advertised());
  HomeAgentService::Config config = advertised();
  SECTION("link") { config.agent.link.port = PortId{7}; }
  SECTION("address") { config.agent.link.link_local = ip("fe80::77"); }
  REQUIRE(s.service->configure(config));
  CHECK(s.around.sender.sent.back().departure.port == config.agent.link.port);
  CHECK(s.around.sender.sent.back().departure.source == config.agent.link.link_local);
  CHECK(s.farewells() == std::vector{kHomePort});
}

TEST_CASE("NDX-02, HA-07: advertisements that cannot be change nothing") {
  Serving s(advertised());
  s.register_node(1);
  HomeAgentService::Config config = advertised();
  config.agent.nodes.clear();
  config.advertising->most = 1ms;
  CHECK_FALSE(s.service->configure(config));
  CHECK(s.around.bindings.care_of(BindingUse::HomeAgent, kHome) == kCareOf);
  CHECK(s.farewells().empty());
}

TEST_CASE(
    "MPD-02: a node without prefix discovery is not told of prefixes that it has not asked for") {
  HomeAgentService::Config config{.agent = home_agent_config()};
  config.agent.nodes[0].services = {Service::KeyMobility};
  Serving s(config);
  s.register_node(1);
  s.service->set_prefixes(changed_prefixes());
  s.around.pass(1000s);
  CHECK(s.around.sender.sent.empty());
  // It is, once it has the service.
  config.agent.nodes[0].services = {Service::PrefixDiscovery};
  config.agent.link.prefixes = changed_prefixes();
  REQUIRE(s.service->configure(config));
  s.around.pass(1000s);
  CHECK_FALSE(s.around.sender.take().empty());
  config.agent.nodes[0].services = {Service::KeyMobility};
  REQUIRE(s.service->configure(config));
  s.around.pass(2000s);
  CHECK(s.around.sender.sent.empty());
}

TEST_CASE("MPD-02: a change of something else does not send again what nobody has acknowledged") {
  HomeAgentService::Config config{.agent = home_agent_config()};
  config.agent.link.prefixes = changed_prefixes();
  Serving s(config);
  s.register_node(1);
  s.around.pass(800s);
  REQUIRE_FALSE(s.around.sender.take().empty());
  config.agent.nodes.pop_back();
  REQUIRE(s.service->configure(config));
  CHECK(s.around.sender.sent.empty());
}

}  // namespace sallyport::mip6::test::home_agent_configuration_test
