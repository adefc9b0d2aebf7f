// The home link inside the tunnel: a mobile node's host hears of groups and speaks with DHCPv6 as
// if it were at home (RFC 6275 10.4.2 to 10.4.4, 11.3.4). Two whole gateways with configured SAs.
#include <catch2/catch.hpp>

#include "mip6/dhcp_message.h"
#include "mip6/dhcp_relay_message.h"
#include "mip6/listener_discovery.h"
#include "net/protocol.h"
#include "net/udp.h"
#include "tests/gateway/config_mobility.h"
#include "tests/gateway/home_and_node.h"

namespace sallyport::home_link_in_tunnel_test {

using namespace test;

namespace {

const Address kHost = Address::parse("fe80::100").value();  // the host's own, on any link
const Address kGroup = Address::parse("ff0e::101").value();
const Address kServer = Address::parse("2001:db8:1::9").value();

// What the tunnel has besides registrations and TCP.
enum class Carries : std::uint8_t { Nothing, HomeLink };

std::string protection(Carries what) {
  std::string sas = R"(binding = ["sa1", "sa2"], payload = ["sa7", "sa8"])";
  std::string flags;
  if (what == Carries::HomeLink) {
    sas += R"(, multicast = ["sa3", "sa4"], groups = ["sa9", "sa10"], dhcp = ["sa5", "sa6"])";
    flags = "multicast = true\ndhcp = true\n";
  }
  return flags + "sas = { " + sas +
         " }\npayload = \"tcp\"\nroute_optimisation = false\nprefix_discovery = false\n";
}
std::string sas_of(Carries what, SeenBy node) {
  const bool out_first = node == SeenBy::MobileNode;
  std::string text;
  for (const unsigned number : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u, 9u, 10u}) {
    const bool home_link = (number >= 3 && number <= 6) || number >= 9;
    if (home_link && what == Carries::Nothing) continue;
    text += study_sa(number, (number % 2 == 1) == out_first ? "out" : "in");
  }
  return text;
}

std::string node_text(Carries what) {
  return "[mobile_node]\nhome_address = \"2001:db8:1::10\"\nhome_agent = \"2001:db8:1::1\"\n"
         "links = \"wlan\"\naddress_check = \"optimistic\"\n" +
         protection(what) + sas_of(what, SeenBy::MobileNode);
}
const std::string kNetwork = kHomeAgentRoute + R"([[neighbour]]
address = "2001:db8:1::9"
mac = "02:00:00:00:00:99"
port = "lan"
)";
std::string agent_text(Carries what) {
  return kNetwork + kHomeLink +
         "dhcp_server = \"2001:db8:1::9\"\n"
         "[[home_agent.nodes]]\nname = \"mn\"\nhome_address = \"2001:db8:1::10\"\n" +
         protection(what) + sas_of(what, SeenBy::HomeAgent);
}

// The same by IKE.
const std::string kNegotiated = "payload = \"tcp\"\nmulticast = true\ndhcp = true\n";
std::string negotiating_node_text() {
  return "[mobile_node]\nhome_address = \"2001:db8:1::10\"\nhome_agent = \"2001:db8:1::1\"\n"
         "links = \"wlan\"\naddress_check = \"optimistic\"\npeer = \"agent\"\n" +
         kNegotiated + R"([[peer]]
name = "agent"
remote = "2001:db8:1::1"
identities = "ha.example.org"
local_id = "user@example.org"
psk = { text = "a key that both of them have" }
)";
}
std::string negotiating_agent_text() {
  return kNetwork + kHomeLink +
         "dhcp_server = \"2001:db8:1::9\"\n"
         "[[home_agent.nodes]]\nname = \"mn\"\nhome_address = \"2001:db8:1::10\"\npeer = "
         "\"user\"\n" +
         kNegotiated + R"([[peer]]
name = "user"
identities = "user@example.org"
local_id = "ha.example.org"
psk = { text = "a key that both of them have" }
)";
}

struct Heard {
  PacketSummary summary;
  PacketBytes packet;
  [[nodiscard]] ByteView upper() const { return ByteView(packet).subspan(summary.upper_offset); }
};

