#include "gateway/mip6_service.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "gateway/config/mobility_policies.h"

namespace sallyport {
namespace {

// Policies whose tunnels end where the node is.
bool follows_node(MobilityPart part) {
  return is_away_only(part) || part == MobilityPart::Everything;
}

std::string_view name_of(mip6::EventKind kind) {
  switch (kind) {
    case mip6::EventKind::Registered:
      return "binding_registered";
    case mip6::EventKind::Refreshed:
      return "binding_refreshed";
    case mip6::EventKind::Moved:
      return "binding_moved";
    case mip6::EventKind::Deregistered:
      return "binding_deregistered";
    case mip6::EventKind::Expired:
      return "binding_expired";
    case mip6::EventKind::Refused:
      return "binding_refused";
    case mip6::EventKind::Movement:
      return "movement";
  }
  return "binding";
}

const Peer* peer_called(const Configuration& configuration, const std::string& name) {
  const auto found = std::ranges::find(configuration.peers, name,
                                       [](const PeerConfig& config) { return config.peer.name; });
  return found == configuration.peers.end() ? nullptr : &found->peer;
}

const MobilityProtection* protection_of(const Configuration& configuration,
                                        const MobilityPolicyFacts& facts) {
  if (facts.node && configuration.home_agent)
    return &configuration.home_agent->nodes[*facts.node].protection;
  if (!facts.home_address.is_unspecified() && configuration.mobile_node)
    return &configuration.mobile_node->protection;
  return nullptr;
}

}  // namespace

Mip6Service::Mip6Service(Surroundings surroundings)
    : my_(std::move(surroundings)),
      tunnels_(my_.tunnels),
      sequences_(my_.state_directory / "binding-sequences", my_.jobs) {}

std::map<Mip6Service::Pair, Mip6Service::Node> Mip6Service::nodes_of(
    const Configuration& configuration) {
  std::map<Pair, Node> nodes;
  for (const MobilityPolicyFacts& facts : configuration.mobility_policies) {
    const MobilityProtection* const protection = protection_of(configuration, facts);
    if (protection == nullptr) continue;
    Node& node = nodes[{facts.home_address, facts.home_agent}];
    node.policies.push_back(facts);
    node.peer = protection->peer;
    node.ours = !facts.node;
    const Peer* const peer = peer_called(configuration, protection->peer);
    node.moves = peer != nullptr && peer->mobility == PeerMobility::MobileIpv6;
  }
  return nodes;
}

const std::pair<const Mip6Service::Pair, Mip6Service::Node>* Mip6Service::node_of(
    const Address& home_address) const {
  const auto found = nodes_.lower_bound({home_address, Address::any(Family::V4)});
  return found == nodes_.end() || found->first.first != home_address ? nullptr : &*found;
}

Endpoints Mip6Service::ends_at(const Pair& pair, const Node& node, const Address& place) {
  const Address& home_agent = pair.second;
  return node.ours ? Endpoints{place, home_agent} : Endpoints{home_agent, place};
}

std::vector<std::string> Mip6Service::names_of(const Node& node, bool (*wanted)(MobilityPart)) {
  std::vector<std::string> names;
  for (const MobilityPolicyFacts& facts : node.policies)
    if (wanted(facts.part)) names.push_back(facts.policy);
  return names;
}

void Mip6Service::carry_over(const Configuration& next, std::vector<Policy>& policies,
                             std::vector<Sa>& sas) const {
  std::map<std::string_view, Policy*> by_name;
  for (Policy& policy : policies) by_name.emplace(policy.name, &policy);
  std::map<std::string_view, Sa*> sa_by_name;
  for (Sa& sa : sas) sa_by_name.emplace(sa.name, &sa);
  for (const auto& [pair, node] : nodes_of(next)) {
    const auto away = away_.find(pair);
    for (const MobilityPolicyFacts& facts : node.policies) {
      Policy& policy = *by_name.at(facts.policy);
      if (!follows_node(facts.part)) continue;
      if (is_away_only(facts.part)) policy.active = away != away_.end();
      if (away == away_.end() || policy.protect->endpoints == Endpoints{}) continue;
      policy.protect->endpoints = ends_at(pair, node, away->second);
      for (const std::string& name : policy.protect->sas)
        if (const auto sa = sa_by_name.find(name); sa != sa_by_name.end())
          sa->second->endpoints = policy.protect->endpoints;
    }
  }
}

void Mip6Service::configure(const Configuration& configuration) {
  nodes_ = nodes_of(configuration);
  note_home_links(configuration);
  if (configuration.home_agent) {
    std::set<Address> manual;
    for (const HomeNodeConfig& node : configuration.home_agent->nodes)
      if (node.protection.peer.empty())
        manual.insert(node.home_addresses.begin(), node.home_addresses.end());
    sequences_.keep([&manual](const Address& home) { return manual.contains(home); });
  }
  std::erase_if(away_, [&](const auto& away) { return !nodes_.contains(away.first); });
  refusals_ =
      RateLimit::per_second(configuration.audit.rate, configuration.audit.rate, kInstantHertz);
  pools_.clear();
  for (const PoolConfig& pool : configuration.pools) pools_.push_back(pool.name);
}

// Of what nodes say to their home link, which is not told apart by who says it.
void Mip6Service::note_home_links(const Configuration& configuration) {
  home_of_.clear();
  policy_of_.clear();
  for (const MobilityPolicyFacts& facts : configuration.mobility_policies) {
    const bool dhcp = facts.part == MobilityPart::Dhcp;
    if (!dhcp && facts.part != MobilityPart::Multicast) continue;
    home_of_.emplace(facts.policy, facts.home_address);
    const MobilityProtection* const protection = protection_of(configuration, facts);
    if (protection == nullptr) continue;
    for (const std::string& sa : dhcp ? protection->sas.dhcp : protection->sas.multicast)
      policy_of_.emplace(sa, facts.policy);
  }
}

// Negotiated SAs are called by their policy, with a number behind.
std::optional<Address> Mip6Service::home_address_of(SaSlot inbound) const {
  const auto entry = my_.tunnels.sad.find(Direction::Inbound, inbound);
  if (!entry) return std::nullopt;
  const std::string& sa = entry->sa->name;
  const auto configured = policy_of_.find(sa);
  const std::string policy =
      configured != policy_of_.end() ? configured->second : sa.substr(0, sa.rfind('/'));
  const auto home = home_of_.find(policy);
  if (home == home_of_.end() || !tunnels_.has_sa(policy, sa)) return std::nullopt;
  return home->second;
}

std::optional<Address> Mip6Service::place_of(const mip6::TunnelMigrator::Ends& ends) const {
  const auto found = away_.find({ends.home_address, ends.home_agent});
  return found == away_.end() ? std::nullopt : std::optional(found->second);
}

Expected<void> Mip6Service::move(const mip6::TunnelMigrator::Ends& ends, const Address& to) {
  const auto node = nodes_.find({ends.home_address, ends.home_agent});
  if (node == nodes_.end()) return {};  // it has nothing that would follow
  const std::vector<TunnelMigration::Order> orders{
      {.policies = names_of(node->second, follows_node),
       .to = ends_at(node->first, node->second, to)}};
  if (auto moved = joined(tunnels_.migrate(orders)); !moved) return moved;
  away_.insert_or_assign(node->first, to);
  return {};
}

void Mip6Service::deactivate(const mip6::TunnelMigrator::Ends& ends) {
  const auto node = nodes_.find({ends.home_address, ends.home_agent});
  if (node == nodes_.end()) return;
  away_.erase(node->first);
  // One tunnel for everything has the registrations too: it ends at the home address then.
  const std::vector<std::string> all =
      names_of(node->second, [](MobilityPart part) { return part == MobilityPart::Everything; });
  if (!all.empty()) {
    const std::vector<TunnelMigration::Order> orders{
        {.policies = all, .to = ends_at(node->first, node->second, ends.home_address)}};
    static_cast<void>(tunnels_.migrate(orders));  // to where it was before
  }
  tunnels_.deactivate(names_of(node->second, is_away_only));
}

bool Mip6Service::can_move(const Address& home_address) const {
  const auto* const node = node_of(home_address);
  return node != nullptr && node->second.moves;
}

void Mip6Service::move(const Address& home_address, const Address& to) {
  const auto* const node = node_of(home_address);
  if (node == nullptr || !node->second.moves) return;
  my_.ike.move_peer(node->second.peer, ends_at(node->first, node->second, to));
}

void Mip6Service::drop(const Address& home_address) {
  const auto* const node = node_of(home_address);
  if (node == nullptr || node->second.peer.empty()) return;
  const auto away = away_.find(node->first);
  const Address& place = away == away_.end() ? home_address : away->second;
  my_.ike.drop_peer(node->second.peer, ends_at(node->first, node->second, place));
}

void Mip6Service::prepare(const Address& home_address, const Address& home_agent,
                          const Address& care_of, Ready ready) {
  const auto node = nodes_.find({home_address, home_agent});
  if (node == nodes_.end())
    return ready(fail(Error::Code::NotFound, "no SAs are configured for the home agent",
                      "home_agent of [mobile_node]", to_string(home_agent)));
  const std::string& peer = node->second.peer;
  if (peer.empty()) return ready({});
  const auto binding =
      std::ranges::find_if(node->second.policies, [](const MobilityPolicyFacts& facts) {
        return facts.part == MobilityPart::Binding || facts.part == MobilityPart::Everything;
      });
  const std::string policy = binding->policy;
  const Endpoints ends = ends_at(node->first, node->second, care_of);
  my_.ike.place_peer(peer, ends);
  if (!my_.ike.has_children_of(policy)) {
    if (node->second.moves) my_.ike.move_peer(peer, ends);  // nobody answers us elsewhere
    return negotiate(policy, std::move(ready));
  }
  ready({});
  // Left by their IKE SA, they are to have one again, and the update needs not wait for it.
  if (my_.ike.has_orphans_of(policy)) negotiate(policy, [](const Expected<void>&) {});
}

// Once for all who wait for it.
void Mip6Service::negotiate(const std::string& policy, Ready ready) {
  const bool under_way = awaiting_.contains(policy);
  awaiting_.emplace(policy, std::move(ready));
  if (under_way) return;
  if (const auto begun = my_.ike.initiate(policy); !begun)
    on_failed(policy, to_string(begun.error()));
}

void Mip6Service::on_installed(const std::string& policy) {
  const auto [first, last] = awaiting_.equal_range(policy);
  std::vector<Ready> ready;
  for (auto next = first; next != last; ++next) ready.push_back(std::move(next->second));
  awaiting_.erase(first, last);
  for (const Ready& each : ready) each({});
}

void Mip6Service::on_failed(const std::string& policy, const std::string& why) {
  const auto [first, last] = awaiting_.equal_range(policy);
  std::vector<Ready> ready;
  for (auto next = first; next != last; ++next) ready.push_back(std::move(next->second));
  awaiting_.erase(first, last);
  for (const Ready& each : ready)
    each(fail(Error::Code::Refused, why, "`sallyportctl monitor` tells what IKE does",
              "policy " + policy));
}

std::optional<Address> Mip6Service::lease(const std::optional<Address>& wish) {
  const auto lease = my_.ike.pools().lease(
      pools_, Identity::of(wish.value_or(Address::any(Family::V6))), Family::V6, wish);
  return lease ? std::optional(lease->address) : std::nullopt;
}

void Mip6Service::release(const Address& address) { my_.ike.pools().release(address); }

void Mip6Service::report(const mip6::Event& event) {
  const bool refused = event.kind == mip6::EventKind::Refused;
  const auto now = static_cast<std::uint64_t>(my_.clock.now().time_since_epoch().count());
  if (refused && !refusals_.allow(now)) {
    ++untold_refusals_;
    return;
  }
  spdlog::log(refused ? spdlog::level::warn : spdlog::level::info, "{}: {} at {}, with {}{}{}",
              name_of(event.kind), to_string(event.home_address), to_string(event.care_of),
              to_string(event.peer), event.detail.empty() ? "" : ": ", event.detail);
  AuditRecord record = my_.audit.begin(name_of(event.kind));
  record["home_address"] = to_string(event.home_address);
  record["care_of"] = to_string(event.care_of);
  record["peer"] = to_string(event.peer);
  record["detail"] = event.detail;
  if (refused && untold_refusals_ != 0) record["suppressed"] = std::exchange(untold_refusals_, 0);
  my_.audit.record(std::move(record));
}

}  // namespace sallyport
