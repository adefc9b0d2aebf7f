#include "gateway/config/mobility_policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>

#include "net/icmp.h"
#include "net/protocol.h"
#include "net/udp.h"

namespace sallyport {
namespace {

// Mobility Header types (RFC 6275 6.1), and the ICMPv6 types of 6.7, 6.8.
enum MobilityType : std::uint8_t {
  kBindingRefreshRequest = 0,
  kHomeTestInit = 1,
  kCareOfTestInit = 2,
  kHomeTest = 3,
  kCareOfTest = 4,
  kBindingUpdate = 5,
  kBindingAcknowledgement = 6,
  kBindingError = 7,
};
constexpr std::uint8_t kPrefixSolicitation = 146;
constexpr std::uint8_t kPrefixAdvertisement = 147;

AddressRange only(const Address& address) { return {address, address}; }
AddressRange everywhere() { return AddressRange::of({Address::any(Family::V6), 0}); }

// The type is all that a selector has of a mobility message: the other octet is 0 (RFC 4301
// 4.4.1.1).
PortSet messages_of(std::initializer_list<MobilityType> types) {
  std::vector<PortRange> ranges;
  for (const MobilityType type : types) {
    const auto value = static_cast<std::uint16_t>(type << 8);
    ranges.push_back({value, value});
  }
  return PortSet::of(std::move(ranges)).value();
}

// ICMPv6, with whatever code.
PortSet types(std::initializer_list<std::uint8_t> types) {
  std::vector<PortRange> ranges;
  for (const std::uint8_t type : types)
    ranges.push_back(
        {static_cast<std::uint16_t>(type << 8), static_cast<std::uint16_t>(type << 8 | 0xff)});
  return PortSet::of(std::move(ranges)).value();
}

PortSet port(std::uint16_t number) { return PortSet::of({{number, number}}).value(); }

enum class Role : std::uint8_t { MobileNode, HomeAgent };

// One home address with its home agent, seen from one of the two.
struct Pair {
  std::string name;
  Role role;
  SpdId spd;
  std::optional<std::size_t> node;
  Address home_address;
  Address home_agent;
  const std::vector<Prefix>& prefixes;
  const MobilityProtection& protection;
};

// A selector as the mobile node has it; its home agent's has the sides changed.
Selector seen_by(Role role, Selector selector) {
  if (role == Role::MobileNode) return selector;
  std::swap(selector.local, selector.remote);
  std::swap(selector.local_port, selector.remote_port);
  return selector;
}

Selector mobility(AddressRange local, AddressRange remote, PortSet sent, PortSet received) {
  return {.local = {local},
          .remote = {remote},
          .protocol = kProtocolMobility,
          .local_port = std::move(sent),
          .remote_port = std::move(received)};
}

MobilityPolicy entry(const Pair& pair, MobilityPart part, std::string_view what) {
  Policy policy{.name = pair.name + "-" + std::string(what), .spd = pair.spd, .protect = {}};
  return {.policy = std::move(policy),
          .facts = {.policy = {},
                    .part = part,
                    .node = pair.node,
                    .home_address = pair.home_address,
                    .home_agent = pair.home_agent}};
}

// Of the policy's virtual interface, the other end: the home agent's tunnel goes to the home
// address, wherever that is (RFC 4877 7.2.4).
Address interface_of(const Pair& pair) {
  return pair.role == Role::MobileNode ? pair.home_agent : pair.home_address;
}

// Until the node is known to be away its tunnels end at the home address. Those that IKE negotiates
// end where its IKE SA does.
Endpoints ends_at_home(const Pair& pair) {
  if (!pair.protection.peer.empty()) return {};
  if (pair.role == Role::MobileNode) return {pair.home_address, pair.home_agent};
  return {pair.home_agent, pair.home_address};
}

bool is_signalling(MobilityPart part) {
  return part == MobilityPart::Binding || part == MobilityPart::PrefixDiscovery;
}

// Those of tunnels are of ESP.
const std::vector<Transform>& signalling_proposals(const MobilityProtection& how) {
  const bool as_tunnels =
      how.signalling_proposals.empty() && how.signalling_protocol == IpsecProtocol::Esp;
  return as_tunnels ? how.proposals : how.signalling_proposals;
}

void protect(const Pair& pair, MobilityPolicy& entry, const std::vector<std::string>& sas) {
  const MobilityProtection& how = pair.protection;
  const bool transport = is_signalling(entry.facts.part);
  Protection protection;
  protection.mode = transport ? IpsecMode::Transport : IpsecMode::Tunnel;
  if (transport)
    protection.protocol = how.signalling_protocol;
  else
    protection.endpoints = ends_at_home(pair);
  if (how.peer.empty()) {
    protection.sas = sas;
  } else {
    protection.peer = how.peer;
    protection.hard.time = how.sa_lifetime;
    protection.proposals = transport ? signalling_proposals(how) : how.proposals;
  }
  entry.policy.action = PolicyAction::Protect;
  entry.policy.protect = std::move(protection);
}

class Expansion {
 public:
  explicit Expansion(std::vector<Pair> pairs) : pairs_(std::move(pairs)) {}

