#include "mip6/mobile_networks.h"

#include <algorithm>

namespace sallyport::mip6 {
namespace {

bool is_valid(const MobileNetworkPrefix& prefix) {
  return prefix.length > 0 && prefix.length <= bits(Family::V6) &&
         prefix.address.is_unicast_routable();
}

}  // namespace

bool may_register(const ServedNode& node, const Prefix& network) {
  return std::ranges::any_of(node.networks, [&network](const Prefix& table) {
    return table.length <= network.length && table.contains(network.address);
  });
}

std::expected<std::vector<Prefix>, BindingStatus> registered_networks(
    const MobilityOptions& options, const ServedNode& node, std::size_t most) {
  std::vector<Prefix> networks;
  const auto& named = options.mobile_network_prefixes;
  if (named.size() > most || !std::ranges::all_of(named, is_valid))
    return std::unexpected(BindingStatus::InvalidPrefix);
  for (const MobileNetworkPrefix& prefix : named) {
    const Prefix whole{prefix.address, prefix.length};
    const Prefix network{whole.first(), whole.length};
    if (!may_register(node, network)) return std::unexpected(BindingStatus::PrefixNotAuthorized);
    if (std::ranges::find(networks, network) == networks.end()) networks.push_back(network);
  }
  if (!named.empty()) return networks;
  if (node.networks.empty()) return std::unexpected(BindingStatus::ForwardingSetupFailed);
  for (const Prefix& network : node.networks) networks.push_back({network.first(), network.length});
  return networks;
}

}  // namespace sallyport::mip6
