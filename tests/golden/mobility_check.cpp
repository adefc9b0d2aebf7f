#include "tests/golden/mobility_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "dataplane/binding_table.h"
#include "net/mobility_extensions.h"
#include "tests/golden/golden_scene.h"

namespace sallyport {
namespace {

constexpr std::size_t kHopLimitAt = 7;
constexpr std::size_t kBehindFlowLabel = 4;

// What a case takes place in: a mobile node's gateway, whose host has the home address, or the home
// agent's, with the home link inside.
enum class Place { MobileNode, HomeAgent };

bool is_for_the_host(const GoldenCase& golden) { return !golden.sealed; }

std::vector<Route> routes(const GoldenCase& golden, Place place) {
  using Kind = NextHop::Kind;
  const GoldenCase::Mobility& mobility = *golden.mobility;
  const Address router = Address::parse("2001:db8:ff::1").value();
  std::vector<Route> routes{{{Address::any(Family::V6), 0}, {Kind::Gateway, kOutside, router}}};
  if (place == Place::MobileNode) {
    routes.push_back({whole(mobility.care_of), {Kind::Ours, kOutside, {}}});
    routes.push_back({whole(mobility.home_address), {Kind::LocalStack, kInside, {}}});
    return routes;
  }
  routes.push_back({{mobility.home_agent, 64}, {Kind::OnLink, kInside, {}}});
  routes.push_back({Prefix::parse("2001:db8:c::/64").value(), {Kind::Gateway, kInside, router}});
  routes.push_back({whole(mobility.home_agent), is_for_the_host(golden)
                                                    ? NextHop{Kind::LocalStack, kInside, {}}
                                                    : NextHop{Kind::Ours, kOutside, {}}});
  return routes;
}

TestGateway::Settings scene(const GoldenCase& golden, Place place, const Selector& selector,
                            const Endpoints& ends) {
  const bool host = place == Place::MobileNode || is_for_the_host(golden);
  TestGateway::Settings settings;
  settings.ports = {{.name = "inside",
                     .device = {},
                     .side = Side::Protected,
                     .kind = host ? PortKind::LocalStack : PortKind::Link,
                     .addresses = {},
                     .vlan = {},
                     .mac = {}},
                    {.name = "outside",
                     .device = {},
                     .side = Side::Unprotected,
                     .addresses = {},
                     .vlan = {},
                     .mac = {}}};
  settings.routes = routes(golden, place);
  Policy policy{.name = "golden",
                .selectors = {selector},
                .action = golden.sealed ? PolicyAction::Protect : PolicyAction::Bypass};
  if (golden.sealed) {
    Protection protection;
    protection.mode = golden.mode;
    if (golden.mode == IpsecMode::Tunnel) {
      protection.endpoints = ends;
      policy.tunnel =
          place == Place::MobileNode ? golden.mobility->home_agent : golden.mobility->home_address;
    }
    policy.protect = protection;
  }
  settings.policies = {policy};
  return settings;
}

// The bindings of the place, once the first registration is over.
void start_mobility(TestGateway& gateway, const GoldenCase& golden, Place place) {
  const GoldenCase::Mobility& mobility = *golden.mobility;
  gateway.dataplane().set_mobility(MobilityFacts{
      place == Place::MobileNode ? std::vector{mobility.home_address} : std::vector<Address>{}});
  const bool node = place == Place::MobileNode;
  const auto set = gateway.dataplane().bindings().set(
      {.use = node ? BindingUse::HomeRegistration : BindingUse::HomeAgent,
       .home_address = mobility.home_address,
       .care_of = mobility.care_of,
       .peer = mobility.home_agent});
  if (!set) throw std::runtime_error(to_string(set.error()));
  for (const PortId port : {kInside, kOutside})
    gateway.neighbour(port, "2001:db8:ff::1", TestGateway::kPeer);
}

// From the form of the wire to the logical one, or back.
PacketBytes exchanged(PacketBytes packet) {
  exchange_home_addresses(packet, find_mobility_extensions(packet));
  return packet;
}

// As the host has it, which knows nothing of mobility.
PacketBytes at_home(const PacketBytes& wire) {
  PacketBytes packet = exchanged(wire);
  const std::uint16_t gone = remove_mobility_extensions(packet, find_mobility_extensions(packet));
  packet.erase(packet.begin(), packet.begin() + gone);
  return packet;
}

void send(TestGateway& gateway, const GoldenCase& golden, const PacketBytes& plain) {
  const GoldenCase::Mobility& mobility = *golden.mobility;
  if (!golden.sealed) return gateway.receive_ip(kInside, at_home(plain));
  if (golden.mode == IpsecMode::Tunnel) return gateway.receive_ip(kInside, plain);
  MobilityDatagram datagram{.source = golden.selector.local.front().first,
                            .destination = golden.selector.remote.front().first,
                            .protocol = mobility.protocol,
                            .hop_limit = plain[kHopLimitAt],
                            .octets = mobility.upper};
  if (mobility.home_address_option) datagram.source_care_of = mobility.care_of;
  if (mobility.type2_routing) datagram.destination_care_of = mobility.care_of;
  gateway.control().send_mobility(datagram);
}

// Every octet but class and flow label, which the kernel chooses, and what IPsec has in it: that is
// compare_wire's.
std::string compare_headers(const PacketBytes& ours, const PacketBytes& kernels,
                            std::size_t index) {
  PacketSummary summary;
  if (summarize(kernels, summary) != ParseVerdict::Good || ours.size() < summary.upper_offset)
    return differs(index, "the length");
  const auto front = [&](const PacketBytes& packet) {
    return ByteView(packet).first(summary.upper_offset).subspan(kBehindFlowLabel);
  };
  return std::ranges::equal(front(ours), front(kernels)) ? std::string{}
                                                         : differs(index, "an IP header");
}

Place sender_of(const GoldenCase& golden) {
  return golden.mobility->from_mobile_node ? Place::MobileNode : Place::HomeAgent;
}

std::string compare_sent(const GoldenCase& golden, const PacketBytes& ours,
                         const PacketBytes& kernels, std::size_t index) {
  if (!golden.sealed) return ours == kernels ? std::string{} : differs(index, "an octet");
  // The oracle of AH is given what its ICV covers (RFC 6275 11.3.2).
  const bool ah = golden.sa.protocol == IpsecProtocol::Ah;
  std::string what = ah ? compare_wire(golden, exchanged(ours), exchanged(kernels), index)
                        : compare_wire(golden, ours, kernels, index);
  if (what.empty() && golden.mode == IpsecMode::Transport)
    what = compare_headers(ours, kernels, index);
  return what;
}

// What control got, in the form that the wire had before IPsec.
struct Received {
  std::vector<PacketBytes> packets;
  std::string fault;

