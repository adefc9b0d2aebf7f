#include "mip6/mobile_networks.h"

#include <algorithm>

namespace sallyport::mip6 {
namespace {

bool is_valid(const MobileNetworkPrefix& prefix) {
  return prefix.length > 0 && prefix.length <= bits(Family::V6) &&
         prefix.address.is_unicast_routable();
}

bool holds(const Prefix& table, const Prefix& prefix) {
  return table.length <= prefix.length && table.contains(prefix.address);
}

}  // namespace

std::expected<std::vector<Prefix>, BindingStatus> registered_networks(
    const MobilityOptions& options, const ServedNode& node, std::size_t most) {
  std::vector<Prefix> networks;
  const auto& named = options.mobile_network_prefixes;
  if (named.size() > most || !std::ranges::all_of(named, is_valid))
    return std::unexpected(BindingStatus::InvalidPrefix);
  for (const MobileNetworkPrefix& prefix : named) {
    const Prefix whole{prefix.address, prefix.length};
    const Prefix network{whole.first(), whole.length};
    const auto is_its = [&](const Prefix& table) { return holds(table, network); };
    if (!std::ranges::any_of(node.networks, is_its))
      return std::unexpected(BindingStatus::PrefixNotAuthorized);
    if (std::ranges::find(networks, network) == networks.end()) networks.push_back(network);
  }
  if (!named.empty()) return networks;
  if (node.networks.empty()) return std::unexpected(BindingStatus::ForwardingSetupFailed);
  for (const Prefix& network : node.networks) networks.push_back({network.first(), network.length});
  return networks;
}

}  // namespace sallyport::mip6
