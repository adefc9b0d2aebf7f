// A home agent, a mobile node away from home and a correspondent, each one gateway; the router on
// either link of it is 2001:db8:ff::1, and everything is bypassed unless a test says otherwise.
#pragma once

#include <catch2/catch.hpp>

#include "dataplane/binding_table.h"
#include "net/ipv6.h"
#include "net/mobility_extensions.h"
#include "tests/support/test_gateway.h"

namespace sallyport {

inline Address ip6(std::string_view text) { return Address::parse(text).value(); }

inline const Address kHome = ip6("2001:db8:b::100");
inline const Address kCareOf = ip6("2001:db8:a::100");
inline const Address kElsewhere = ip6("2001:db8:a::200");
inline const Address kHomeAgent = ip6("2001:db8:b::1");
inline const Address kCorrespondent = ip6("2001:db8:c::2");

inline PacketBytes home_address_option(const Address& address) {
  PacketBytes option{1, 2, 0, 0, kHomeAddressOption, 16};
  option.insert(option.end(), address.bytes.begin(), address.bytes.end());
  return option;
}

inline PacketBytes type2_routing(const Address& address, std::uint8_t segments_left = 1) {
  PacketBytes body{kType2Routing, segments_left, 0, 0, 0, 0};
  body.insert(body.end(), address.bytes.begin(), address.bytes.end());
  return body;
}

// As the wire has it: UDP checksums are over home addresses.
inline PacketBytes on_wire(PacketBytes logical, const CareOfAddresses& care_of) {
  logical.insert(logical.begin(), care_of.octets(), 0);
  insert_mobility_extensions(logical, care_of);
  exchange_home_addresses(logical, find_mobility_extensions(logical));
  return logical;
}

inline PacketSummary summary_of(const PacketBytes& packet) {
  PacketSummary summary;
  REQUIRE(summarize(packet, summary) == ParseVerdict::Good);
  return summary;
}

inline PacketBytes only_one(const std::vector<PacketBytes>& packets) {
  REQUIRE(packets.size() == 1);
  return packets.front();
}

// Of a packet in a packet.
inline PacketBytes inner_of(const PacketBytes& packet, std::size_t outer = 40) {
  return {packet.begin() + static_cast<std::ptrdiff_t>(outer), packet.end()};
}

// IPv6 in IPv6.
inline PacketBytes tunnelled(const Address& from, const Address& to, const PacketBytes& inner) {
  return PacketBuilder(from, to).protocol(kProtocolIpv6).payload(inner).build();
}

inline PacketBytes with_hop_limit(PacketBytes packet, std::uint8_t limit) {
  packet[7] = limit;
  return packet;
}

enum class Scene {
  HomeAgent,      // the home link is inside, and the home agent's address is the gateway's
  MobileNode,     // the host behind the local stack has the home address
  Correspondent,  // the host behind the local stack is 2001:db8:c::2
};

class MobileGateway {
 public:
  explicit MobileGateway(Scene scene, std::vector<Policy> policies = {},
                         std::uint16_t outside_mtu = 1500,
                         const SkippedHeaders& skipped = kDefaultSkippedHeaders) {
    if (policies.empty()) policies = {bypass("any")};
    TestGateway::Settings settings;
    settings.policies = std::move(policies);
    settings.skipped_headers = skipped;
    settings.ports = {{.name = "inside",
                       .device = {},
                       .side = Side::Protected,
                       .kind = scene == Scene::HomeAgent ? PortKind::Link : PortKind::LocalStack,
                       .addresses = {},
                       .vlan = {},
                       .mac = {}},
                      {.name = "outside",
                       .device = {},
                       .side = Side::Unprotected,
                       .addresses = {},
                       .mtu = outside_mtu,
                       .vlan = {},
                       .mac = {}}};
    settings.routes = routes(scene);
    own_addresses(scene, settings.ports);
    gateway = std::make_unique<TestGateway>(std::move(settings));
    for (const PortId port : {kInside, kOutside})
      gateway->neighbour(port, "2001:db8:ff::1", TestGateway::kPeer);
    turn_on(scene);
  }