  void take(const MobilityMessage& message, const GoldenCase& golden) {
    const GoldenCase::Mobility& mobility = *golden.mobility;
    packets.push_back(exchanged({message.datagram.begin(), message.datagram.end()}));
    const bool transport = golden.mode == IpsecMode::Transport;
    const bool from_there = message.tunnel && message.tunnel->protection &&
                            message.tunnel->source == golden.sa.endpoints.local;
    if (message.source != golden.selector.local.front().first ||
        message.destination != golden.selector.remote.front().first)
      fault = "a home address differs";
    if (message.source_care_of.has_value() != mobility.home_address_option ||
        message.destination_care_of.has_value() != mobility.type2_routing)
      fault = "a care-of address is missing";
    if (message.protection != transport || from_there == transport) fault = "protection differs";
    if (!std::ranges::equal(message.octets, mobility.upper)) fault = "the message differs";
  }
};

bool is_for_control(const GoldenCase& golden) {
  return golden.mode == IpsecMode::Transport
             ? golden.sealed
             : !golden.mobility->from_mobile_node && golden.mobility->protocol == kProtocolMobility;
}

// On the way through a gateway the hop limit falls.
bool same_but_for_hop_limit(PacketBytes left, const PacketBytes& right) {
  if (left.size() <= kHopLimitAt || right.size() <= kHopLimitAt) return false;
  left[kHopLimitAt] = right[kHopLimitAt];
  return left == right;
}

}  // namespace

std::string check_mobile_outbound(const GoldenCase& golden) {
  const Place place = sender_of(golden);
  TestGateway::Settings settings = scene(golden, place, golden.selector, golden.sa.endpoints);
  settings.make_ivs = given_ivs(golden);
  TestGateway gateway(std::move(settings));
  start_mobility(gateway, golden, place);
  if (golden.sealed)
    add_golden_sa(gateway, golden.sa.duplicate(), golden.selector, golden.sequence_before,
                  "golden");
  for (const PacketBytes& packet : golden.plain) send(gateway, golden, packet);
  gateway.settle();
  const auto wire = gateway.sent(kOutside);
  if (wire.size() != golden.wire.size())
    return fmt::format("{} packets sent instead of {}; dropped:{}", wire.size(), golden.wire.size(),
                       drops_of(gateway));
  for (std::size_t i = 0; i < wire.size(); ++i)
    if (auto what = compare_sent(golden, wire[i], golden.wire[i], i); !what.empty()) return what;
  return {};
}

std::string check_mobile_inbound(const GoldenCase& golden) {
  const Place place = sender_of(golden) == Place::MobileNode ? Place::HomeAgent : Place::MobileNode;
  const Endpoints ends{golden.sa.endpoints.remote, golden.sa.endpoints.local};
  const Selector selector = reversed(golden.selector);
  TestGateway gateway(scene(golden, place, selector, ends));
  start_mobility(gateway, golden, place);
  Received received;
  gateway.control().on_mobility(
      {.message = [&](const MobilityMessage& message, Instant) { received.take(message, golden); },
       .unknown_binding = {},
       .parameter_problem = {}});
  if (golden.sealed) {
    Sa sa = golden.sa.duplicate();
    sa.direction = Direction::Inbound;
    sa.endpoints = ends;
    add_golden_sa(gateway, std::move(sa), selector, golden.sequence_before, {});
  }
  for (const PacketBytes& packet : golden.wire) gateway.receive_ip(kOutside, packet);
  gateway.settle();
  if (!received.fault.empty()) return received.fault;
  const auto arrived = is_for_control(golden) ? received.packets : gateway.sent(kInside);
  if (arrived.size() != golden.plain.size())
    return fmt::format("{} packets arrived instead of {}; dropped:{}", arrived.size(),
                       golden.plain.size(), drops_of(gateway));
  for (std::size_t i = 0; i < arrived.size(); ++i) {
    const PacketBytes& sent = golden.plain[i];
    if (!same_but_for_hop_limit(arrived[i], golden.sealed ? sent : at_home(sent)))
      return differs(i, "the plaintext");
  }
  return {};
}

}  // namespace sallyport
