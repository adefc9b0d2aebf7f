#include "mip6/home_agent_service.h"

#include <catch2/catch.hpp>

#include "net/icmp.h"
#include "tests/mip6/home_agent_scene.h"

namespace sallyport::mip6::test::home_agent_service_test {
namespace {

using namespace std::chrono_literals;

const Address kAnycast = ip("2001:db8:b:0:fdff:ffff:ffff:fffe");

struct Serving {
  explicit Serving(HomeAgentService::Config config = {.agent = home_agent_config()})
      : cache({.clock = around.clock, .timers = around.timers, .random = around.random}),
        service(
            HomeAgentService::create(std::move(config), surroundings(around, cache), around.timers)
                .value()) {}

  bool receive(const Arrival& arrival, const DiscoveryMessage& message) {
    return service->receive(arrival,
                            build_discovery_message(message, arrival.source, arrival.destination));
  }
  std::optional<HomeAgentDiscoveryReply> discover(const Address& at = kAnycast,
                                                  bool mobile_router = false) {
    around.sender.sent.clear();
    const Arrival arrival{.source = kCareOf, .destination = at, .port = kElsewhere};
    receive(arrival, HomeAgentDiscoveryRequest{.identifier = 9, .mobile_router = mobile_router});
    if (around.sender.sent.empty()) return std::nullopt;
    const SentMessage& sent = around.sender.sent.back();
    const auto message =
        parse_discovery_message(sent.octets, sent.departure.source, sent.departure.destination);
    return std::get<HomeAgentDiscoveryReply>(message.value());
  }

