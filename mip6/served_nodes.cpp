#include "mip6/served_nodes.h"

#include <utility>

namespace sallyport::mip6 {

Expected<ServedNodes> ServedNodes::of(std::vector<ServedNode> nodes, std::uint64_t hash_key) {
  ServedNodes served;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const ServedNode& node = nodes[i];
    const Prefix& home = node.home_addresses;
    Level& level = served.levels_.try_emplace(home.length, 0, AddressHash(hash_key)).first->second;
    if (!level.emplace(home.first(), i).second)
      return fail(Error::Code::Exists, to_string(home) + " is served twice");
    if (node.networks.empty()) continue;
    if (home.length != bits(Family::V6) || !node.services.has(Service::MobileRouter))
      return fail(Error::Code::Invalid, to_string(home) + " has networks but is no mobile router",
                  "networks are of one home address, with the service of mobile routers");
    for (const Prefix& network : node.networks)
      if (auto added = served.add_network(network, home.address); !added)
        return std::unexpected(added.error());
  }
  served.nodes_ = std::move(nodes);
  return served;
}

Expected<void> ServedNodes::add_network(const Prefix& network, const Address& home_address) {
  const auto above = networks_.upper_bound(network.first());
  const bool meets_next = above != networks_.end() && above->first <= network.last();
  const bool meets_previous =
      above != networks_.begin() && std::prev(above)->second.first.last() >= network.first();
  if (meets_next || meets_previous)
    return fail(Error::Code::Exists, to_string(network) + " is in another network");
  networks_.emplace(network.first(), std::pair{network, home_address});
  return {};
}

const ServedNode* ServedNodes::find(const Address& home_address) const {
  for (const auto& [length, level] : levels_) {
    const auto found = level.find(Prefix{home_address, length}.first());
    if (found != level.end()) return &nodes_[found->second];
  }
  return nullptr;
}

bool ServedNodes::names(const Address& home_address) const {
  const auto whole = levels_.find(static_cast<std::uint8_t>(bits(Family::V6)));
  return whole != levels_.end() && whole->second.contains(home_address);
}

bool ServedNodes::are_one_node(const Address& one, const Address& other) const {
  if (one == other) return true;
  const ServedNode* const its = find(one);
  const ServedNode* const others = find(other);
  return its != nullptr && others != nullptr && its->node && its->node == others->node;
}

const Address* ServedNodes::router_of(const Address& address) const {
  const auto above = networks_.upper_bound(address);
  if (above == networks_.begin()) return nullptr;
  const auto& [network, home_address] = std::prev(above)->second;
  return network.contains(address) ? &home_address : nullptr;
}

}  // namespace sallyport::mip6
