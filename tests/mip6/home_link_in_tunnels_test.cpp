// What comes out of tunnels, and whose it is; the home agent as a whole.
#include "mip6/home_link_in_tunnels.h"

#include <catch2/catch.hpp>

#include "mip6/dhcp_message.h"
#include "mip6/home_agent_service.h"
#include "mip6/mobility_input.h"
#include "net/neighbour_discovery.h"
#include "net/protocol.h"
#include "tests/mip6/home_agent_scene.h"

namespace sallyport::mip6::test::home_link_in_tunnels_test {
namespace {

using namespace std::chrono_literals;
using Kind = ListenerRecord::Kind;

const Address kHost = ip("fe80::99");
const Address kGroup = ip("ff1e::42");
const Octets kSolicit{1, 1, 2, 3};

HomeAgentService::Config whole_config() {
  return {.agent = home_agent_config(),
          .in_tunnels = {.multicast = MulticastListeners::Settings{},
                         .dhcp_relay = DhcpRelay::Settings{}}};
}

Arrival out_of(const Address& care_of, const Address& destination = all_listener_routers()) {
  return {.source = kHost, .destination = destination, .tunnel = OuterHeader{.source = care_of}};
}

struct InTunnels {
  explicit InTunnels(HomeAgentService::Config config = whole_config())
      : cache({.clock = around.clock, .timers = around.timers, .random = around.random}) {
    start(std::move(config));
  }
  ~InTunnels() {
    service.reset();
    CHECK(forwarding.wrong == 0);
    CHECK(forwarding.joined.empty());
  }

  void start(HomeAgentService::Config config) {
    service =
        HomeAgentService::create(std::move(config), surroundings(around, cache), around.timers,
                                 {.multicast = &forwarding, .dhcp_server = &server})
            .value();
  }
  void enter(const Address& home = kHome, const Address& care_of = kCareOf) {
    around.pass(1s);
    service->agent().receive(from_away(care_of, home), home_update(++sequence, care_of));
    around.neighbours.finish_detection();
    REQUIRE(around.bindings.care_of(BindingUse::HomeAgent, home) == care_of);
  }
  void come_home(const Address& home = kHome) {
    around.pass(1s);
    service->agent().receive(from_home(home), deletion(++sequence));
  }
  bool report(const Arrival& arrival, const Address& group = kGroup, Kind kind = Kind::ToExclude) {
    const ListenerReport message{.records = {{.kind = kind, .group = group}}};
    return service->receive_from_tunnel(
        arrival, kProtocolHopByHop,
        with_router_alert(build_listener_message(message, arrival.source, arrival.destination)));
  }
  bool ask(const Arrival& arrival) {
    return service->receive_from_tunnel(
        arrival, kProtocolUdp,
        make_udp_message(kDhcpToServer, arrival.source, arrival.destination, kSolicit));
  }
  [[nodiscard]] bool listens(const Address& home = kHome) const {
    return forwarding.has(kGroup, home);
  }
  // Who it was that asked last.
  [[nodiscard]] std::optional<Address> asker() {
    if (server.sent.empty()) return std::nullopt;
    const auto message = parse_dhcp_relay_message(server.sent.back());
    server.sent.clear();
    return Address::v6(ByteView(message.value().interface_id).first<16>());
  }