  // MSEC-01, 04; MDYN-01, 02.
  void add_binding() {
    for (const Pair& pair : messages()) {
      const bool fine = pair.protection.selectors == SelectorGranularity::Message;
      add(pair, entry(pair, MobilityPart::Binding, "binding"), pair.protection.sas.binding,
          mobility(only(pair.home_address), only(pair.home_agent),
                   fine ? messages_of({kBindingUpdate}) : PortSet::any(),
                   fine ? messages_of({kBindingAcknowledgement}) : PortSet::any()));
    }
  }
  // MSEC-07, 10; MDYN-03, 04.
  void add_return_routability() {
    for (const Pair& pair : pairs_)
      if (!pair.protection.route_optimisation) refuse_tests(pair);
    for (const Pair& pair : messages()) {
      if (!pair.protection.route_optimisation) continue;
      const bool fine = pair.protection.selectors == SelectorGranularity::Message;
      add(pair, entry(pair, MobilityPart::ReturnRoutability, "return-routability"),
          pair.protection.sas.return_routability,
          mobility(only(pair.home_address), everywhere(),
                   fine ? messages_of({kHomeTestInit}) : PortSet::any(),
                   fine ? messages_of({kHomeTest}) : PortSet::any()));
    }
  }
  // MSEC-13, 16; MDYN-05, 06.
  void add_prefix_discovery() {
    for (const Pair& pair : messages())
      if (pair.protection.prefix_discovery)
        add(pair, entry(pair, MobilityPart::PrefixDiscovery, "prefix-discovery"),
            pair.protection.sas.prefix_discovery,
            {.local = {only(pair.home_address)},
             .remote = {only(pair.home_agent)},
             .protocol = kProtocolIcmpv6,
             .local_port = types({kPrefixSolicitation}),
             .remote_port = types({kPrefixAdvertisement})});
  }
  // MSEC-38: the node's side has link-local addresses and groups; IKE claims no others for it.
  void add_multicast() {
    for (const Pair& pair : messages()) {
      if (!pair.protection.multicast) continue;
      const PortSet listeners = types({icmp6::kListenerQuery, icmp6::kListenerReport,
                                       icmp6::kListenerDone, icmp6::kListenerReport2});
      add_bound(pair, entry(pair, MobilityPart::Multicast, "multicast"),
                pair.protection.sas.multicast,
                {.local = {groups_and_link_local()},
                 .remote = {everywhere()},
                 .protocol = kProtocolIcmpv6,
                 .local_port = listeners,
                 .remote_port = listeners});
    }
  }
  void add_dhcp() {
    for (const Pair& pair : messages())
      if (pair.protection.dhcp)
        add_bound(pair, entry(pair, MobilityPart::Dhcp, "dhcp"), pair.protection.sas.dhcp,
                  {.local = {groups_and_link_local()},
                   .remote = {everywhere()},
                   .protocol = kProtocolUdp,
                   .local_port = port(kDhcpClientPort),
                   .remote_port = port(kDhcpServerPort)});
  }
  // What MLD has asked for, behind what else link-local addresses say.
  void add_groups() {
    for (const Pair& pair : messages())
      if (pair.protection.multicast)
        add_bound(pair, entry(pair, MobilityPart::Groups, "groups"), pair.protection.sas.groups,
                  {.local = {groups_and_link_local()}, .remote = {everywhere()}});
  }
  // What is left of mobility in the tunnel is nobody's payload (MSEC-30).
  void add_other_mobility() {
    for (const Pair& pair : messages()) {
      if (pair.protection.payload.kind == ProtectedPayload::Kind::None) continue;
      MobilityPolicy other = entry(pair, MobilityPart::OtherMobility, "other-mobility");
      const PortSet discovery = types({kPrefixSolicitation, kPrefixAdvertisement});
      bypass_in_tunnel(
          pair, std::move(other),
          {mobility(only(pair.home_address), everywhere(), PortSet::any(), PortSet::any()),
           {.local = {only(pair.home_address)},
            .remote = {everywhere()},
            .protocol = kProtocolIcmpv6,
            .local_port = discovery,
            .remote_port = discovery}});
    }
  }
  // MSEC-19, 20, 23, 24; MDYN-07, 08: one entry for each protocol.
  void add_payload() {
    for (const Pair& pair : messages()) {
      const ProtectedPayload& payload = pair.protection.payload;
      if (payload.kind == ProtectedPayload::Kind::Any)
        add_bound(pair, entry(pair, MobilityPart::Payload, "payload"), pair.protection.sas.payload,
                  payload_of(pair, std::nullopt));
      for (const std::uint8_t protocol : payload.protocols)
        add_bound(
            pair,
            entry(pair, MobilityPart::Payload, fmt::format("payload-{}", protocol_name(protocol))),
            pair.protection.sas.payload, payload_of(pair, protocol));
    }
  }
  // RFC 4877 5, the third case.
  void add_everything() {
    for (const Pair& pair : pairs_)
      if (pair.protection.selectors == SelectorGranularity::Tunnel)
        add(pair, entry(pair, MobilityPart::Everything, "everything"), pair.protection.sas.payload,
            payload_of(pair, std::nullopt));
  }
  void add_plain_tunnels() {
    for (const Pair& pair : messages())
      if (pair.protection.payload.kind == ProtectedPayload::Kind::None)
        bypass_in_tunnel(pair, entry(pair, MobilityPart::PlainTunnel, "tunnel"),
                         {payload_of(pair, std::nullopt)});
  }
  void add_bypass(MobilityPart part, std::string name, SpdId spd, std::vector<Selector> selectors) {
    Policy policy{.name = std::move(name), .spd = spd, .protect = {}};
    policy.selectors = std::move(selectors);
    policy.action = PolicyAction::Bypass;
    keep({.policy = std::move(policy),
          .facts = {.policy = {},
                    .part = part,
                    .node = {},
                    .home_address = Address::any(Family::V6),
                    .home_agent = Address::any(Family::V6)}});
  }

