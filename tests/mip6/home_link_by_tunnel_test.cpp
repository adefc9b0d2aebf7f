#include "mip6/home_link_by_tunnel.h"

#include <catch2/catch.hpp>

#include "mip6/dhcp_message.h"
#include "mip6/home_agent_service.h"
#include "mip6/listener_discovery.h"
#include "net/neighbour_discovery.h"
#include "net/protocol.h"
#include "tests/mip6/home_agent_scene.h"
#include "tests/mip6/mobile_node_scene.h"

namespace sallyport::mip6::test::home_link_by_tunnel_test {
namespace {

using Kind = ListenerRecord::Kind;

constexpr PortId kHostLink{7};
constexpr MacAddress kHostMac{{2, 0, 0, 0, 1, 0}};
const Address kHost = ip("fe80::99");
const Address kRouter = ip("fe80::5");  // the home agent's, on the home link
const Address kGroup = ip("ff1e::42");
const Octets kSolicit{1, 1, 2, 3};
const Octets kAdvertise{2, 1, 2, 3};

MobileNodeSettings with_host() {
  MobileNodeSettings settings = mobile_node_settings();
  settings.host_link = kHostLink;
  return settings;
}

Arrival of_host(const Address& destination = all_listener_routers()) {
  return {.source = kHost, .destination = destination, .port = kHostLink, .link_source = kHostMac};
}
Arrival of_home_agent(const Address& destination = all_nodes()) {
  return {.source = kRouter,
          .destination = destination,
          .tunnel = OuterHeader{.source = kHomeAgent, .protection = Protection::Ipsec}};
}
Octets report_of(const Arrival& arrival,
                 const ListenerMessage& message = ListenerReport{.records = {{.group = kGroup}}}) {
  return build_listener_message(message, arrival.source, arrival.destination);
}
Octets datagram_of(const Arrival& arrival, const UdpPorts& ports, ByteView payload) {
  return make_udp_message(ports, arrival.source, arrival.destination, payload);
}

struct Away : MobileNodeScene {
  explicit Away(const MobileNodeSettings& settings = with_host()) : MobileNodeScene(settings) {}

  // What is sent because of it, nothing else.
  std::vector<SentMessage> take(const Arrival& arrival, std::uint8_t protocol,
                                const Octets& octets) {
    fakes.sender.sent.clear();
    taken = on_exact_copy(
        octets, [&](ByteView copy) { return node.receive_of_link(arrival, protocol, copy); });
    return fakes.sender.take();
  }
  std::vector<SentMessage> report(const Arrival& arrival = of_host()) {
    return take(arrival, kProtocolIcmpv6, report_of(arrival));
  }
  std::vector<SentMessage> query(const Arrival& arrival = of_home_agent()) {
    return take(arrival, kProtocolIcmpv6, report_of(arrival, ListenerQuery{}));
  }
  std::vector<SentMessage> solicit(const Arrival& arrival = of_host(all_dhcp_servers())) {
    return take(arrival, kProtocolUdp, datagram_of(arrival, kDhcpToServer, kSolicit));
  }

