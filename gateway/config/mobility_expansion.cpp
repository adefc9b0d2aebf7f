#include "gateway/config/mobility_expansion.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "gateway/config/transforms.h"

namespace sallyport {
namespace {

// Where what a policy was made of stands.
const Value& source_of(const MobilityPolicyFacts& facts, const Loading& loading) {
  if (const Value* const agent = loading.root.find("home_agent")) {
    if (facts.node) return (*agent->find("nodes")->list())[*facts.node];
    if (facts.policy.starts_with("home-agent")) return *agent;
  }
  if (const Value* const node = loading.root.find("mobile_node")) return *node;
  const Value* const correspondent = loading.root.find("correspondent");
  return correspondent == nullptr ? loading.root : *correspondent;
}

std::vector<Address> correspondent_addresses(const Configuration& configuration) {
  std::vector<Address> own;
  if (!configuration.correspondent.enabled) return own;
  for (const PortConfig& port : configuration.ports)
    for (const Prefix& prefix : port.addresses)
      if (prefix.address.family == Family::V6 && !prefix.address.is_link_local())
        own.push_back(prefix.address);
  return own;
}

// MDYN-09: behind an entry that is several nodes', one could claim to be another.
void check_peer_of(const MobilityProtection& protection, const Value& element,
                   std::map<std::string, std::string>& taken, Loading& loading) {
  if (protection.peer.empty()) return;
  const std::string& name = protection.peer;
  const auto& peers = loading.configuration.peers;
  const Position& at = place(element, "peer");
  const auto found =
      std::ranges::find(peers, name, [](const PeerConfig& config) { return config.peer.name; });
  if (found == peers.end())
    return loading.diagnostics.error(at, fmt::format("peer: there is no [[peer]] \"{}\"", name),
                                     "the name of one", Error::Code::NotFound);
  if (found->peer.mobility == PeerMobility::Mobike)
    loading.diagnostics.error(
        at, fmt::format("peer: \"{}\" is moved by MOBIKE and by its registrations", name),
        "mobility = \"mobile-ipv6\" in the [[peer]], or leave it out there", Error::Code::Refused);
  const auto [first, fresh] = taken.try_emplace(name, to_string(at));
  if (fresh) return;
  loading.diagnostics.error(at,
                            fmt::format("peer: the node at {} has \"{}\" too", first->second, name),
                            "a [[peer]] for each node (RFC 4877 7.1)", Error::Code::Exists);
}

template <class Visit>
void for_each_protection(Loading& loading, Visit visit) {
  const Configuration& configuration = loading.configuration;
  if (configuration.home_agent && !configuration.home_agent->nodes.empty()) {
    const ValueList& nodes = *loading.root.find("home_agent")->find("nodes")->list();
    for (std::size_t i = 0; i < nodes.size(); ++i)
      visit(configuration.home_agent->nodes[i].protection, nodes[i],
            claims_of(configuration.home_agent->nodes[i]));
  }
  // Correspondents are anybody, and speak through the home agent.
  if (configuration.mobile_node)
    visit(configuration.mobile_node->protection, *loading.root.find("mobile_node"),
          std::vector{AddressRange::of({Address::any(Family::V6), 0})});
}

// What no SA of a mobile node's may be, whatever else consents to it.
void check_sa(const Sa& sa, const MobilityPolicyFacts& facts, const Position& at,
              Loading& loading) {
  if (icv_bytes(sa.transform) == 0)
    loading.diagnostics.error(
        at, fmt::format("sas: SA \"{}\" of policy \"{}\" has no integrity", sa.name, facts.policy),
        "an integrity algorithm (RFC 4877 4.3)", Error::Code::Refused);
  if (needs_encryption(facts.part) && !encrypts(sa.transform))
    loading.diagnostics.error(
        at, fmt::format("sas: SA \"{}\" of policy \"{}\" encrypts nothing", sa.name, facts.policy),
        "a cipher: whoever reads return routability can redirect traffic (RFC 4877 4.3)",
        Error::Code::Refused);
}

// MSEC-33: which home address a Binding Update is for, its SA says.
void check_sas_of_nodes(Loading& loading) {
  const Configuration& configuration = loading.configuration;
  std::map<std::string_view, const Sa*> sas;
  for (const Sa& sa : configuration.sas) sas.emplace(sa.name, &sa);
  std::map<std::string, const MobilityPolicyFacts*> users;
  for (std::size_t i = 0; i < configuration.mobility_policies.size(); ++i) {
    const MobilityPolicyFacts& facts = configuration.mobility_policies[i];
    const Policy& policy = configuration.policies[i];
    if (!policy.protect) continue;
    const Position& at = place(source_of(facts, loading), "sas");
    for (const std::string& name : policy.protect->sas) {
      if (const auto sa = sas.find(name); sa != sas.end())
        check_sa(*sa->second, facts, at, loading);
      const auto [first, fresh] = users.try_emplace(name, &facts);
      const MobilityPolicyFacts& other = *first->second;
      if (fresh || (other.part == facts.part && other.home_address == facts.home_address)) continue;
      loading.diagnostics.error(
          at, fmt::format("sas: SA \"{}\" is for policy \"{}\" already", name, other.policy),
          "a pair of SAs for each home address and kind of traffic (RFC 3776 4.2)",
          Error::Code::Refused);
    }
  }
}

// What a node does not know of itself it asks for (RFC 5026 5.3).
void ask_for_home_address(const MobileNodeConfig& node, Peer& home_agent) {
  if (!node.bootstraps) return;
  if (node.bootstrap.own_address)
    home_agent.request_home_prefix = Offer::Yes;
  else if (home_agent.request_addresses.empty())
    home_agent.request_addresses = {Family::V6};
}

// A node may form its address of the prefixes that it is told (RFC 5026 5.3.2); what it is given
// of a pool it may claim anyway, as long as it has it (PAD-14).
void allow_own_addresses(const HomeNodeConfig& node, std::span<const PoolConfig> pools,
                         Peer& peer) {
  for (const PoolConfig& pool : pools)
    if (node.leases && pool.home_prefix &&
        std::ranges::find(peer.pools, pool.name) != peer.pools.end())
      peer.may_claim.push_back(AddressRange::of(*pool.home_prefix));
}

// Where its home address comes from; and IKE SAs of one node alone may move with its registrations
// (RFC 4877 7.4).
void check_leases(const HomeNodeConfig& node, const Value& element, Loading& loading) {
  const Configuration& configuration = loading.configuration;
  const auto peer = std::ranges::find(configuration.peers, node.protection.peer,
                                      [](const PeerConfig& one) { return one.peer.name; });
  if (!node.leases || peer == configuration.peers.end()) return;
  const auto& homes = configuration.home_agent->prefixes;
  const auto is_home = [&](const Address& address) {
    return std::ranges::any_of(
        homes, [&](const HomePrefixConfig& home) { return home.prefix.contains(address); });
  };
  const bool has_pool = std::ranges::any_of(configuration.pools, [&](const PoolConfig& pool) {
    return pool.family() == Family::V6 && is_home(pool.addresses.first) &&
           is_home(pool.addresses.last) &&
           std::ranges::find(peer->peer.pools, pool.name) != peer->peer.pools.end();
  });
  if (!has_pool)
    loading.diagnostics.error(
        place(element, "peer"),
        fmt::format("home_address is missing, and peer \"{}\" has none to give", peer->peer.name),
        "home_address, or in the [[peer]] `pools` with one whose addresses are in a home prefix");
  const auto& identities = peer->peer.identities;
  if (identities.size() != 1 || !identities.front().exact())
    loading.diagnostics.error(
        place(element, "peer"),
        fmt::format("peer: \"{}\" may be several nodes, and each has an address of its own",
                    peer->peer.name),
        "one identity without a wildcard, and a node with a [[peer]] for each (RFC 4877 4.2)",
        Error::Code::Refused);
}

}  // namespace

std::vector<MobilityPolicy> mobility_policies_of(const Configuration& configuration) {
  const std::vector<Address> own = correspondent_addresses(configuration);
  std::vector<MobilityPolicy> policies;
  const auto append = [&](std::vector<MobilityPolicy> more) {
    std::ranges::move(more, std::back_inserter(policies));
  };
  if (configuration.home_agent) append(policies_of(*configuration.home_agent, own));
  if (configuration.mobile_node) append(policies_of(*configuration.mobile_node));
  // A home agent's own entry says the same.
  if (!configuration.home_agent) append(correspondent_policies(own, SpdId{}));
  return policies;
}

void expand_mobility(Loading& loading) {
  Configuration& configuration = loading.configuration;
  if (loading.diagnostics.error_count() != 0) return;
  std::set<std::string_view> taken;
  for (MobilityPolicy& derived : mobility_policies_of(configuration)) {
    const Value& source = source_of(derived.facts, loading);
    if (const auto valid = validate(derived.policy); !valid)
      loading.diagnostics.error(source.at, valid.error().what, valid.error().remedy,
                                valid.error().code);
    loading.derived.push_back(&source);
    configuration.policies.push_back(std::move(derived.policy));
    configuration.mobility_policies.push_back(std::move(derived.facts));
  }
  for (const MobilityPolicyFacts& facts : configuration.mobility_policies)
    if (!taken.insert(facts.policy).second)
      loading.diagnostics.error(source_of(facts, loading).at,
                                fmt::format("two policies would be called \"{}\"", facts.policy),
                                "another name for one of the nodes", Error::Code::Exists);
}

void fill_in_mobile_peers(Loading& loading) {
  const auto elements = loading.elements("peer");
  auto& peers = loading.configuration.peers;
  if (peers.size() != elements.size()) return;
  for_each_protection(loading, [&](const MobilityProtection& protection, const Value&,
                                   const std::vector<AddressRange>& claims) {
    for (std::size_t i = 0; i < peers.size(); ++i) {
      Peer& peer = peers[i].peer;
      if (protection.peer.empty() || peer.name != protection.peer) continue;
      if (elements[i]->find("may_claim") == nullptr) peer.may_claim = claims;
      if (elements[i]->find("mobility") == nullptr) peer.mobility = PeerMobility::MobileIpv6;
    }
  });
  const auto& agent = loading.configuration.home_agent;
  for (std::size_t i = 0; agent && i < peers.size(); ++i)
    for (const HomeNodeConfig& served : agent->nodes)
      if (served.protection.peer == peers[i].peer.name && elements[i]->find("may_claim") == nullptr)
        allow_own_addresses(served, loading.configuration.pools, peers[i].peer);
  const auto& node = loading.configuration.mobile_node;
  if (!node) return;
  const auto found = std::ranges::find(peers, node->protection.peer,
                                       [](const PeerConfig& config) { return config.peer.name; });
  if (found != peers.end()) ask_for_home_address(*node, found->peer);
}

void check_mobility(Loading& loading) {
  const Configuration& configuration = loading.configuration;
  if (configuration.home_agent && !is_own_address(configuration, configuration.home_agent->address))
    loading.diagnostics.error(place(*loading.root.find("home_agent"), "address"),
                              fmt::format("address: {} is no address of a port",
                                          to_string(configuration.home_agent->address)),
                              "an address of ours on the home link");
  std::map<std::string, std::string> taken;
  for_each_protection(loading, [&](const MobilityProtection& protection, const Value& element,
                                   const std::vector<AddressRange>&) {
    check_peer_of(protection, element, taken, loading);
  });
  check_sas_of_nodes(loading);
  if (!configuration.home_agent || configuration.home_agent->nodes.empty()) return;
  const ValueList& nodes = *loading.root.find("home_agent")->find("nodes")->list();
  for (std::size_t i = 0; i < nodes.size(); ++i)
    check_leases(configuration.home_agent->nodes[i], nodes[i], loading);
}

}  // namespace sallyport
