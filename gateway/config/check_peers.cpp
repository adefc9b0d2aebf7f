#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "gateway/config/loading.h"

namespace sallyport {
namespace {

bool may_use(const Peer& peer, const Policy& policy) {
  return peer.policies.empty() ||
         std::ranges::find(peer.policies, policy.name) != peer.policies.end();
}

// In tunnel mode the endpoint; in transport mode whatever the packets may be for.
bool is_at(const Peer& peer, const Policy& policy) {
  const std::optional<Address>& remote = peer.locator.remote;
  if (!remote) return false;
  if (policy.protect->mode == IpsecMode::Tunnel) return *remote == policy.protect->endpoints.remote;
  return std::ranges::any_of(policy.selectors, [&](const Selector& selector) {
    return std::ranges::any_of(selector.remote,
                               [&](const AddressRange& range) { return range.contains(*remote); });
  });
}

bool is_meant(const Peer& peer, const Policy& policy) {
  if (policy.protect->peer.empty()) return is_at(peer, policy);
  return peer.name == policy.protect->peer;
}

void check_peer(const Peer& peer, const Value& element, Loading& loading) {
  if (const auto valid = validate(peer); !valid)
    loading.diagnostics.error(element.at,
                              fmt::format("peer \"{}\": {}", peer.name, valid.error().what),
                              valid.error().remedy, valid.error().code);
  const std::optional<Address>& local = peer.locator.local;
  if (local && !is_own_address(loading.configuration, *local))
    loading.diagnostics.error(place(element, "local"),
                              fmt::format("local: {} is no address of a port", to_string(*local)),
                              "an address of ours; the peer's is `remote`");
  const auto& policies = loading.configuration.policies;
  for (const std::string& name : peer.policies) {
    if (std::ranges::find(policies, name, &Policy::name)->protect) continue;
    loading.diagnostics.error(place(element, "policies"),
                              fmt::format("policies: \"{}\" protects nothing", name),
                              "policies with action = \"protect\"");
  }
}

// The first entry that an identity matches is its own: behind one that lets everybody in, no name
// would have to be proved any more (AUTH-05).
void check_order(const std::vector<const Value*>& elements, Loading& loading) {
  const auto& peers = loading.configuration.peers;
  const auto nobodys = [](const PeerConfig& config) { return proves_nothing(config.peer); };
  const auto first = std::ranges::find_if(peers, nobodys);
  for (auto config = first; config != peers.end(); ++config)
    if (!nobodys(*config))
      loading.diagnostics.error(
          place(*elements[static_cast<std::size_t>(config - peers.begin())], "name"),
          fmt::format("peer \"{}\" stands behind \"{}\", which proves nothing", config->peer.name,
                      first->peer.name),
          "entries with auth = { null = true } are the last");
}

using Names = std::set<std::string, std::less<>>;

// Of the elements of a section, those that nobody asked for.
template <class Elements>
void warn_of_unused(std::string_view section, const Elements& elements, const Names& used,
                    Loading& loading) {
  const auto tables = loading.elements(section);
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (used.contains(elements[i].name)) continue;
    loading.diagnostics.warn(place(*tables[i], "name"),
                             fmt::format("no peer names {} \"{}\"", section, elements[i].name));
  }
}

// Whom the PAD gives the identity to, if that entry asks the same authenticator.
bool is_known(const Identity& identity, const AaaConfig& aaa, const Configuration& configuration) {
  const auto first = std::ranges::find_if(configuration.peers, [&](const PeerConfig& config) {
    return std::ranges::any_of(config.peer.identities, [&](const IdentityPattern& pattern) {
      return pattern.matches(identity);
    });
  });
  const auto by = first == configuration.peers.end() ? nullptr : eap_authenticator_of(first->peer);
  return by != nullptr && by->name() == aaa.name;
}

// Whoever has logged in has what his identity's own entry says, and there is none.
void warn_of_strangers(Loading& loading) {
  const Configuration& configuration = loading.configuration;
  const auto tables = loading.elements("aaa");
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const AaaConfig& aaa = configuration.aaa[i];
    for (const AaaUserConfig& user : aaa.users)
      if (!is_known(user.identity, aaa, configuration))
        loading.diagnostics.warn(
            place(*tables[i], "users"),
            fmt::format("users: \"{}\" is {}, which is no peer with auth = {{ eap = \"{}\" }}",
                        user.name, to_string(user.identity), aaa.name),
            "a [[peer]] for that identity");
  }
}

}  // namespace

const PeerConfig* peer_for(const Configuration& configuration, const Policy& policy) {
  if (!policy.protect) return nullptr;
  const auto found = std::ranges::find_if(
      configuration.peers, [&](const PeerConfig& config) { return is_meant(config.peer, policy); });
  if (found == configuration.peers.end() || !may_use(found->peer, policy)) return nullptr;
  return &*found;
}

void check_peers(Loading& loading) {
  const auto elements = loading.elements("peer");
  const Configuration& configuration = loading.configuration;
  check_order(elements, loading);
  Names authorities, credentials, pools, aaa;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const PeerConfig& config = configuration.peers[i];
    check_peer(config.peer, *elements[i], loading);
    for (const RemoteSources& remote : config.remote_sources)
      authorities.insert(remote.authorities.begin(), remote.authorities.end());
    credentials.insert(config.local_sources.credentials.begin(),
                       config.local_sources.credentials.end());
    pools.insert(config.peer.pools.begin(), config.peer.pools.end());
    if (const auto by = eap_authenticator_of(config.peer)) aaa.insert(by->name());
  }
  warn_of_unused("authority", configuration.authorities, authorities, loading);
  warn_of_unused("credential", configuration.credentials, credentials, loading);
  warn_of_unused("pool", configuration.pools, pools, loading);
  warn_of_unused("aaa", configuration.aaa, aaa, loading);
  warn_of_strangers(loading);
}

}  // namespace sallyport
