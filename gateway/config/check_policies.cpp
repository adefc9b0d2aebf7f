#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "gateway/config/loading.h"

namespace sallyport {
namespace {

struct Named {
  const Policy& policy;
  const Value& element;
  const Value* protect;
};

bool is_all_own(const AddressRange& range, const Configuration& configuration) {
  // Ends soon: we have few addresses, and the first foreign one decides.
  std::optional<Address> address = range.first;
  while (address && *address <= range.last) {
    if (!is_own_address(configuration, *address)) return false;
    address = next(*address);
  }
  return true;
}

// Transport mode is for a host's own traffic (RFC 4301 4.1; ARCH-03).
void check_transport(const Named& named, Loading& loading) {
  if (named.policy.protect->mode != IpsecMode::Transport) return;
  for (const Selector& selector : named.policy.selectors) {
    const bool own = !selector.local.empty() &&
                     std::ranges::all_of(selector.local, [&](const AddressRange& range) {
                       return is_all_own(range, loading.configuration);
                     });
    if (own) continue;
    loading.diagnostics.error(
        place(named.element, "local"),
        fmt::format("local: policy \"{}\" is in transport mode for addresses that are not ours",
                    named.policy.name),
        "addresses of our ports, or mode = \"tunnel\" (RFC 4301 4.1)");
    return;
  }
}

using SasByName = std::map<std::string_view, const Sa*>;

std::string nearest_sa(const SasByName& sas, std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& [known, sa] : sas) names.push_back(known);
  return names.size() > 20 ? "" : suggestion(name, names);
}

void warn_of_pair(const Sa& outbound, const Sa& inbound, const Position& at,
                  Diagnostics& diagnostics) {
  for (std::string& warning : pair_warnings(outbound, inbound))
    diagnostics.warn(at, std::move(warning));
}

void check_named_sas(const Named& named, const SasByName& sas, Loading& loading) {
  const Protection& protect = *named.policy.protect;
  std::vector<const Sa*> outbound;
  std::vector<const Sa*> inbound;
  for (const std::string& name : protect.sas) {
    const Position& at = place(*named.protect, "sas");
    const auto found = sas.find(name);
    if (found == sas.end()) {
      loading.diagnostics.error(at, fmt::format("sas: there is no [[sa]] \"{}\"", name),
                                nearest_sa(sas, name), Error::Code::NotFound);
      continue;
    }
    const Sa* sa = found->second;
    if (const std::string what = disagreement(*sa, protect); !what.empty()) {
      loading.diagnostics.error(at, fmt::format("sas: SA \"{}\" has {}", name, what),
                                "what the policy says, or leave it out of the SA");
    }
    (sa->direction == Direction::Outbound ? outbound : inbound).push_back(sa);
  }
  const Position& at = place(named.element, "protect");
  if (outbound.empty()) {
    loading.diagnostics.warn(at, fmt::format("policy \"{}\" has no outbound SA", named.policy.name),
                             "what it protects is not sent");
  }
  if (inbound.empty()) {
    loading.diagnostics.warn(at, fmt::format("policy \"{}\" has no inbound SA", named.policy.name),
                             "what the peer protects is not heard");
  }
  for (const Sa* out : outbound) {
    for (const Sa* in : inbound) warn_of_pair(*out, *in, at, loading.diagnostics);
  }
}

// The peer that the policy names is there, may use it, and is where its tunnel ends.
void check_named_peer(const Named& named, Loading& loading) {
  const Protection& protect = *named.policy.protect;
  const Position& at = place(*named.protect, "peer");
  std::vector<std::string_view> names;
  for (const PeerConfig& config : loading.configuration.peers) names.push_back(config.peer.name);
  const auto found = std::ranges::find(names, protect.peer);
  if (found == names.end()) {
    loading.diagnostics.error(at, fmt::format("peer: there is no [[peer]] \"{}\"", protect.peer),
                              suggestion(protect.peer, names), Error::Code::NotFound);
    return;
  }
  if (peer_for(loading.configuration, named.policy) == nullptr) {
    loading.diagnostics.error(
        at,
        fmt::format("peer: policy \"{}\" is none of those that \"{}\" may use", named.policy.name,
                    protect.peer),
        "name it in `policies` of the [[peer]]");
  }
  const auto index = static_cast<std::size_t>(found - names.begin());
  const PeerLocator& locator = loading.configuration.peers[index].peer.locator;
  const auto& [local, remote] = protect.endpoints;
  if (protect.endpoints == Endpoints{}) return;
  if (locator.remote.value_or(remote) == remote && locator.local.value_or(local) == local) return;
  loading.diagnostics.error(place(*named.protect, "endpoints"),
                            fmt::format("endpoints: peer \"{}\" is elsewhere", protect.peer),
                            "its remote and local, or leave them out");
}

// RFC 7619 2.4, 2.5: who proves nothing may use what is meant for such alone, and each of them for
// himself.
void check_unauthenticated(const Named& named, const Peer& peer, Loading& loading) {
  const Protection& protect = *named.policy.protect;
  if (!proves_nothing(peer)) return;
  if (!protect.unauthenticated_peers)
    loading.diagnostics.error(
        named.protect->at,
        fmt::format("protect: peer \"{}\" proves nothing, and the policy is not for such",
                    peer.name),
        "unauthenticated_peers = true, or another auth of the [[peer]]", Error::Code::Refused);
  else if (!peer.locator.remote && !named.policy.pfp.remote)
    loading.diagnostics.warn(
        place(*named.protect, "unauthenticated_peers"),
        "unauthenticated_peers: of several peers the last one gets the packets of all",
        "pfp = [\"remote\"] in the policy, and pools for the [[peer]]");
}

// SAs that are negotiated: with whom, and from where.
void check_negotiation(const Named& named, const Peer& peer, Loading& loading) {
  check_unauthenticated(named, peer, loading);
  const Protection& protect = *named.policy.protect;
  const Address& local = protect.endpoints.local;
  if (!local.is_unspecified() && !is_own_address(loading.configuration, local))
    loading.diagnostics.error(
        place(*named.protect, "endpoints"),
        fmt::format("endpoints: {}, the local one, is no address of a port", to_string(local)),
        "an address of ours; the peer's is `remote`");
  if (protect.protocol == IpsecProtocol::Ah && peer.nat_traversal == NatTraversal::Force)
    loading.diagnostics.error(
        place(*named.protect, "protocol"),
        fmt::format(
            "protocol: AH does not go through UDP, which nat_traversal of peer \"{}\" forces",
            peer.name),
        "protocol = \"esp\", or nat_traversal = \"detect\" (RFC 3948 1)", Error::Code::Refused);
}

void check_keys(const Named& named, const SasByName& sas, Loading& loading) {
  const Protection& protect = *named.policy.protect;
  if (!protect.peer.empty()) check_named_peer(named, loading);
  const PeerConfig* const peer =
      protect.sas.empty() ? peer_for(loading.configuration, named.policy) : nullptr;
  if (peer != nullptr)
    check_negotiation(named, peer->peer, loading);
  else if (protect.peer.empty())
    check_named_sas(named, sas, loading);
}

}  // namespace

std::string disagreement(const Sa& sa, const Protection& protection) {
  if (sa.protocol != protection.protocol) return "another protocol";
  if (sa.mode != protection.mode) return "another mode";
  if (sa.mode == IpsecMode::Tunnel && sa.endpoints != protection.endpoints)
    return "other endpoints";
  const auto& proposals = protection.proposals;
  if (!proposals.empty() && std::ranges::find(proposals, sa.transform) == proposals.end()) {
    return "a transform that is not among the proposals";
  }
  return {};
}

void check_policies(Loading& loading) {
  SasByName sas;
  for (const Sa& sa : loading.configuration.sas) sas.emplace(sa.name, &sa);
  const auto elements = loading.policy_elements();
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const Policy& policy = loading.configuration.policies[i];
    if (!policy.protect) continue;
    const bool derived = i < loading.derived.size();
    const Value* const protect = derived ? elements[i] : elements[i]->find("protect");
    const Named named{policy, *elements[i], protect};
    // A home address is ours wherever we are.
    if (!derived) check_transport(named, loading);
    check_keys(named, sas, loading);
  }
}

}  // namespace sallyport