  FakeSurroundings around;
  FakeForwarding forwarding;
  FakeDhcpServerLink server;
  BindingCache cache;
  std::unique_ptr<HomeAgentService> service;
  std::uint16_t sequence{};
};

const Address kServers = all_dhcp_servers();

TEST_CASE("HA-18, HA-19: two nodes with one link-local address are told apart by their tunnels") {
  InTunnels t;
  t.enter();
  t.enter(kOtherHome, kOtherCareOf);
  t.report(out_of(kOtherCareOf));
  CHECK(t.listens(kOtherHome));
  CHECK_FALSE(t.listens(kHome));
  t.ask(out_of(kOtherCareOf, kServers));
  CHECK(t.asker() == kOtherHome);
  t.ask(out_of(kCareOf, kServers));
  CHECK(t.asker() == kHome);
}

TEST_CASE("HA-18, HA-19: the SA says whose tunnel it is, from wherever it comes") {
  InTunnels t;
  t.enter();
  t.enter(kOtherHome, kOtherCareOf);
  Arrival arrival = out_of(kCareOf);
  arrival.tunnel->home_address = kOtherHome;
  t.report(arrival);
  CHECK(t.listens(kOtherHome));
  CHECK_FALSE(t.listens(kHome));
  arrival.destination = kServers;
  t.ask(arrival);
  CHECK(t.asker() == kOtherHome);
  arrival.tunnel->home_address = kRouterHome;  // not registered
  t.ask(arrival);
  t.report(arrival);
  CHECK_FALSE(t.asker());
  CHECK(t.forwarding.joins == 1);
}

TEST_CASE("HA-18, HA-19: what comes from a place where no node is says nothing") {
  InTunnels t;
  t.report(out_of(kCareOf));
  t.enter();
  for (const Address& place : {kOtherCareOf, kHome, ip("::")}) {
    CHECK(t.report(out_of(place)));
    CHECK(t.ask(out_of(place, kServers)));
  }
  Arrival bare = out_of(kCareOf);
  bare.tunnel.reset();
  CHECK_FALSE(t.report(bare));
  bare.destination = kServers;
  CHECK_FALSE(t.ask(bare));
  CHECK(t.forwarding.joins == 0);
  CHECK_FALSE(t.asker());
}

TEST_CASE("HA-18, HA-19: of home addresses at one place the one that came first is asked for") {
  InTunnels t;
  t.enter(kOtherHome);
  t.enter();  // says that it is there, too
  t.report(out_of(kCareOf));
  CHECK(t.listens(kOtherHome));
  CHECK_FALSE(t.listens(kHome));
  t.enter(kOtherHome);  // refreshed there, it stays the first
  t.ask(out_of(kCareOf, kServers));
  CHECK(t.asker() == kOtherHome);
  t.enter(kOtherHome, kOtherCareOf);
  t.ask(out_of(kCareOf, kServers));
  CHECK(t.asker() == kHome);
  t.ask(out_of(kOtherCareOf, kServers));
  CHECK(t.asker() == kOtherHome);
}

TEST_CASE("HA-18, HA-19: a node that moves keeps its groups, and is known at its new place alone") {
  InTunnels t;
  t.enter();
  t.report(out_of(kCareOf));
  t.enter(kHome, kOtherCareOf);
  CHECK(t.listens());
  CHECK(t.forwarding.leaves == 0);
  CHECK(t.report(out_of(kCareOf), kGroup, Kind::ToInclude));
  CHECK(t.listens());
  t.ask(out_of(kCareOf, kServers));
  CHECK_FALSE(t.asker());
  t.report(out_of(kOtherCareOf), kGroup, Kind::ToInclude);
  CHECK_FALSE(t.listens());
  t.ask(out_of(kOtherCareOf, kServers));
  CHECK(t.asker() == kHome);
}

TEST_CASE("HA-18: a node that comes home, or is not heard of any more, listens no longer") {
  for (const bool expires : {false, true}) {
    InTunnels t;
    t.enter();
    t.report(out_of(kCareOf));
    REQUIRE(t.listens());
    if (expires)
      t.around.pass(241s);  // lifetime 60, of four seconds each
    else
      t.come_home();
    CHECK_FALSE(t.listens());
    CHECK(t.forwarding.leaves == 1);
    t.around.sender.sent.clear();
    t.around.pass(300s);
    CHECK(t.around.sender.sent.empty());
    t.report(out_of(kCareOf));
    t.ask(out_of(kCareOf, kServers));
    CHECK(t.forwarding.joins == 1);
    CHECK_FALSE(t.asker());
  }
}

TEST_CASE("HA-18: queries go to who is registered") {
  InTunnels t;
  t.around.pass(200s);
  CHECK(t.around.sender.sent.empty());
  t.enter();
  t.around.sender.sent.clear();
  t.around.pass(1s);
  REQUIRE(t.around.sender.sent.size() == 1);
  CHECK(t.around.sender.sent[0].departure.tunnel == kHome);
  CHECK(t.around.sender.sent[0].departure.source == home_link().link_local);
}

TEST_CASE("HA-18, HA-19: what is not configured is not done") {
  InTunnels t({.agent = home_agent_config()});
  t.enter();
  t.around.sender.sent.clear();
  CHECK_FALSE(t.report(out_of(kCareOf)));
  CHECK_FALSE(t.ask(out_of(kCareOf, kServers)));
  t.service->receive_from_dhcp_server(Octets{13, 0});
  t.around.pass(200s);
  CHECK(t.around.sender.sent.empty());
  CHECK(t.server.sent.empty());
  CHECK(t.forwarding.joins == 0);
}

TEST_CASE("HA-18, HA-19: a changed configuration turns it on for nodes that are there, and off") {
  InTunnels t({.agent = home_agent_config()});
  t.enter();
  REQUIRE(t.service->configure(whole_config()));
  t.around.sender.sent.clear();
  t.around.pass(32s);
  CHECK(t.around.sender.sent.size() >= 1);
  t.report(out_of(kCareOf));
  t.ask(out_of(kCareOf, kServers));
  CHECK(t.asker() == kHome);
  // Another change of it ends nothing.
  HomeAgentService::Config other = whole_config();
  other.in_tunnels.multicast->query_interval = 60s;
  other.in_tunnels.dhcp_relay->messages_per_second = 2;
  REQUIRE(t.service->configure(other));
  CHECK(t.listens());
  CHECK(t.forwarding.joins == 1);
  REQUIRE(t.service->configure({.agent = home_agent_config()}));
  CHECK_FALSE(t.listens());
  CHECK_FALSE(t.ask(out_of(kCareOf, kServers)));
  // One of the two alone.
  other.in_tunnels.multicast.reset();
  REQUIRE(t.service->configure(other));
  CHECK_FALSE(t.report(out_of(kCareOf)));
  t.ask(out_of(kCareOf, kServers));
  CHECK(t.asker() == kHome);
}

TEST_CASE("HA-18: nodes that a configuration does not serve any more listen no longer") {
  InTunnels t;
  t.enter();
  t.report(out_of(kCareOf));
  HomeAgentService::Config config = whole_config();
  config.agent.nodes.erase(config.agent.nodes.begin());
  REQUIRE(t.service->configure(config));
  CHECK_FALSE(t.listens());
  CHECK(t.forwarding.leaves == 1);
}

TEST_CASE("HA-18, HA-19: nodes that were registered before the service was made are served") {
  InTunnels t;
  t.enter();
  t.report(out_of(kCareOf));
  t.service.reset();
  CHECK_FALSE(t.listens());
  t.start(whole_config());
  t.around.sender.sent.clear();
  t.around.pass(32s);
  CHECK(t.around.sender.sent.size() >= 1);
  t.report(out_of(kCareOf));
  CHECK(t.listens());
}

TEST_CASE("HA-18, HA-19: a configuration that cannot be is refused, and all stays") {
  InTunnels t;
  t.enter();
  t.report(out_of(kCareOf));
  const auto refuses = [&](auto change) {
    HomeAgentService::Config config = whole_config();
    change(*config.in_tunnels.multicast);
    CHECK_FALSE(t.service->configure(config));
  };
  using Settings = MulticastListeners::Settings;
  refuses([](Settings& s) { s.robustness = 0; });
  refuses([](Settings& s) { s.robustness = 8; });
  refuses([](Settings& s) { s.query_interval = 0s; });
  refuses([](Settings& s) { s.query_interval = kMostInterval + 1s; });
  refuses([](Settings& s) { s.response_interval = s.query_interval; });
  refuses([](Settings& s) { s.response_interval = 0ms; });
  refuses([](Settings& s) { s.smallest_scope = kLinkScope; });
  refuses([](Settings& s) { s.smallest_scope = 16; });
  CHECK(t.listens());
  // And without those who would do it.
  HomeAgentService::Config config = whole_config();
  const auto all = surroundings(t.around, t.cache);
  CHECK_FALSE(HomeAgentService::create(config, all, t.around.timers, {.multicast = &t.forwarding}));
  CHECK_FALSE(HomeAgentService::create(config, all, t.around.timers, {.dhcp_server = &t.server}));
}

TEST_CASE("HA-18, HA-19: other messages out of a tunnel are for others") {
  InTunnels t;
  t.enter();
  const Arrival arrival = out_of(kCareOf, all_nodes());
  const auto take = [&](std::uint8_t protocol, const Octets& octets) {
    return t.service->receive_from_tunnel(arrival, protocol, octets);
  };
  const Octets query = build_listener_message(ListenerQuery{}, kHost, all_nodes());
  CHECK_FALSE(take(kProtocolIcmpv6, query));
  CHECK_FALSE(take(kProtocolIcmpv6, {}));
  CHECK_FALSE(take(kProtocolIcmpv6, {128, 0, 0, 0}));
  CHECK_FALSE(take(kProtocolUdp, {}));
  CHECK_FALSE(take(kProtocolUdp, make_udp_message(kDhcpToClient, kHost, all_nodes(), kSolicit)));
  CHECK_FALSE(take(kProtocolTcp, query));
  // By either way to name it.
  const Octets report =
      build_listener_message(ListenerReport1{.group = kGroup}, kHost, all_nodes());
  CHECK(take(kProtocolIcmpv6, report));
  CHECK(t.listens());
}

TEST_CASE("HA-18, HA-19: messages of a link go to the role that they are for") {
  InTunnels t;
  t.enter();
  std::vector<std::uint8_t> to_node;
  MobilityInput input(t.around.clock, t.around.sender,
                      {.home_agent_link =
                           [&](const Arrival& arrival, std::uint8_t protocol, ByteView octets) {
                             return t.service->receive_from_tunnel(arrival, protocol, octets);
                           },
                       .mobile_node_link =
                           [&](const Arrival&, std::uint8_t protocol, ByteView) {
                             to_node.push_back(protocol);
                             return true;
                           }});
  const Arrival arrival = out_of(kCareOf, all_nodes());
  const auto say = [&](const Arrival& by, const ListenerMessage& message) {
    return input.receive_of_link(by, kProtocolIcmpv6,
                                 build_listener_message(message, by.source, by.destination));
  };
  CHECK(say(arrival, ListenerReport1{.group = kGroup}));
  CHECK(t.listens());
  CHECK(to_node.empty());
  CHECK(say(arrival, ListenerQuery{}));
  CHECK(to_node.size() == 1);
  Arrival of_host = arrival;
  of_host.tunnel.reset();
  CHECK(say(of_host, ListenerReport1{.group = kGroup}));
  CHECK(to_node.size() == 2);
  MobilityInput none(t.around.clock, t.around.sender, {});
  CHECK_FALSE(none.receive_of_link(arrival, kProtocolIcmpv6, Octets{131, 0}));
}

// Of the advertisement that answers a solicitation.
MobilePrefixAdvertisement advertised(InTunnels& t) {
  t.around.pass(2s);
  t.around.sender.sent.clear();
  const Arrival arrival = from_away();
  t.service->receive(arrival, build_discovery_message(MobilePrefixSolicitation{.identifier = 7},
                                                      arrival.source, arrival.destination));
  for (const SentMessage& sent : t.around.sender.sent)
    if (const auto message =
            parse_discovery_message(sent.octets, sent.departure.source, sent.departure.destination))
      return std::get<MobilePrefixAdvertisement>(*message);
  return {};
}

TEST_CASE("HA-19, MPD-02: M and O are cleared in prefix advertisements unless DHCPv6 is relayed") {
  HomeAgentService::Config config{
      .agent = home_agent_config(),
      .advertising = AdvertisingSettings{.managed = true, .other = true}};
  InTunnels t(config);
  t.enter();
  CHECK(advertised(t).identifier == 7);
  CHECK_FALSE(advertised(t).managed);
  CHECK_FALSE(advertised(t).other);
  config.in_tunnels.dhcp_relay = DhcpRelay::Settings{};
  REQUIRE(t.service->configure(config));
  CHECK(advertised(t).managed);
  CHECK(advertised(t).other);
  config.advertising = AdvertisingSettings{.other = true};
  REQUIRE(t.service->configure(config));
  CHECK_FALSE(advertised(t).managed);
  CHECK(advertised(t).other);
  config.in_tunnels.dhcp_relay.reset();
  REQUIRE(t.service->configure(config));
  CHECK_FALSE(advertised(t).other);
}

TEST_CASE("HA-19, MPD-02: what other routers of the link say of DHCPv6 needs the relay as well") {
  for (const bool relays : {false, true}) {
    HomeAgentService::Config config{.agent = home_agent_config()};
    if (relays) config.in_tunnels.dhcp_relay = DhcpRelay::Settings{};
    InTunnels t(config);
    t.service->hear(kHomePort, {.source = ip("fe80::2"),
                                .flags = {RouterFlag::HomeAgent, RouterFlag::Managed},
                                .lifetime = RouterLifetime{1000},
                                .home_agent = HomeAgentInformation{
                                    .preference = 1, .lifetime = RouterLifetime{1000}}});
    CHECK(advertised(t).managed == relays);
    CHECK_FALSE(advertised(t).other);
  }
}

TEST_CASE("HA-18: one place of twenty thousand is found at once") {
  FakeSurroundings around;
  BindingCache cache({.clock = around.clock, .timers = around.timers, .random = around.random});
  TunnelOwners owners(cache, around.random);
  const auto numbered = [](Address address, unsigned number) {
    store_be<std::uint32_t>(&address.bytes[12], number);
    return address;
  };
  constexpr unsigned kNodes = 20'000;
  for (unsigned i = 0; i < kNodes; ++i) {
    // All claim to be where the first one is, and then go where they are.
    owners.put(numbered(kHome, i), kCareOf);
    REQUIRE(cache.put({.home_address = numbered(kHome, i), .own = kHomeAgent}, 1h));
  }
  for (unsigned i = 1; i < kNodes; ++i) owners.put(numbered(kHome, i), numbered(kOtherCareOf, i));
  CHECK(owners.size() == kNodes);
  for (unsigned i = 1; i < kNodes; ++i) {
    const BindingEntry* const owner = owners.owner_of({.source = numbered(kOtherCareOf, i)});
    REQUIRE(owner != nullptr);
    REQUIRE(owner->home_address == numbered(kHome, i));
  }
  for (unsigned i = 0; i < kNodes; ++i) owners.erase(numbered(kHome, i));
  CHECK(owners.size() == 0);
  CHECK(owners.owner_of({.source = kCareOf}) == nullptr);
}

}  // namespace
}  // namespace sallyport::mip6::test::home_link_in_tunnels_test