  [[nodiscard]] std::vector<MobilityPolicy> take() && { return std::move(policies_); }

 private:
  // Those that tell kinds of messages apart at all.
  [[nodiscard]] std::vector<Pair> messages() const {
    std::vector<Pair> pairs;
    std::ranges::copy_if(pairs_, std::back_inserter(pairs), [](const Pair& pair) {
      return pair.protection.selectors != SelectorGranularity::Tunnel;
    });
    return pairs;
  }
  static Selector payload_of(const Pair& pair, std::optional<std::uint8_t> protocol) {
    Selector selector{.local = {only(pair.home_address)}, .remote = {everywhere()}};
    for (const Prefix& prefix : pair.prefixes) selector.local.push_back(AddressRange::of(prefix));
    selector.protocol = protocol;
    // Nothing stands in the port slots of a protocol without ports (SEL-10).
    if (protocol && port_meaning(*protocol) == PortMeaning::None)
      selector.local_port = selector.remote_port = PortSet::opaque();
    return selector;
  }
  void keep(MobilityPolicy entry) {
    entry.facts.policy = entry.policy.name;
    policies_.push_back(std::move(entry));
  }
  void add(const Pair& pair, MobilityPolicy entry, const std::vector<std::string>& sas,
           Selector selector) {
    entry.policy.selectors = {seen_by(pair.role, std::move(selector))};
    protect(pair, entry, sas);
    keep(std::move(entry));
  }
  // Else the tunnel would carry them as payload, in the clear where that is (RR-12).
  void refuse_tests(const Pair& pair) {
    MobilityPolicy refused = entry(pair, MobilityPart::NoReturnRoutability, "return-routability");
    refused.policy.selectors = {
        seen_by(pair.role, mobility(only(pair.home_address), everywhere(),
                                    messages_of({kHomeTestInit}), messages_of({kHomeTest})))};
    refused.policy.action = PolicyAction::Discard;
    keep(std::move(refused));
  }
  void add_bound(const Pair& pair, MobilityPolicy entry, const std::vector<std::string>& sas,
                 Selector selector) {
    entry.policy.tunnel = interface_of(pair);
    add(pair, std::move(entry), sas, std::move(selector));
  }
  void bypass_in_tunnel(const Pair& pair, MobilityPolicy entry, std::vector<Selector> selectors) {
    for (Selector& selector : selectors) selector = seen_by(pair.role, std::move(selector));
    entry.policy.selectors = std::move(selectors);
    entry.policy.tunnel = interface_of(pair);
    entry.policy.action = PolicyAction::Bypass;
    keep(std::move(entry));
  }

