// Packets that bindings lead: extensions are put in, tunnels are entered, policy decides by home
// addresses (RFC 6275 9.3.2, 10.4.2, 11.3).
#include "dataplane/binding_routes.h"

#include "net/neighbour_discovery.h"
#include "tests/dataplane/mobility_scenes.h"
#include "tests/support/esp_pair.h"

namespace sallyport::mobility_routes_test {
namespace {

Policy bound_to(const Address& tunnel, PolicyAction action) {
  Policy policy{.name = "tunnel", .selectors = {Selector{}}, .action = action, .protect = {}};
  policy.tunnel = tunnel;
  if (action == PolicyAction::Protect) {
    Protection protection;
    protection.endpoints = {kHomeAgent, kCareOf};
    policy.protect = protection;
  }
  policy.selectors[0].local = {AddressRange::parse("2001:db8::/32").value()};
  policy.selectors[0].remote = {AddressRange::parse("2001:db8::/32").value()};
  return policy;
}

// A mobile node and its correspondent, with SAs in transport mode between their home addresses.
class BoundPair {
 public:
  explicit BoundPair(IpsecProtocol protocol)
      : node_(Scene::MobileNode, {protect(kHome, kCorrespondent)}),
        peer_(Scene::Correspondent, {protect(kCorrespondent, kHome)}) {
    add(node_, Direction::Outbound, protocol, 0x1001);
    add(peer_, Direction::Inbound, protocol, 0x1001);
    add(peer_, Direction::Outbound, protocol, 0x1002);
    add(node_, Direction::Inbound, protocol, 0x1002);
  }
  void move_to(const Address& care_of) {
    node_.bind(BindingUse::MobileNode, care_of, kCorrespondent);
    peer_.bind(BindingUse::Correspondent, care_of, kCorrespondent);
  }
  [[nodiscard]] MobileGateway& node() noexcept { return node_; }
  [[nodiscard]] MobileGateway& peer() noexcept { return peer_; }

 private:
  static Policy protect(const Address& local, const Address& remote) {
    Policy policy{.name = "peer", .selectors = {Selector{}}, .action = PolicyAction::Protect};
    policy.selectors[0].local = {{local, local}};
    policy.selectors[0].remote = {{remote, remote}};
    Protection protection;
    protection.mode = IpsecMode::Transport;
    policy.protect = protection;
    return policy;
  }
  static void add(MobileGateway& scene, Direction direction, IpsecProtocol protocol,
                  std::uint32_t spi) {
    const Policy* const policy = scene.gateway->spd().find("peer");
    Sa sa = sample_sa(direction, {Cipher::Null, Integrity::HmacSha256_128});
    sa.name = direction == Direction::Outbound ? "out" : "in";
    sa.spi = Spi{spi};
    sa.protocol = protocol;
    sa.mode = IpsecMode::Transport;
    sa.selectors = policy->selectors;
    sa.endpoints = {policy->selectors[0].local[0].first, policy->selectors[0].remote[0].first};
    const bool out = direction == Direction::Outbound;
    scene.gateway->add_sa(std::move(sa), out ? "peer" : "");
  }