  bool taken{};
};

TEST_CASE("HA-18: a report goes home once there is a binding, and a query has come by the tunnel") {
  Away a;
  CHECK(a.report().empty());
  a.attach(kCareOf);
  CHECK(a.report().empty());
  CHECK(a.query().empty());  // counts for nothing yet
  a.pass(seconds{2});
  const BindingUpdate update = a.last_update();
  a.acknowledge({.sequence = update.sequence, .lifetime = update.lifetime});
  CHECK(a.report().empty());
  CHECK(a.taken);
  CHECK(a.query().size() == 1);
  const auto sent = a.report();
  REQUIRE(sent.size() == 1);
  const Departure& departure = sent[0].departure;
  CHECK(departure.source == kHost);
  CHECK(departure.destination == all_listener_routers());
  CHECK(departure.tunnel == kHome);
  CHECK(departure.protocol == kProtocolHopByHop);
  CHECK(departure.hop_limit == 1);
  CHECK_FALSE(departure.port);
  CHECK(sent[0].octets == with_router_alert(report_of(of_host())));
}

TEST_CASE("HA-18: a query is the host's to answer") {
  Away a;
  a.register_at(kCareOf);
  const auto sent = a.query();
  REQUIRE(sent.size() == 1);
  const Departure& departure = sent[0].departure;
  CHECK(departure.source == kRouter);
  CHECK(departure.destination == all_nodes());
  CHECK(departure.port == kHostLink);
  CHECK_FALSE(departure.tunnel);
  CHECK(departure.protocol == kProtocolHopByHop);
  CHECK(departure.hop_limit == 1);
  CHECK(sent[0].octets == with_router_alert(report_of(of_home_agent(), ListenerQuery{})));
}

TEST_CASE("HA-18: with its Hop-by-Hop header or without, it is sent with one") {
  Away a;
  a.register_at(kCareOf);
  const Arrival query = of_home_agent();
  const Octets octets = with_router_alert(report_of(query, ListenerQuery{}));
  CHECK(a.take(query, kProtocolHopByHop, octets)[0].octets == octets);
  const Octets report = with_router_alert(report_of(of_host()));
  CHECK(a.take(of_host(), kProtocolHopByHop, report)[0].octets == report);
}

TEST_CASE("HA-18: both versions, and a host without an address yet") {
  Away a;
  a.register_at(kCareOf);
  a.query();
  Arrival arrival = of_host(kGroup);
  CHECK(a.take(arrival, kProtocolIcmpv6, report_of(arrival, ListenerReport1{.group = kGroup}))
            .size() == 1);
  arrival.destination = all_routers();
  CHECK(
      a.take(arrival, kProtocolIcmpv6, report_of(arrival, ListenerDone{.group = kGroup})).size() ==
      1);
  arrival = of_host();
  arrival.source = Address::any(Family::V6);
  CHECK(a.report(arrival).size() == 1);
  const Arrival from_agent = of_home_agent();
  const ListenerQuery old{.version = ListenerVersion::V1};
  CHECK(a.take(from_agent, kProtocolIcmpv6, report_of(from_agent, old)).size() == 1);
}

TEST_CASE("HA-18: that stays so while the node moves and its binding is refreshed") {
  Away a;
  a.register_at(kCareOf);
  a.query();
  a.attach(kNewCareOf);
  CHECK(a.report().size() == 1);  // the update has gone before it
  a.pass(seconds{2});
  const BindingUpdate update = a.last_update();
  a.acknowledge({.sequence = update.sequence, .lifetime = update.lifetime});
  CHECK(a.report().size() == 1);
  a.pass(seconds{451});
  const BindingUpdate refresh = a.last_update();
  a.acknowledge({.sequence = refresh.sequence, .lifetime = refresh.lifetime});
  a.pass(seconds{400});
  CHECK(a.report().size() == 1);
}

TEST_CASE("HA-18: once the binding has expired a query has to come anew") {
  Away a;
  a.register_at(kCareOf);
  a.query();
  a.fakes.sender.sent.clear();
  a.pass(seconds{601});
  const BindingUpdate update = a.last_update();
  SECTION("and it has not been made again") {
    CHECK(a.report().empty());
    CHECK(a.query().empty());
    CHECK(a.solicit().empty());
    CHECK_FALSE(a.taken);
  }
  SECTION("though there is another one, and nothing was said in between") {
    a.acknowledge({.sequence = update.sequence, .lifetime = update.lifetime});
    CHECK(a.report().empty());
    CHECK(a.solicit().size() == 1);
    a.query();
    CHECK(a.report().size() == 1);
  }
}

TEST_CASE("HA-18: another home agent has to ask for itself") {
  FakeSender sender;
  const MobileNodeSettings settings = with_host();
  HomeLinkByTunnel link(sender, settings);
  const auto query = [&](const Address& home_agent) {
    Arrival arrival = of_home_agent();
    arrival.tunnel->source = home_agent;
    link.from_tunnel(arrival, kProtocolIcmpv6, report_of(arrival, ListenerQuery{}));
    return sender.take().size();
  };
  const auto report = [&] {
    link.from_host(of_host(), kProtocolIcmpv6, report_of(of_host()));
    return sender.take().size();
  };
  link.bound(kHomeAgent);
  CHECK(query(kHomeAgent) == 1);
  CHECK(report() == 1);
  link.bound(kOtherAgent);
  CHECK(report() == 0);
  CHECK(query(kHomeAgent) == 0);
  CHECK(report() == 0);
  CHECK(query(kOtherAgent) == 1);
  CHECK(report() == 1);
}

TEST_CASE("HA-18, HA-19: at home nothing of this happens") {
  Away a;
  a.register_at(kCareOf);
  a.query();
  a.solicit();
  a.go_home();
  for (int round = 0; round < 2; ++round) {
    CHECK(a.report().empty());
    CHECK_FALSE(a.taken);
    CHECK(a.query().empty());
    CHECK(a.solicit().empty());
    CHECK_FALSE(a.taken);
    // Before the binding is deleted, and after.
    if (round > 0) break;
    a.fakes.sender.sent.clear();
    a.pass(seconds{2});
    const BindingUpdate update = a.last_update();
    a.acknowledge({.sequence = update.sequence});
  }
  // Away again it is a new binding.
  a.fakes.sender.sent.clear();
  a.attach(kCareOf);
  const BindingUpdate again = a.last_update();
  a.acknowledge({.sequence = again.sequence, .lifetime = again.lifetime});
  CHECK(a.report().empty());
  CHECK(a.solicit().size() == 1);
}

TEST_CASE("HA-18: a link that is lost meanwhile changes nothing of what the home agent wants") {
  Away a;
  a.register_at(kCareOf);
  a.query();
  a.node.detached();
  CHECK(a.report().empty());
  a.attach(kCareOf);
  CHECK(a.report().size() == 1);
}

TEST_CASE("HA-19: the host's DHCPv6 goes home by the tunnel once the node is bound") {
  Away a;
  CHECK(a.solicit().empty());
  a.register_at(kCareOf);
  const auto sent = a.solicit();
  REQUIRE(sent.size() == 1);
  const Departure& departure = sent[0].departure;
  CHECK(departure.source == kHost);
  CHECK(departure.destination == all_dhcp_servers());
  CHECK(departure.tunnel == kHome);
  CHECK(departure.protocol == kProtocolUdp);
  CHECK(sent[0].octets == datagram_of(of_host(all_dhcp_servers()), kDhcpToServer, kSolicit));
}

TEST_CASE("HA-18, HA-19: what the tunnel does not protect is not carried") {
  MobileNodeSettings settings = with_host();
  settings.carries_dhcp = false;
  Away without_dhcp(settings);
  without_dhcp.register_at(kCareOf);
  CHECK(without_dhcp.query().size() == 1);
  CHECK(without_dhcp.report().size() == 1);
  CHECK(without_dhcp.solicit().empty());
  settings.carries_dhcp = true;
  settings.carries_listener_discovery = false;
  Away without_groups(settings);
  without_groups.register_at(kCareOf);
  CHECK(without_groups.query().empty());
  CHECK(without_groups.report().empty());
  CHECK(without_groups.solicit().size() == 1);
}

TEST_CASE("HA-18: of tunnels that are not the home agent's nothing is passed on") {
  Away a;
  a.register_at(kCareOf);
  const auto passes = [&](const Arrival& arrival) { return !a.query(arrival).empty(); };
  Arrival arrival = of_home_agent();
  arrival.tunnel->source = kCorrespondent;
  CHECK_FALSE(passes(arrival));
  arrival = of_home_agent();
  arrival.tunnel.reset();
  CHECK_FALSE(passes(arrival));
  arrival = of_home_agent();
  arrival.source = kHomeAgent;
  CHECK_FALSE(passes(arrival));
  CHECK(a.report().empty());
  arrival = of_home_agent();
  arrival.tunnel->home_address = kOtherHome;
  CHECK_FALSE(passes(arrival));
  CHECK_FALSE(a.taken);
  CHECK(a.query(of_home_agent(kHost)).empty());  // to one host
  arrival = of_home_agent();
  arrival.tunnel->home_address = kHome;
  CHECK(passes(arrival));
}

TEST_CASE("HA-18, HA-19: of the host only what it may say to its link is carried") {
  Away a;
  a.register_at(kCareOf);
  a.query();
  for (const char* const source : {"2001:db8:b::100", "2001:db8:a::100"}) {
    Arrival arrival = of_host();
    arrival.source = ip(source);
    CHECK(a.report(arrival).empty());
    arrival.destination = all_dhcp_servers();
    CHECK(a.solicit(arrival).empty());
  }
  // A multicast router of its own would be another's link.
  const Arrival query = of_host(all_nodes());
  CHECK(a.take(query, kProtocolIcmpv6, report_of(query, ListenerQuery{})).empty());
  for (const char* const to : {"ff02::1:3", "fe80::5", "2001:db8:b::1"})
    CHECK(a.solicit(of_host(ip(to))).empty());
  Arrival elsewhere = of_host();
  elsewhere.port = kLink;
  CHECK(a.report(elsewhere).empty());
  CHECK_FALSE(a.taken);
  const Arrival server = of_host(all_dhcp_servers());
  CHECK(a.take(server, kProtocolUdp,
               datagram_of(server, {.source = 547, .destination = 547}, kSolicit))
            .empty());
  CHECK_FALSE(a.taken);
  CHECK(a.take(of_host(), kProtocolIcmpv6, {128, 0, 0, 0, 0, 0, 0, 0}).empty());
  CHECK_FALSE(a.taken);
}

TEST_CASE("HA-18, HA-19: what is cut anywhere is not passed on, either way") {
  Away a;
  a.register_at(kCareOf);
  a.query();
  a.solicit();
  const auto never = [&](const Arrival& arrival, std::uint8_t protocol, const Octets& whole) {
    CHECK(a.take(arrival, protocol, whole).size() == 1);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Octets cut(whole.begin(), whole.begin() + std::ptrdiff_t(size));
      CHECK(a.take(arrival, protocol, cut).empty());
    }
  };
  never(of_host(), kProtocolIcmpv6, report_of(of_host()));
  never(of_host(), kProtocolHopByHop, with_router_alert(report_of(of_host())));
  const Arrival to_servers = of_host(all_dhcp_servers());
  never(to_servers, kProtocolUdp, datagram_of(to_servers, kDhcpToServer, kSolicit));
  never(of_home_agent(), kProtocolIcmpv6, report_of(of_home_agent(), ListenerQuery{}));
}

TEST_CASE("HA-18, HA-19: without a host's port nothing is taken") {
  Away a(mobile_node_settings());
  a.register_at(kCareOf);
  CHECK(a.query().empty());
  CHECK_FALSE(a.taken);
  CHECK(a.report().empty());
  CHECK(a.solicit().empty());
  CHECK_FALSE(a.taken);
}

// A home agent and a mobile node: what either sends into the tunnel comes out at the other.
struct Together {
  Together()
      : cache({.clock = home.clock, .timers = home.timers, .random = home.random}),
        service(
            HomeAgentService::create({.agent = home_agent_config(),
                                      .in_tunnels = {.multicast = MulticastListeners::Settings{},
                                                     .dhcp_relay = DhcpRelay::Settings{}}},
                                     surroundings(home, cache), home.timers,
                                     {.multicast = &forwarding, .dhcp_server = &server})
                .value()) {
    service->agent().receive(from_away(), home_update(1));
    home.neighbours.finish_detection();
    away.register_at(kCareOf);
    away.fakes.sender.sent.clear();
    home.sender.sent.clear();
  }