  FakeSurroundings around;
  BindingCache cache;
  std::unique_ptr<HomeAgentService> service;
};

TEST_CASE("DHAAD-02: a request to the anycast address is answered from a unicast address of ours") {
  Serving s;
  const auto reply = s.discover();
  REQUIRE(reply);
  CHECK(reply->identifier == 9);
  CHECK(reply->home_agents == std::vector{kHomeAgent});
  CHECK(s.around.sender.sent[0].departure.source == kHomeAgent);
  CHECK(s.around.sender.sent[0].departure.destination == kCareOf);
}

TEST_CASE("DHAAD-02: other addresses, and askers that nobody can answer, get none") {
  Serving s;
  CHECK_FALSE(s.discover(kHomeAgent));
  CHECK_FALSE(s.discover(ip("2001:db8:f:0:fdff:ffff:ffff:fffe")));
  s.receive({.source = ip("fe80::7"), .destination = kAnycast}, HomeAgentDiscoveryRequest{});
  CHECK(s.around.sender.sent.empty());
}

TEST_CASE("DHAAD-02: of prefixes that we have no address in no address is told, nor used") {
  HomeAgentService::Config config{.agent = home_agent_config()};
  config.agent.link.prefixes.push_back(
      {.prefix = {ip("2001:db8:b9::"), 64}, .flags = {PrefixFlag::OnLink, PrefixFlag::Autonomous}});
  Serving s(config);
  for (const Address& at : {kAnycast, ip("2001:db8:b9:0:fdff:ffff:ffff:fffe")}) {
    const auto reply = s.discover(at);
    REQUIRE(reply);
    CHECK(reply->home_agents == std::vector{kHomeAgent});
    CHECK(s.around.sender.sent[0].departure.source == kHomeAgent);
  }
}

TEST_CASE("DHAAD-02: replies are so many a second, whoever asks") {
  Serving s;
  for (int i = 0; i < 1000; ++i)
    s.receive({.source = kCareOf, .destination = kAnycast}, HomeAgentDiscoveryRequest{});
  CHECK(s.around.sender.take().size() == 40);
}

TEST_CASE(
    "DHAAD-02, DHAAD-03: other home agents of the home link are in the reply, of others not") {
  Serving s;
  RouterAdvertisement other{
      .source = ip("fe80::2"),
      .flags = {RouterFlag::HomeAgent},
      .lifetime = RouterLifetime{100},
      .prefixes = {{.prefix = {ip("2001:db8:b::2"), 64},
                    .flags = {PrefixFlag::RouterAddress},
                    .valid = kForever,
                    .preferred = kForever}},
      .home_agent = HomeAgentInformation{.preference = 1, .lifetime = RouterLifetime{100}}};
  s.service->hear(kElsewhere, other);
  CHECK(s.discover()->home_agents == std::vector{kHomeAgent});
  s.service->hear(kHomePort, other);
  CHECK(s.discover()->home_agents == std::vector{ip("2001:db8:b::2"), kHomeAgent});
  // Our own, come back to us, is no other.
  other.source = home_link().link_local;
  s.service->hear(kHomePort, other);
  CHECK(s.discover()->home_agents.size() == 2);
  // Ours serves routers, that one does not.
  const auto for_router = s.discover(kAnycast, true);
  CHECK(for_router->mobile_router);
  CHECK(for_router->home_agents == std::vector{kHomeAgent});
}

TEST_CASE("MPD-02: a solicitation to the home agent is answered, another message is not ours") {
  Serving s;
  CHECK(s.receive(from_away(), MobilePrefixSolicitation{.identifier = 3}));
  REQUIRE(s.around.sender.sent.size() == 1);
  CHECK(s.around.sender.sent[0].octets[0] == icmp6::kMobilePrefixAdvertisement);
  CHECK_FALSE(s.receive(from_away(), MobilePrefixAdvertisement{}));
  CHECK_FALSE(s.service->receive(from_away(), Octets{128, 0, 0, 0, 0, 0, 0, 0}));
}

TEST_CASE("MPD-02: a registered node hears of a changed prefix, a node at home no longer") {
  Serving s;
  for (const bool at_home : {false, true}) {
    const auto sequence = static_cast<std::uint16_t>(at_home ? 3 : 1);
    BindingUpdate update = home_update(sequence);
    update.lifetime = BindingLifetime{0xffff};
    s.service->agent().receive(from_away(), update);
    s.around.neighbours.finish_detection();
    if (at_home) {
      s.around.pass(1s);
      s.service->agent().receive(from_home(), deletion(4));
    }
    s.around.sender.sent.clear();
    std::vector<HomePrefix> prefixes = home_link().prefixes;
    prefixes[0].preferred.steady = PrefixLifetime{at_home ? 800u : 700u};
    s.service->set_prefixes(prefixes);
    s.around.pass(900s);
    CHECK(s.around.sender.sent.empty() == at_home);
  }
}

TEST_CASE("NDX-03: the home link is advertised where that is configured, until the end") {
  Serving s({.agent = home_agent_config(), .advertising = AdvertisingSettings{}});
  REQUIRE(s.around.sender.sent.size() == 1);
  CHECK(s.around.sender.sent[0].octets[0] == icmp6::kRouterAdvertisement);
  CHECK((s.around.sender.sent[0].octets[5] & 0x20) != 0);
  s.around.pass(100s);
  s.around.sender.sent.clear();
  s.service->solicited(kElsewhere);
  s.around.pass(1s);
  CHECK(s.around.sender.sent.empty());
  s.service->solicited(kHomePort);
  s.around.pass(1s);
  CHECK(s.around.sender.sent.size() == 1);
  s.service.reset();
  REQUIRE(s.around.sender.sent.size() == 2);
  CHECK(s.around.sender.sent[1].octets[5] == 0);
  CHECK(s.around.timers.size() == 0);
}

TEST_CASE("NDX-02: a configuration that cannot be is refused") {
  FakeSurroundings around;
  BindingCache cache({.clock = around.clock, .timers = around.timers, .random = around.random});
  const HomeAgent::Surroundings all = surroundings(around, cache);
  HomeAgentService::Config config{.agent = home_agent_config(),
                                  .advertising = AdvertisingSettings{}};
  config.advertising->most = 1ms;
  CHECK_FALSE(HomeAgentService::create(config, all, around.timers));
  config = {.agent = home_agent_config()};
  config.agent.nodes.push_back(config.agent.nodes[0]);
  CHECK_FALSE(HomeAgentService::create(config, all, around.timers));
}

}  // namespace
}  // namespace sallyport::mip6::test::home_agent_service_test