  MobileGateway node_;
  MobileGateway peer_;
};

}  // namespace

TEST_CASE("MIPPKT-10, RR-07: a correspondent reaches a home address by its care-of address") {
  MobileGateway scene(Scene::Correspondent);
  const auto plain = PacketBuilder(kCorrespondent, kHome).udp(1, 2).filler(33).build();
  CHECK(only_one(scene.cross(kInside, plain, kOutside)) == plain);
  scene.bind(BindingUse::Correspondent, kCareOf, kCorrespondent);
  CHECK(only_one(scene.cross(kInside, plain, kOutside)) ==
        on_wire(plain, {.destination = kCareOf}));
  CHECK(scene.gateway->dataplane().bindings().take_used(BindingUse::Correspondent, kHome,
                                                        kCorrespondent));
  // After a move, and after the binding has gone.
  scene.bind(BindingUse::Correspondent, kElsewhere, kCorrespondent);
  CHECK(only_one(scene.cross(kInside, plain, kOutside)) ==
        on_wire(plain, {.destination = kElsewhere}));
  scene.gateway->dataplane().bindings().remove(BindingUse::Correspondent, kHome, kCorrespondent);
  CHECK(only_one(scene.cross(kInside, plain, kOutside)) == plain);
}

TEST_CASE("RR-07, MIPPKT-10: a binding with one address of ours leads nothing from another") {
  MobileGateway scene(Scene::Correspondent);
  scene.bind(BindingUse::Correspondent, kCareOf, kCorrespondent);
  const auto other = PacketBuilder(ip6("2001:db8:c::3"), kHome).udp(1, 2).build();
  CHECK(only_one(scene.cross(kInside, other, kOutside)) == other);
  scene.bind(BindingUse::Correspondent, kElsewhere, ip6("2001:db8:c::3"));
  CHECK(only_one(scene.cross(kInside, other, kOutside)) ==
        on_wire(other, {.destination = kElsewhere}));
  // The end of the one is not that of the other.
  scene.gateway->dataplane().bindings().remove(BindingUse::Correspondent, kHome,
                                               ip6("2001:db8:c::3"));
  const auto first = PacketBuilder(kCorrespondent, kHome).udp(1, 2).build();
  CHECK(only_one(scene.cross(kInside, first, kOutside)) ==
        on_wire(first, {.destination = kCareOf}));
}

TEST_CASE("MIPPKT-09: a mobile node's packet to who knows its binding has the option") {
  MobileGateway scene(Scene::MobileNode);
  scene.bind(BindingUse::MobileNode, kCareOf, kCorrespondent);
  const auto plain = PacketBuilder(kHome, kCorrespondent).udp(1, 2).filler(33).build();
  CHECK(only_one(scene.cross(kInside, plain, kOutside)) == on_wire(plain, {.source = kCareOf}));
  // Nobody else is told.
  const auto other = PacketBuilder(kHome, kElsewhere).udp(1, 2).build();
  CHECK(only_one(scene.cross(kInside, other, kOutside)) == other);
}

TEST_CASE("MIPPKT-02, MIPPKT-09: two mobile nodes use both extensions") {
  MobileGateway scene(Scene::MobileNode);
  scene.bind(BindingUse::MobileNode, kCareOf, kCorrespondent);
  scene.bind(BindingUse::Correspondent, kElsewhere, kHome, kCorrespondent);
  const auto plain = PacketBuilder(kHome, kCorrespondent).udp(1, 2).filler(33).build();
  CHECK(only_one(scene.cross(kInside, plain, kOutside)) ==
        on_wire(plain, {.source = kCareOf, .destination = kElsewhere}));
}

TEST_CASE(
    "MIPPKT-11, MH-16: link-local peers, neighbour discovery and mobility messages have none") {
  MobileGateway scene(Scene::MobileNode);
  scene.bind(BindingUse::MobileNode, kCareOf, kCorrespondent);
  scene.bind(BindingUse::MobileNode, kCareOf, ip6("fe80::7"));
  const auto untouched = [&](const PacketBuilder& builder) {
    for (const PacketBytes& packet : scene.cross(kInside, builder.build(), kOutside))
      CHECK(summary_of(packet).mobility == 0);
  };
  untouched(PacketBuilder(kHome, ip6("fe80::7")).udp(1, 2));
  untouched(PacketBuilder(kHome, kCorrespondent).mobility(1));
  untouched(PacketBuilder(kHome, kCorrespondent).mobility(5));
  untouched(PacketBuilder(kHome, kCorrespondent).hop_limit(255).icmp(135, 0).filler(24));
  MobileGateway peer(Scene::Correspondent);
  peer.bind(BindingUse::Correspondent, kCareOf, kCorrespondent);
  const auto test = PacketBuilder(kCorrespondent, kHome).mobility(3).build();
  CHECK(only_one(peer.cross(kInside, test, kOutside)) == test);
}

TEST_CASE("MN-07: away from home everything else goes by the tunnel to the home agent") {
  MobileGateway scene(Scene::MobileNode);
  scene.bind(BindingUse::HomeRegistration);
  const auto plain = PacketBuilder(kHome, kCorrespondent).traffic_class(0x2a).udp(1, 2).build();
  const auto packet = only_one(scene.cross(kInside, plain, kOutside));
  const PacketSummary outer = summary_of(packet);
  CHECK(outer.source_address() == kCareOf);
  CHECK(outer.destination_address() == kHomeAgent);
  CHECK(int{outer.protocol} == kProtocolIpv6);
  CHECK(int{outer.traffic_class} == 0x2a);
  CHECK(inner_of(packet) == plain);
  // The home agent knows the binding.
  const auto direct = PacketBuilder(kHome, kHomeAgent).udp(1, 2).build();
  CHECK(only_one(scene.cross(kInside, direct, kOutside)) == on_wire(direct, {.source = kCareOf}));
  // A Home Test Init goes by the tunnel to everyone (RR-01), a Binding Update goes as it is.
  for (const Address& peer : {kCorrespondent, kHomeAgent}) {
    const auto init = PacketBuilder(kHome, peer).mobility(1).build();
    CHECK(inner_of(only_one(scene.cross(kInside, init, kOutside))) == init);
  }
  const auto update = PacketBuilder(kHome, kHomeAgent).mobility(5).build();
  CHECK(only_one(scene.cross(kInside, update, kOutside)) == update);
  // Not what is sent from the care-of address.
  const auto local = PacketBuilder(kCareOf, kCorrespondent).udp(1, 2).build();
  CHECK(only_one(scene.cross(kInside, local, kOutside)) == local);
  // Until a correspondent knows the binding, too.
  scene.bind(BindingUse::MobileNode, kCareOf, kCorrespondent);
  CHECK(only_one(scene.cross(kInside, plain, kOutside)) == on_wire(plain, {.source = kCareOf}));
}

TEST_CASE("HA-15, MIPPKT-10: the home agent's own packets use the routing header") {
  MobileGateway scene(Scene::HomeAgent);
  scene.bind(BindingUse::HomeAgent);
  scene.gateway->control().send_udp({.source = kHomeAgent,
                                     .destination = kHome,
                                     .source_port = 1,
                                     .destination_port = 2,
                                     .payload = kHome.bytes});
  scene.gateway->settle();
  const auto packet = only_one(scene.gateway->sent(kOutside));
  CHECK(summary_of(packet).destination_address() == kCareOf);
  CHECK(summary_of(packet).mobility == kMarkType2Routing);
  // But its Home Test goes by the tunnel, and an acknowledgement where control says.
  const auto send = [&](std::uint8_t type, std::optional<Address> care_of) {
    const PacketBytes message{59, 0, type, 0, 0, 0, 0, 0};
    scene.gateway->control().send_mobility({.source = kHomeAgent,
                                            .destination = kHome,
                                            .destination_care_of = care_of,
                                            .protocol = kProtocolMobility,
                                            .octets = message});
    scene.gateway->settle();
  };
  send(3, std::nullopt);
  CHECK(int{summary_of(only_one(scene.gateway->sent(kOutside))).protocol} == kProtocolIpv6);
  send(6, kElsewhere);
  const auto acknowledgement = only_one(scene.gateway->sent(kOutside));
  CHECK(summary_of(acknowledgement).destination_address() == kElsewhere);
  CHECK(int{summary_of(acknowledgement).protocol} == kProtocolMobility);
}

TEST_CASE("SPD-18: a policy that is bound to the tunnel is met by what goes through it alone") {
  MobileGateway scene(Scene::HomeAgent,
                      {bound_to(kHome, PolicyAction::Discard), MobileGateway::bypass("any")});
  scene.bind(BindingUse::HomeAgent);
  const auto in =
      tunnelled(kCareOf, kHomeAgent, PacketBuilder(kHome, kCorrespondent).udp(1, 2).build());
  scene.drops(kOutside, in, DropReason::PolicyDiscard);
  const auto out = PacketBuilder(kCorrespondent, kHome).udp(1, 2).build();
  CHECK(scene.cross(kInside, out, kOutside).empty());
  CHECK(scene.gateway->dropped(DropReason::PolicyDiscard) == 2);
  CHECK(scene.gateway->sent(kInside).size() == 1);  // its source is told
  // The same addresses, and no tunnel: not even out of the flow cache.
  scene.gateway->dataplane().bindings().remove(BindingUse::HomeAgent, kHome, {});
  CHECK(scene.cross(kOutside, PacketBuilder(kHome, kCorrespondent).udp(1, 2).build(), kInside)
            .size() == 1);
}

TEST_CASE("SPD-18, MSEC-24: a clear packet out of the tunnel is dropped where policy protects it") {
  MobileGateway scene(Scene::HomeAgent,
                      {bound_to(kHome, PolicyAction::Protect), MobileGateway::bypass("any")});
  scene.bind(BindingUse::HomeAgent);
  const auto in =
      tunnelled(kCareOf, kHomeAgent, PacketBuilder(kHome, kCorrespondent).udp(1, 2).build());
  scene.drops(kOutside, in, DropReason::PlaintextProtected);
}

TEST_CASE(
    "HA-15, MSEC-21: an SA in tunnel mode leads to the care-of address, with one outer header") {
  MobileGateway scene(Scene::HomeAgent,
                      {bound_to(kHome, PolicyAction::Protect), MobileGateway::bypass("any")});
  scene.bind(BindingUse::HomeAgent);
  Sa sa = sample_sa(Direction::Outbound, {Cipher::AesGcm16_128, Integrity::None});
  sa.endpoints = {kHomeAgent, kCareOf};
  sa.selectors = {Selector{}};
  scene.gateway->add_sa(std::move(sa), "tunnel");
  const auto plain = PacketBuilder(kCorrespondent, kHome).udp(1, 2).filler(40).build();
  const auto packet = only_one(scene.cross(kInside, plain, kOutside));
  CHECK(int{summary_of(packet).protocol} == kProtocolEsp);
  CHECK(summary_of(packet).upper_offset == 40);
  CHECK(summary_of(packet).destination_address() == kCareOf);
}

TEST_CASE("MIPPKT-09, MIPPKT-12: ESP in transport mode is the same whatever the care-of address") {
  const auto sealed = [](const Address& care_of) {
    Policy policy{.name = "peer", .selectors = {Selector{}}, .action = PolicyAction::Protect};
    policy.selectors[0].local = {{kHome, kHome}};
    policy.selectors[0].remote = {{kCorrespondent, kCorrespondent}};
    Protection protection;
    protection.mode = IpsecMode::Transport;
    policy.protect = protection;
    MobileGateway scene(Scene::MobileNode, {policy, MobileGateway::bypass("any")});
    scene.bind(BindingUse::MobileNode, care_of, kCorrespondent);
    Sa sa = sample_sa(Direction::Outbound, {Cipher::AesGcm16_128, Integrity::None});
    sa.mode = IpsecMode::Transport;
    sa.endpoints = {kHome, kCorrespondent};
    sa.selectors = policy.selectors;
    scene.gateway->add_sa(std::move(sa), "peer");
    const auto plain = PacketBuilder(kHome, kCorrespondent).udp(1, 2).filler(40).build();
    return only_one(scene.cross(kInside, plain, kOutside));
  };
  const auto here = sealed(kCareOf);
  const auto there = sealed(kElsewhere);
  CHECK(summary_of(here).source_address() == kCareOf);
  CHECK(summary_of(there).source_address() == kElsewhere);
  CHECK(summary_of(here).upper_offset == 64);
  CHECK(int{summary_of(here).protocol} == kProtocolEsp);
  CHECK(inner_of(here, 64) == inner_of(there, 64));
}

TEST_CASE("MN-07: what transport mode protects end to end goes through the tunnel behind it") {
  Policy policy{.name = "peer", .selectors = {Selector{}}, .action = PolicyAction::Protect};
  policy.selectors[0].local = {{kHome, kHome}};
  policy.selectors[0].remote = {{kCorrespondent, kCorrespondent}};
  Protection protection;
  protection.mode = IpsecMode::Transport;
  policy.protect = protection;
  MobileGateway scene(Scene::MobileNode, {policy, MobileGateway::bypass("any")});
  scene.bind(BindingUse::HomeRegistration);
  Sa sa = sample_sa(Direction::Outbound, {Cipher::AesGcm16_128, Integrity::None});
  sa.mode = IpsecMode::Transport;
  sa.endpoints = {kHome, kCorrespondent};
  sa.selectors = policy.selectors;
  scene.gateway->add_sa(std::move(sa), "peer");
  const auto plain = PacketBuilder(kHome, kCorrespondent).udp(1, 2).filler(40).build();
  const auto packet = only_one(scene.cross(kInside, plain, kOutside));
  CHECK(int{summary_of(packet).protocol} == kProtocolIpv6);
  CHECK(summary_of(packet).destination_address() == kHomeAgent);
  CHECK(int{summary_of(inner_of(packet)).protocol} == kProtocolEsp);
  CHECK(summary_of(inner_of(packet)).source_address() == kHome);
}

TEST_CASE("MIPPKT-09: a host hears how much less fits beside the option") {
  MobileGateway scene(Scene::MobileNode);
  scene.bind(BindingUse::MobileNode, kCareOf, kCorrespondent);
  const auto packet = [](std::size_t size) {
    return PacketBuilder(kHome, kCorrespondent).udp(1, 2).filler(size - 48).build();
  };
  CHECK(scene.cross(kInside, packet(1476), kOutside).size() == 1);
  CHECK(scene.cross(kInside, packet(1477), kOutside).empty());
  CHECK(scene.gateway->dropped(DropReason::TooBig) == 1);
  // In fragments the option stands in front of the fragment header.
  MobileGateway narrow(Scene::MobileNode, {}, 1280);
  narrow.bind(BindingUse::MobileNode, kCareOf, kCorrespondent);
  const auto pieces = narrow.cross(kInside, packet(1270), kOutside);
  REQUIRE(pieces.size() == 2);
  for (const PacketBytes& piece : pieces) {
    CHECK(int{piece[40]} == kProtocolFragment);
    CHECK(summary_of(piece).source_address() == kCareOf);
  }
}

TEST_CASE("MIPPKT-14: bindings lead nothing while mobility is off") {
  MobileGateway scene(Scene::Correspondent);
  scene.bind(BindingUse::Correspondent, kCareOf, kCorrespondent);
  scene.gateway->dataplane().set_mobility(std::nullopt);
  const auto plain = PacketBuilder(kCorrespondent, kHome).udp(1, 2).build();
  CHECK(only_one(scene.cross(kInside, plain, kOutside)) == plain);
}

TEST_CASE("MIPPKT-10: a care-of address that is ours or leads nowhere is no way") {
  MobileGateway scene(Scene::Correspondent);
  scene.bind(BindingUse::Correspondent, kCorrespondent, kCorrespondent);
  const auto plain = PacketBuilder(kCorrespondent, kHome).udp(1, 2).build();
  scene.drops(kInside, plain, DropReason::NoRoute);
}

TEST_CASE(
    "SEL-11, AH-11, AH-12, MAPI-04: one pair of SAs serves home addresses, wherever the node is") {
  for (const IpsecProtocol protocol : {IpsecProtocol::Esp, IpsecProtocol::Ah}) {
    BoundPair pair(protocol);
    const auto out = PacketBuilder(kHome, kCorrespondent).udp(1, 2).filler(51).build();
    const auto back = PacketBuilder(kCorrespondent, kHome).udp(2, 1).filler(51).build();
    for (int round = 0; round < 2; ++round) {
      pair.move_to(kCareOf);
      const auto to_peer = only_one(pair.node().cross(kInside, out, kOutside));
      CHECK(summary_of(to_peer).source_address() == kCareOf);
      CHECK(summary_of(to_peer).mobility == kMarkHomeAddress);
      CHECK(summary_of(to_peer).upper_offset == 64);
      CHECK(int{summary_of(to_peer).protocol} == static_cast<int>(protocol));
      CHECK(only_one(pair.peer().cross(kOutside, to_peer, kInside)) == out);
      const auto to_node = only_one(pair.peer().cross(kInside, back, kOutside));
      CHECK(summary_of(to_node).destination_address() == kCareOf);
      CHECK(summary_of(to_node).mobility == kMarkType2Routing);
      CHECK(only_one(pair.node().cross(kOutside, to_node, kInside)) == back);
      // Another home address is not within the SA's selectors, or its ICV is wrong.
      auto stolen = only_one(pair.node().cross(kInside, out, kOutside));
      stolen[63] ^= 1;
      CHECK(pair.peer().cross(kOutside, stolen, kInside).empty());
    }
    const DropReason reason =
        protocol == IpsecProtocol::Ah ? DropReason::IcvFailure : DropReason::SelectorMismatch;
    CHECK(pair.peer().gateway->dropped(reason) == 2);
  }
}

TEST_CASE("HA-14: a neighbour that asks a node's own address hears from who stands in for it") {
  MobileGateway agent(Scene::HomeAgent);
  NeighbourProxy& proxy = agent.gateway->control().proxy();
  const auto question = build_neighbour_message({.kind = NeighbourMessage::Kind::Solicitation,
                                                 .source = ip6("2001:db8:b::7"),
                                                 .destination = kHome,
                                                 .target = kHome,
                                                 .link_address = TestGateway::kPeer});
  CHECK(agent.cross(kInside, question, kInside).empty());
  agent.bind(BindingUse::HomeAgent);
  proxy.serve(kInside, kHome, NeighbourProxy::Role::Host, agent.gateway->clock().now());
  agent.gateway->settle();
  CHECK(agent.gateway->sent(kInside).size() == 1);
  const PacketBytes answer = only_one(agent.cross(kInside, question, kInside));
  const auto message = parse_neighbour_message(answer, summary_of(answer));
  REQUIRE(message);
  CHECK(message->kind == NeighbourMessage::Kind::Advertisement);
  CHECK(message->target == kHome);
  CHECK(message->solicited);
  CHECK(agent.cross(kOutside, question, kOutside).empty());  // another link
}

}  // namespace sallyport::mobility_routes_test