  std::vector<Pair> pairs_;
  std::vector<MobilityPolicy> policies_;
};

PortSet ike_ports() {
  return PortSet::of({{kIkePort, kIkePort}, {kIkeNatPort, kIkeNatPort}}).value();
}

// MSEC-30: the order of what has to do with nodes.
void add_nodes(Expansion& expansion) {
  expansion.add_binding();
  expansion.add_return_routability();
  expansion.add_prefix_discovery();
  expansion.add_multicast();
  expansion.add_dhcp();
  expansion.add_groups();
  expansion.add_other_mobility();
  expansion.add_payload();
  expansion.add_everything();
  expansion.add_plain_tunnels();
}

// What comes and goes keeps its name while others do.
std::string pair_name(const HomeNodeConfig& node, std::size_t home_address) {
  if (node.leases)
    return fmt::format("{}-{}", node.name, to_string(node.home_addresses[home_address]));
  return home_address == 0 ? node.name : fmt::format("{}-{}", node.name, home_address + 1);
}

// A mobile router's networks are behind the first of its home addresses.
std::vector<Pair> pairs_of(const HomeAgentConfig& config) {
  static const std::vector<Prefix> kNone;
  std::vector<Pair> pairs;
  for (std::size_t node = 0; node < config.nodes.size(); ++node) {
    const HomeNodeConfig& facts = config.nodes[node];
    for (std::size_t i = 0; i < facts.home_addresses.size(); ++i)
      pairs.push_back({.name = pair_name(facts, i),
                       .role = Role::HomeAgent,
                       .spd = config.spd,
                       .node = node,
                       .home_address = facts.home_addresses[i],
                       .home_agent = config.address,
                       .prefixes = i == 0 ? facts.prefixes : kNone,
                       .protection = facts.protection});
  }
  return pairs;
}

std::vector<AddressRange> ranges_of(const std::vector<Address>& addresses) {
  std::vector<AddressRange> ranges;
  for (const Address& address : addresses)
    if (address.family == Family::V6) ranges.push_back(only(address));
  return ranges;
}

// What correspondents hear and say (RFC 6275 9).
Selector as_correspondent(const std::vector<Address>& own) {
  return {.local = ranges_of(own),
          .remote = {everywhere()},
          .protocol = kProtocolMobility,
          .local_port = messages_of({kBindingRefreshRequest, kHomeTest, kCareOfTest,
                                     kBindingAcknowledgement, kBindingError}),
          .remote_port = messages_of({kHomeTestInit, kCareOfTestInit, kBindingUpdate})};
}

// Of nodes and their correspondents, where the home agent is between them.
Selector beyond(const HomeAgentConfig& config) {
  Selector selector{.local = {}, .remote = {everywhere()}};
  for (const HomeNodeConfig& node : config.nodes)
    std::ranges::move(claims_of({.name = {},
                                 .home_addresses = node.home_addresses,
                                 .prefixes = node.prefixes,
                                 .protection = {}}),
                      std::back_inserter(selector.local));
  return selector;
}

constexpr std::uint16_t kFirstEphemeralPort = 49152;  // RFC 6335 6

// Names, and DHCPv6 of the link (RFC 5026 5.1, RFC 6611 4.2). Servers that DHCPv6 tells of are not
// known here.
std::vector<Selector> bootstrap_questions(const MobileNodeConfig& config) {
  std::vector<Selector> questions;
  if (!config.bootstraps) return questions;
  const BootstrapConfig& bootstrap = config.bootstrap;
  if (!bootstrap.name_servers.empty() || bootstrap.dhcp)
    questions.push_back({.local = {everywhere()},
                         .remote = bootstrap.name_servers.empty()
                                       ? std::vector{everywhere()}
                                       : ranges_of(bootstrap.name_servers),
                         .protocol = kProtocolUdp,
                         .local_port = PortSet::of({{kFirstEphemeralPort, 0xffff}}).value(),
                         .remote_port = port(kDnsPort)});
  const AddressRange link_local = AddressRange::parse("fe80::/10").value();
  if (bootstrap.dhcp)
    questions.push_back({.local = {link_local},
                         .remote = {everywhere()},
                         .protocol = kProtocolUdp,
                         .local_port = port(kDhcpClientPort),
                         .remote_port = port(kDhcpServerPort)});
  return questions;
}

}  // namespace

std::vector<MobilityPolicy> policies_of(const HomeAgentConfig& config,
                                        const std::vector<Address>& own) {
  Expansion expansion(pairs_of(config));
  expansion.add_bypass(MobilityPart::Ike, "home-agent-ike", config.spd,
                       {{.local = {only(config.address)},
                         .remote = {},
                         .protocol = kProtocolUdp,
                         .local_port = ike_ports()}});
  add_nodes(expansion);
  // Errors are for whoever has sent something wrong (RFC 6275 9.3.3).
  Selector errors = mobility(only(config.address), everywhere(), messages_of({kBindingError}),
                             messages_of({kBindingError}));
  if (!own.empty()) errors = as_correspondent(own);
  expansion.add_bypass(MobilityPart::Signalling, "home-agent-signalling", config.spd,
                       {std::move(errors)});
  Selector nodes = beyond(config);
  if (config.forwarding && !nodes.local.empty())
    expansion.add_bypass(MobilityPart::Forwarding, "home-agent-forwarding", config.spd,
                         {std::move(nodes)});
  return std::move(expansion).take();
}

std::vector<MobilityPolicy> policies_of(const MobileNodeConfig& config) {
  std::vector<Pair> pairs;
  if (config.home_address && config.home_agent)
    pairs.push_back({.name = "mobile-node",
                     .role = Role::MobileNode,
                     .spd = config.spd,
                     .node = {},
                     .home_address = *config.home_address,
                     .home_agent = *config.home_agent,
                     .prefixes = config.prefixes,
                     .protection = config.protection});
  Expansion expansion(std::move(pairs));
  // From whatever care-of address.
  Selector ike{.local = {}, .remote = {}, .protocol = kProtocolUdp, .local_port = ike_ports()};
  if (config.home_agent) ike.remote = {only(*config.home_agent)};
  expansion.add_bypass(MobilityPart::Ike, "mobile-node-ike", config.spd, {std::move(ike)});
  add_nodes(expansion);
  // From the care-of address, and with a Home Address option; what registers at correspondents
  // proves itself (RFC 6275 5.2).
  if (config.protection.route_optimisation)
    expansion.add_bypass(
        MobilityPart::Signalling, "mobile-node-signalling", config.spd,
        {mobility(everywhere(), everywhere(), messages_of({kCareOfTestInit, kBindingUpdate}),
                  messages_of({kBindingRefreshRequest, kCareOfTest, kBindingAcknowledgement,
                               kBindingError}))});
  // From the care-of address alone: what comes from the home address has its entries above.
  if (std::vector<Selector> questions = bootstrap_questions(config); !questions.empty())
    expansion.add_bypass(MobilityPart::Bootstrap, "mobile-node-bootstrap", config.spd,
                         std::move(questions));
  return std::move(expansion).take();
}

std::vector<MobilityPolicy> correspondent_policies(const std::vector<Address>& own, SpdId spd) {
  if (ranges_of(own).empty()) return {};
  Expansion expansion({});
  expansion.add_bypass(MobilityPart::Signalling, "correspondent-signalling", spd,
                       {as_correspondent(own)});
  return std::move(expansion).take();
}

}  // namespace sallyport