class Tunnelled final : public HomeAndNode {
 public:
  explicit Tunnelled(Carries node = Carries::HomeLink, Carries agent = Carries::HomeLink)
      : Tunnelled(node_text(node), agent_text(agent)) {}
  Tunnelled(const std::string& node, const std::string& agent)
      : HomeAndNode(kMobileNodeWires, node, agent) {}

  void come() {
    visit();
    until([&] { return registered(); });
  }
  // What has come to the host, or out of the home link, since it was asked last.
  [[nodiscard]] static std::vector<Heard> heard(WiredGateway& gateway) {
    std::vector<Heard> all;
    for (PacketBytes& packet : gateway.sent_datagrams(kInside)) {
      PacketSummary summary;
      if (summarize(packet, summary) == ParseVerdict::Good)
        all.push_back({summary, std::move(packet)});
    }
    return all;
  }
  [[nodiscard]] std::size_t queries_to_host() {
    std::size_t queries = 0;
    for (const Heard& each : heard(node)) {
      const auto message = mip6::parse_listener_message(each.upper(), each.summary.source_address(),
                                                        each.summary.destination_address());
      if (!message || !std::holds_alternative<mip6::ListenerQuery>(*message)) continue;
      CHECK(int{each.summary.hop_limit} == 1);
      CHECK(each.summary.source_address().is_link_local());
      ++queries;
    }
    return queries;
  }
  // MLDv2 as a host does.
  void host_says(mip6::ListenerRecord record) {
    const Address routers = mip6::all_listener_routers();
    const auto report = mip6::with_router_alert(
        mip6::build_listener_message(mip6::ListenerReport{{std::move(record)}}, kHost, routers));
    node.receive(kInside, PacketBuilder(kHost, routers)
                              .hop_limit(mip6::kListenerHopLimit)
                              .protocol(kProtocolHopByHop)
                              .payload(report)
                              .build());
    run(std::chrono::milliseconds(300));
  }
  void join() { host_says({.kind = mip6::ListenerRecord::Kind::ToExclude, .group = kGroup}); }
  void leave() { host_says({.kind = mip6::ListenerRecord::Kind::ToInclude, .group = kGroup}); }
  // How many of the packets that come to the group at home reach the host.
  [[nodiscard]] std::size_t arrive() {
    static_cast<void>(heard(node));
    home_agent.receive(kInside, PacketBuilder(kServer, kGroup).udp(9, 9).filler(30).build());
    run(std::chrono::milliseconds(200));
    return static_cast<std::size_t>(std::ranges::count_if(heard(node), [](const Heard& each) {
      return each.summary.destination_address() == kGroup;
    }));
  }
};

}  // namespace

TEST_CASE(
    "HA-18: a host that is asked by the tunnel has its groups brought by it, until it leaves") {
  Tunnelled scene;
  scene.come();
  scene.until([&] { return scene.queries_to_host() > 0; });
  CHECK(scene.arrive() == 0);
  scene.join();
  CHECK(scene.arrive() == 1);
  scene.leave();
  CHECK(scene.arrive() == 0);
  CHECK(scene.plain == 0);
}

TEST_CASE("HA-18, MDYN-09: with SAs that are negotiated groups are brought as well") {
  Tunnelled scene(negotiating_node_text(), negotiating_agent_text());
  scene.come();
  scene.until([&] { return scene.queries_to_host() > 0; });
  scene.join();
  bool brought = false;  // the first packet may ask for the SA
  for (int i = 0; i < 20 && !brought; ++i) brought = scene.arrive() == 1;
  CHECK(brought);
  CHECK(scene.arrive() == 1);
  scene.leave();
  CHECK(scene.arrive() == 0);
  CHECK(scene.plain == 0);
}

TEST_CASE("HA-18: what a host says of groups before its home agent has asked stays with it") {
  Tunnelled scene(Carries::HomeLink, Carries::Nothing);
  scene.come();
  scene.join();
  scene.run(std::chrono::seconds(5));
  CHECK(scene.queries_to_host() == 0);  // that home agent does not want to hear of groups
  CHECK(scene.arrive() == 0);
  CHECK(scene.plain == 0);
}