  void turn_on(Scene scene) {
    gateway->dataplane().set_mobility(
        MobilityFacts{scene == Scene::MobileNode ? std::vector{kHome} : std::vector<Address>{}});
    gateway->control().on_mobility(
        {.message =
             [this](const MobilityMessage& message, Instant) {
               messages.push_back(message);
               octets.emplace_back(message.octets.begin(), message.octets.end());
             },
         .unknown_binding = [this](const UnknownBinding& packet,
                                   Instant) { rejected.push_back(packet); },
         .parameter_problem =
             [this](const ParameterProblem& problem) { problems.push_back(problem); }});
  }

  void bind(BindingUse use, const Address& care_of = kCareOf, const Address& peer = kHomeAgent,
            const Address& home = kHome) {
    const auto set = gateway->dataplane().bindings().set(
        {.use = use, .home_address = home, .care_of = care_of, .peer = peer});
    REQUIRE(set.has_value());
  }

  // What goes out of `to` for a packet that comes in by `from`.
  std::vector<PacketBytes> cross(PortId from, const PacketBytes& packet, PortId to) {
    gateway->receive_ip(from, packet, BufferKind::Exact);
    gateway->settle();
    return gateway->sent(to);
  }
  // It ends for this reason alone, and nobody is told.
  void drops(PortId from, const PacketBytes& packet, DropReason reason) {
    const std::uint64_t before = gateway->dropped(reason);
    const std::uint64_t in_all = gateway->dropped_in_all();
    CHECK(cross(from, packet, kOutside).empty());
    CHECK(gateway->sent(kInside).empty());
    CHECK(gateway->dropped(reason) == before + 1);
    CHECK(gateway->dropped_in_all() == in_all + 1);
  }

  static Policy bypass(const char* name) {
    return {.name = name,
            .selectors = {Selector{}},
            .action = PolicyAction::Bypass,
            .protect = std::nullopt};
  }

  std::unique_ptr<TestGateway> gateway;
  std::vector<MobilityMessage> messages;  // their octets are gone
  std::vector<PacketBytes> octets;
  std::vector<UnknownBinding> rejected;
  std::vector<ParameterProblem> problems;

 private:
  static std::vector<Route> routes(Scene scene) {
    using Kind = NextHop::Kind;
    const Address router = ip6("2001:db8:ff::1");
    std::vector<Route> routes{{Prefix::parse("::/0").value(), {Kind::Gateway, kOutside, router}},
                              {Prefix::parse("ff00::/8").value(), {Kind::Multicast, kNoPort, {}}},
                              {Prefix::parse("ff02::/16").value(), {Kind::Ours, kNoPort, {}}}};
    if (scene == Scene::HomeAgent) {
      routes.push_back({Prefix::parse("2001:db8:b::/64").value(), {Kind::OnLink, kInside, {}}});
      routes.push_back({{kHomeAgent, 128}, {Kind::Ours, kOutside, {}}});
      routes.push_back(
          {Prefix::parse("2001:db8:c::/64").value(), {Kind::Gateway, kInside, router}});
      routes.push_back({Prefix::parse("fe80::/10").value(), {Kind::OnLink, kInside, {}}});
    }
    if (scene == Scene::MobileNode) {
      routes.push_back({{kCareOf, 128}, {Kind::Ours, kOutside, {}}});
      routes.push_back({{kHome, 128}, {Kind::LocalStack, kInside, {}}});
    }
    if (scene == Scene::Correspondent)
      routes.push_back({{kCorrespondent, 128}, {Kind::LocalStack, kInside, {}}});
    return routes;
  }
  static void own_addresses(Scene scene, std::vector<PortSettings>& ports) {
    if (scene == Scene::HomeAgent) ports[1].addresses = {{kHomeAgent, 128}};
  }
};

}  // namespace sallyport
