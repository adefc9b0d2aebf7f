#include "gateway/leased_home_addresses.h"

#include <algorithm>

namespace sallyport {
namespace {

std::vector<Prefix> home_prefixes_of(const Configuration& configuration, const std::string& peer) {
  std::vector<Prefix> prefixes;
  for (const PeerConfig& entry : configuration.peers)
    for (const PoolConfig& pool : configuration.pools)
      if (entry.peer.name == peer && pool.home_prefix &&
          std::ranges::find(entry.peer.pools, pool.name) != entry.peer.pools.end())
        prefixes.push_back(*pool.home_prefix);
  return prefixes;
}

}  // namespace

void LeasedHomeAddresses::configure(const Configuration& configuration) {
  auto before = std::exchange(nodes_, {});
  configured_.clear();
  pools_.clear();
  looks_ = true;
  if (!configuration.home_agent) return;
  configured_.push_back(configuration.home_agent->address);
  for (const PoolConfig& pool : configuration.pools) pools_.push_back(pool.addresses);
  for (const HomeNodeConfig& config : configuration.home_agent->nodes) {
    if (!config.leases) {
      configured_.insert(configured_.end(), config.home_addresses.begin(),
                         config.home_addresses.end());
      continue;
    }
    const std::string& peer = config.protection.peer;
    nodes_[peer] = {.name = config.name,
                    .prefixes = home_prefixes_of(configuration, peer),
                    .formed = std::move(before[peer].formed)};
  }
}

bool LeasedHomeAddresses::is_taken(const Address& address) const {
  const auto is_it = [&](const Address& other) { return other == address; };
  return std::ranges::any_of(configured_, is_it) ||
         std::ranges::any_of(pools_,
                             [&](const AddressRange& pool) { return pool.contains(address); }) ||
         std::ranges::any_of(nodes_, [&](const auto& node) {
           return std::ranges::any_of(node.second.formed, is_it);
         });
}

bool LeasedHomeAddresses::will_have(std::string_view peer, const Address& address) {
  const auto node = nodes_.find(peer);
  if (node == nodes_.end() || node->second.formed.size() >= kMostFormed || is_taken(address) ||
      std::ranges::none_of(node->second.prefixes,
                           [&](const Prefix& prefix) { return prefix.contains(address); }))
    return false;
  node->second.formed.push_back(address);
  looks_ = true;
  return true;
}

bool LeasedHomeAddresses::poll() {
  if (!std::exchange(looks_, false)) return false;
  std::map<std::string, std::vector<Address>> next;
  std::map<std::string, bool> up;
  if (!nodes_.empty())
    ike_.for_each([&](const ike::IkeSa& sa) {
      if (!sa.peer || !sa.is_up()) return;
      const auto node = nodes_.find(sa.peer->name);
      if (node == nodes_.end()) return;
      up[node->first] = true;
      for (const Address& lease : sa.leases)
        if (lease.family == Family::V6) next[node->second.name].push_back(lease);
    });
  for (auto& [peer, node] : nodes_) {
    if (!up.contains(peer)) node.formed.clear();
    if (node.formed.empty()) continue;
    auto& addresses = next[node.name];
    addresses.insert(addresses.end(), node.formed.begin(), node.formed.end());
  }
  for (auto& [name, addresses] : next) {
    std::ranges::sort(addresses);
    addresses.erase(std::ranges::unique(addresses).begin(), addresses.end());
  }
  return std::exchange(addresses_, std::move(next)) != addresses_;
}

}  // namespace sallyport