TEST_CASE("HA-18: a host is asked again and again, and its groups come as long as it answers") {
  Tunnelled scene;
  scene.come();
  scene.until([&] { return scene.queries_to_host() > 0; });
  scene.join();
  REQUIRE(scene.arrive() == 1);
  scene.run(std::chrono::seconds(130));
  CHECK(scene.queries_to_host() >= 1);
  scene.join();
  scene.run(std::chrono::seconds(135));
  CHECK(scene.arrive() == 1);
  scene.run(std::chrono::seconds(140));  // it has been silent for more than 260 s
  CHECK(scene.arrive() == 0);
}

TEST_CASE("HA-19: a host's DHCPv6 is relayed to the server of the home link, and answered") {
  Tunnelled scene;
  scene.come();
  static_cast<void>(Tunnelled::heard(scene.home_agent));
  const PacketBytes solicit{1, 0, 0, 7, 0, 8, 0, 2, 0, 0};
  const auto udp = make_udp_message(mip6::kDhcpToServer, kHost, mip6::all_dhcp_servers(), solicit);
  scene.node.receive(HomeAndNode::kInside, PacketBuilder(kHost, mip6::all_dhcp_servers())
                                               .hop_limit(1)
                                               .protocol(kProtocolUdp)
                                               .payload({udp.begin(), udp.end()})
                                               .build());
  scene.run(std::chrono::milliseconds(300));
  std::optional<mip6::DhcpRelayMessage> relayed;
  for (const Heard& each : Tunnelled::heard(scene.home_agent)) {
    if (each.summary.protocol != kProtocolUdp) continue;
    CHECK(each.summary.source_address() == kAgent);
    CHECK(each.summary.destination_address() == kServer);
    const auto payload = udp_payload(each.upper(), kAgent, kServer);
    REQUIRE(payload);
    relayed = mip6::parse_dhcp_relay_message(*payload);
  }
  REQUIRE(relayed);
  CHECK(relayed->kind == mip6::DhcpRelayMessage::Kind::Forward);
  CHECK(relayed->peer == kHost);
  CHECK(relayed->message == solicit);
  relayed->kind = mip6::DhcpRelayMessage::Kind::Reply;
  relayed->message = {2, 0, 0, 7};
  const auto reply = mip6::build_dhcp_relay_message(*relayed);
  const UdpPorts between{.source = kDhcpServerPort, .destination = kDhcpServerPort};
  const auto answer = [&](const Address& from) {
    static_cast<void>(Tunnelled::heard(scene.node));
    const auto message = make_udp_message(between, from, kAgent, reply);
    scene.home_agent.receive(HomeAndNode::kInside, PacketBuilder(from, kAgent)
                                                       .protocol(kProtocolUdp)
                                                       .payload({message.begin(), message.end()})
                                                       .build());
    scene.run(std::chrono::milliseconds(300));
    std::vector<PacketBytes> payloads;
    for (const Heard& each : Tunnelled::heard(scene.node))
      if (each.summary.destination_address() == kHost) {
        const auto payload = udp_payload(each.upper(), each.summary.source_address(), kHost);
        REQUIRE(payload);
        CHECK(each.summary.source_address().is_link_local());
        payloads.emplace_back(payload->begin(), payload->end());
      }
    return payloads;
  };
  CHECK(answer(Address::parse("2001:db8:1::66").value()).empty());  // not the server
  CHECK(answer(kServer) == std::vector<PacketBytes>{{2, 0, 0, 7}});
  CHECK(scene.plain == 0);
}

TEST_CASE("HA-19: a node whose tunnel does not protect DHCPv6 does not relay, nor is it served") {
  Tunnelled scene(Carries::Nothing, Carries::Nothing);
  scene.come();
  static_cast<void>(Tunnelled::heard(scene.home_agent));
  const auto udp = make_udp_message(mip6::kDhcpToServer, kHost, mip6::all_dhcp_servers(),
                                    PacketBytes{1, 0, 0, 7});
  scene.node.receive(HomeAndNode::kInside, PacketBuilder(kHost, mip6::all_dhcp_servers())
                                               .hop_limit(1)
                                               .protocol(kProtocolUdp)
                                               .payload({udp.begin(), udp.end()})
                                               .build());
  scene.run(std::chrono::seconds(1));
  for (const Heard& each : Tunnelled::heard(scene.home_agent))
    CHECK(each.summary.protocol != kProtocolUdp);
  CHECK(scene.plain == 0);
}

}  // namespace sallyport::home_link_in_tunnel_test
