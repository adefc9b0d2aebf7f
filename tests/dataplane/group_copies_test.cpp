// What comes to a multicast group on the home link, and what a home agent and its mobile nodes say
// to each other as neighbours would, by their tunnel (RFC 6275 10.4.2 to 10.4.4, 11.3.4).
#include "dataplane/group_copies.h"

#include "net/neighbour_discovery.h"
#include "net/udp.h"
#include "tests/dataplane/mobility_scenes.h"
#include "tests/support/esp_pair.h"

namespace sallyport::group_copies_test {
namespace {

const Address kGroup = ip6("ff0e::101");
const Address kReports = ip6("ff02::16");
const Address kHostLinkLocal = ip6("fe80::100");
const Address kAgentLinkLocal = ip6("fe80::1");

Address home(std::size_t number) {
  Address address = kHome;
  store_be<std::uint16_t>(&address.bytes[12], static_cast<std::uint16_t>(number));
  return address;
}
Address care_of(std::size_t number) {
  Address address = kCareOf;
  store_be<std::uint16_t>(&address.bytes[12], static_cast<std::uint16_t>(number));
  return address;
}

PacketBytes to_group(const Address& group = kGroup, const Address& source = kCorrespondent) {
  return PacketBuilder(source, group).udp(1, 2).filler(60).build();
}

// RFC 2711: a router alert, MLD.
PacketBytes listener_message(const Address& source, const Address& group, std::uint8_t type) {
  return PacketBuilder(source, group)
      .hop_limit(1)
      .hop_by_hop({5, 2, 0, 0})
      .icmp(type, 0)
      .filler(20)
      .build();
}

// Everything that goes by the tunnel between them, in ESP.
Policy protects_tunnel(const Address& tunnel, const Endpoints& ends) {
  Policy policy{.name = "tunnel", .selectors = {Selector{}}, .action = PolicyAction::Protect};
  policy.selectors[0].local = policy.selectors[0].remote = {AddressRange::parse("::/0").value()};
  policy.tunnel = tunnel;
  Protection protection;
  protection.endpoints = ends;
  policy.protect = protection;
  return policy;
}

class Groups : public MobileGateway {
 public:
  explicit Groups(std::vector<Policy> policies = {})
      : MobileGateway(Scene::HomeAgent, std::move(policies)) {}