  // What is under way in the tunnel, and what the host gets of it.
  std::vector<SentMessage> carry() {
    for (const SentMessage& sent : home.sender.take())
      if (sent.departure.tunnel == kHome)
        away.node.receive_of_link(out_of_tunnel(sent.departure, kHomeAgent),
                                  sent.departure.protocol, sent.octets);
    std::vector<SentMessage> to_host;
    for (const SentMessage& sent : away.fakes.sender.take())
      if (sent.departure.tunnel == kHome)
        service->receive_from_tunnel(out_of_tunnel(sent.departure, kCareOf),
                                     sent.departure.protocol, sent.octets);
      else if (sent.departure.port == kHostLink)
        to_host.push_back(sent);
    return to_host;
  }
  static Arrival out_of_tunnel(const Departure& departure, const Address& from) {
    return {.source = departure.source,
            .destination = departure.destination,
            .tunnel = OuterHeader{.source = from}};
  }

  FakeSurroundings home;
  FakeForwarding forwarding;
  FakeDhcpServerLink server;
  BindingCache cache;
  std::unique_ptr<HomeAgentService> service;
  Away away;
};

TEST_CASE("HA-18: a host that is away hears a query, answers, and is a member at home") {
  Together t;
  t.home.pass(seconds{1});
  CHECK(t.carry().size() == 1);
  t.away.node.receive_of_link(of_host(), kProtocolIcmpv6, report_of(of_host()));
  CHECK(t.carry().empty());
  CHECK(t.forwarding.has(kGroup, kHome));
}

TEST_CASE("HA-19: a host that is away asks the server of its home link, which answers it") {
  Together t;
  const Arrival arrival = of_host(all_dhcp_servers());
  t.away.node.receive_of_link(arrival, kProtocolUdp, datagram_of(arrival, kDhcpToServer, kSolicit));
  CHECK(t.carry().empty());
  REQUIRE(t.server.sent.size() == 1);
  auto asked = parse_dhcp_relay_message(t.server.sent[0]);
  REQUIRE(asked);
  CHECK(asked->message == kSolicit);
  asked->kind = DhcpRelayMessage::Kind::Reply;
  asked->message = kAdvertise;
  t.service->receive_from_dhcp_server(build_dhcp_relay_message(*asked));
  const auto answers = t.home.sender.take();
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].departure.tunnel == kHome);
  CHECK(answers[0].departure.destination == kHost);
  const auto payload = udp_payload(answers[0].octets, home_link().link_local, kHost);
  REQUIRE(payload);
  CHECK(Octets(payload->begin(), payload->end()) == kAdvertise);
}

}  // namespace
}  // namespace sallyport::mip6::test::home_link_by_tunnel_test