  void listen(std::vector<Address> homes, PortId link = kInside) {
    GroupListeners listeners{.link = link};
    listeners.by_group[kGroup] = std::make_shared<const std::vector<Address>>(std::move(homes));
    gateway->dataplane().set_listeners(
        std::make_shared<const GroupListeners>(std::move(listeners)));
  }
};

// Control has this datagram go by the tunnel of `home_address`.
void say_by_tunnel(MobileGateway& scene, const Address& home_address, const PacketBytes& datagram) {
  const PacketSummary summary = summary_of(datagram);
  scene.gateway->control().send_mobility({.source = summary.source_address(),
                                          .destination = summary.destination_address(),
                                          .protocol = datagram[6],
                                          .hop_limit = datagram[7],
                                          .tunnel = home_address,
                                          .octets = ByteView(datagram).subspan(40)});
  scene.gateway->settle();
}

// The home agent and a mobile node, with SAs both ways whose tunnel is theirs and selects all.
Sa tunnel_sa(Direction direction, const Endpoints& ends, std::uint32_t spi) {
  Sa sa = sample_sa(direction, {Cipher::AesGcm16_128, Integrity::None});
  sa.name = direction == Direction::Outbound ? "out" : "in";
  sa.spi = Spi{spi};
  sa.endpoints = ends;
  sa.selectors = {Selector{}};
  return sa;
}

}  // namespace

TEST_CASE("HA-16, HA-18: what comes to a group goes to each node that listens, in its tunnel") {
  Groups scene;
  scene.bind(BindingUse::HomeAgent, care_of(1), kHomeAgent, home(1));
  scene.bind(BindingUse::HomeAgent, care_of(2), kHomeAgent, home(2));
  scene.bind(BindingUse::HomeAgent, care_of(3), kHomeAgent, home(3));
  scene.listen({home(1), home(3)});
  const auto packets = scene.cross(kInside, to_group(), kOutside);
  REQUIRE(packets.size() == 2);
  CHECK(summary_of(packets[0]).destination_address() == care_of(1));
  CHECK(summary_of(packets[1]).destination_address() == care_of(3));
  for (const PacketBytes& packet : packets) {
    CHECK(summary_of(packet).source_address() == kHomeAgent);
    CHECK(inner_of(packet) == with_hop_limit(to_group(), 63));
  }
  CHECK(scene.gateway->sent(kInside).empty());
  CHECK(scene.gateway->dropped(DropReason::CopiedToGroup) == 1);
  CHECK(scene.gateway->dropped_in_all() == 0);
}

TEST_CASE("HA-18: a group may have more listeners than a burst has packets") {
  Groups scene;
  std::vector<Address> homes;
  for (std::size_t i = 0; i < 60; ++i) {
    homes.push_back(home(i));
    scene.bind(BindingUse::HomeAgent, care_of(i), kHomeAgent, homes.back());
  }
  // Twice, as if there were more than the table of this scene has room for.
  const std::vector<Address> once = homes;
  homes.insert(homes.end(), once.begin(), once.end());
  scene.listen(homes);
  const auto packets = scene.cross(kInside, to_group(), kOutside);
  REQUIRE(packets.size() == 120);
  for (std::size_t i = 0; i < packets.size(); ++i)
    CHECK(summary_of(packets[i]).destination_address() == care_of(i % 60));
}

TEST_CASE("HA-16: other groups, other ports, tunnels and nodes that are at home have no copies") {
  Groups scene;
  scene.bind(BindingUse::HomeAgent);
  scene.drops(kInside, to_group(), DropReason::Multicast);  // nobody listens to anything
  scene.listen({kHome});
  scene.drops(kInside, to_group(ip6("ff0e::102")), DropReason::Multicast);
  scene.drops(kOutside, to_group(), DropReason::Multicast);
  scene.drops(kOutside, tunnelled(kCareOf, kHomeAgent, to_group(kGroup, kHome)),
              DropReason::Multicast);
  scene.drops(kInside, with_hop_limit(to_group(), 1), DropReason::HopLimit);
  scene.gateway->dataplane().bindings().remove(BindingUse::HomeAgent, kHome, {});
  CHECK(scene.cross(kInside, to_group(), kOutside).empty());
  CHECK(scene.gateway->dropped(DropReason::CopiedToGroup) == 1);
  scene.gateway->dataplane().set_listeners(nullptr);
  scene.drops(kInside, to_group(), DropReason::Multicast);
}

TEST_CASE("HA-18, MSEC-38: copies, and what control says by a tunnel, are protected as it is") {
  Groups scene({protects_tunnel(kHome, {kHomeAgent, kCareOf}), MobileGateway::bypass("any")});
  scene.bind(BindingUse::HomeAgent);
  scene.listen({kHome});
  // Without an SA nothing leaves in the clear.
  CHECK(scene.cross(kInside, to_group(), kOutside).empty());
  CHECK(scene.gateway->dropped(DropReason::NoSa) == 1);
  scene.gateway->add_sa(tunnel_sa(Direction::Outbound, {kHomeAgent, kCareOf}, 0x1001), "tunnel");
  const auto packet = only_one(scene.cross(kInside, to_group(), kOutside));
  CHECK(int{summary_of(packet).protocol} == kProtocolEsp);
  CHECK(summary_of(packet).destination_address() == kCareOf);
  const auto say = [&](const Address& node) {
    const PacketBytes query = listener_message(kAgentLinkLocal, all_nodes(), 130);
    say_by_tunnel(scene, node, query);
    return scene.gateway->sent(kOutside);
  };
  const auto said = only_one(say(kHome));
  CHECK(int{summary_of(said).protocol} == kProtocolEsp);
  CHECK(summary_of(said).destination_address() == kCareOf);
  CHECK(say(home(7)).empty());
  CHECK(scene.gateway->dropped(DropReason::TunnelRefused) == 1);
}

TEST_CASE("HA-18: without protection the same goes in the tunnel as it is") {
  Groups scene;
  scene.bind(BindingUse::HomeAgent);
  const PacketBytes query = listener_message(kAgentLinkLocal, all_nodes(), 130);
  say_by_tunnel(scene, kHome, query);
  const auto packet = only_one(scene.gateway->sent(kOutside));
  CHECK(summary_of(packet).destination_address() == kCareOf);
  CHECK(inner_of(packet) == query);
}

TEST_CASE("HA-18: control hears of groups from the far end of a node's SA, and of nobody else") {
  Groups agent({protects_tunnel(kHome, {kHomeAgent, kCareOf}), MobileGateway::bypass("any")});
  agent.bind(BindingUse::HomeAgent);
  agent.gateway->add_sa(tunnel_sa(Direction::Inbound, {kHomeAgent, kCareOf}, 0x1002));
  MobileGateway node(Scene::MobileNode, {protects_tunnel(kHomeAgent, {kCareOf, kHomeAgent}),
                                         MobileGateway::bypass("any")});
  node.bind(BindingUse::HomeRegistration);
  node.gateway->add_sa(tunnel_sa(Direction::Outbound, {kCareOf, kHomeAgent}, 0x1002), "tunnel");
  const PacketBytes report = listener_message(kHostLinkLocal, kReports, 143);
  say_by_tunnel(node, kHome, report);
  const PacketBytes sealed = only_one(node.gateway->sent(kOutside));
  agent.gateway->receive_ip(kOutside, sealed);
  agent.gateway->settle();
  REQUIRE(agent.messages.size() == 1);
  CHECK(agent.messages[0].source == kHostLinkLocal);
  CHECK(agent.messages[0].destination == kReports);
  REQUIRE(agent.messages[0].tunnel);
  CHECK(agent.messages[0].tunnel->source == kCareOf);
  CHECK(agent.messages[0].tunnel->protection);
  CHECK(agent.octets[0] == PacketBytes(report.begin() + 48, report.end()));
  // Who may use the SA may not say that the tunnel is another's: the ICV does not cover that.
  say_by_tunnel(node, kHome, report);
  PacketBytes forged = only_one(node.gateway->sent(kOutside));
  std::ranges::copy(kElsewhere.bytes, forged.begin() + 8);
  agent.gateway->receive_ip(kOutside, forged);
  agent.gateway->settle();
  CHECK(agent.messages.size() == 1);
  CHECK(agent.gateway->dropped(DropReason::PuntRefused) == 1);
}

TEST_CASE(
    "HA-18: what a host says to a group of its listening is for control, and a stranger's not") {
  MobileGateway node(Scene::MobileNode);
  const PacketBytes report = listener_message(kHostLinkLocal, kGroup, 131);
  CHECK(node.cross(kInside, report, kOutside).empty());
  REQUIRE(node.messages.size() == 1);
  CHECK(node.messages[0].destination == kGroup);
  CHECK(node.messages[0].port == kInside);
  node.drops(kOutside, report, DropReason::Multicast);
  node.drops(kInside, with_hop_limit(report, 2), DropReason::PuntRefused);
  CHECK(node.messages.size() == 1);
}

TEST_CASE("HA-19: so it is with what is for DHCPv6's relay agents") {
  Groups agent({protects_tunnel(kHome, {kHomeAgent, kCareOf}), MobileGateway::bypass("any")});
  agent.bind(BindingUse::HomeAgent);
  const auto solicit =
      PacketBuilder(kHostLinkLocal, ip6("ff02::1:2")).udp(kDhcpClientPort, kDhcpServerPort).build();
  // In a plain tunnel nobody can tell whose it is.
  agent.drops(kOutside, tunnelled(kCareOf, kHomeAgent, solicit), DropReason::TunnelSource);
  CHECK(agent.messages.empty());
  // A server of the home link answers to an address of ours.
  const auto answer =
      PacketBuilder(kCorrespondent, kHomeAgent).udp(kDhcpServerPort, kDhcpServerPort).build();
  CHECK(agent.cross(kInside, answer, kOutside).empty());
  REQUIRE(agent.messages.size() == 1);
  CHECK_FALSE(agent.messages[0].tunnel);
  CHECK(int{agent.messages[0].protocol} == kProtocolUdp);
}

TEST_CASE("HA-18, HA-19: the host of a mobile node gets what its home agent says as a neighbour") {
  MobileGateway node(Scene::MobileNode, {protects_tunnel(kHomeAgent, {kCareOf, kHomeAgent}),
                                         MobileGateway::bypass("any")});
  node.bind(BindingUse::HomeRegistration);
  node.gateway->add_sa(tunnel_sa(Direction::Inbound, {kCareOf, kHomeAgent}, 0x1001));
  Groups agent({protects_tunnel(kHome, {kHomeAgent, kCareOf}), MobileGateway::bypass("any")});
  agent.bind(BindingUse::HomeAgent);
  agent.gateway->add_sa(tunnel_sa(Direction::Outbound, {kHomeAgent, kCareOf}, 0x1001), "tunnel");
  agent.listen({kHome});
  const auto arrives = [&](const PacketBytes& sealed) {
    return node.cross(kOutside, sealed, kInside);
  };
  const auto data = only_one(agent.cross(kInside, to_group(), kOutside));
  CHECK(arrives(data).empty());  // it has no host that is known of
  CHECK(node.gateway->dropped(DropReason::Multicast) == 1);
  node.gateway->dataplane().set_mobility(MobilityFacts{
      .home_addresses = {kHome}, .host = NextHop{NextHop::Kind::LocalStack, kInside, {}}});
  const auto more = only_one(agent.cross(kInside, to_group(), kOutside));
  CHECK(only_one(arrives(more)) == with_hop_limit(to_group(), 63));
  const auto reply = PacketBuilder(kAgentLinkLocal, kHostLinkLocal)
                         .udp(kDhcpServerPort, kDhcpClientPort)
                         .filler(30)
                         .build();
  say_by_tunnel(agent, kHome, reply);
  CHECK(only_one(arrives(only_one(agent.gateway->sent(kOutside)))) == reply);
  // On a link that is visited the same is nobody's.
  node.drops(kOutside, to_group(), DropReason::Multicast);
}

}  // namespace sallyport::group_copies_test
