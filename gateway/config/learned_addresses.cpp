#include "gateway/config/learned_addresses.h"

#include <iterator>

#include "gateway/config/mobility_expansion.h"

namespace sallyport {

MobileNodeConfig without_learned(MobileNodeConfig config) {
  if (!config.bootstraps) return config;
  config.home_address = config.bootstrap.wished_home;
  config.home_agent = config.bootstrap.home_agent;
  config.home_prefix_length = config.bootstrap.home_prefix_length;
  return config;
}

LearnedAddresses still_known(LearnedAddresses learned, const Configuration& before,
                             const Configuration& next) {
  if (!before.mobile_node || !next.mobile_node ||
      without_learned(*before.mobile_node) != without_learned(*next.mobile_node))
    learned.own.reset();
  return learned;
}

void put_in(Configuration& configuration, const LearnedAddresses& learned) {
  if (configuration.home_agent)
    for (HomeNodeConfig& node : configuration.home_agent->nodes) {
      if (!node.leases) continue;
      const auto known = learned.of_nodes.find(node.name);
      node.home_addresses.clear();
      if (known != learned.of_nodes.end()) node.home_addresses = known->second;
    }
  if (configuration.mobile_node && configuration.mobile_node->bootstraps) {
    MobileNodeConfig& node = *configuration.mobile_node;
    node = without_learned(std::move(node));
    if (learned.own) {
      node.home_address = learned.own->home_address.address;
      node.home_prefix_length = learned.own->home_address.length;
      node.home_agent = learned.own->home_agent;
    }
  }
  auto& policies = configuration.policies;
  policies.erase(policies.begin(), policies.begin() + static_cast<std::ptrdiff_t>(
                                                          configuration.mobility_policies.size()));
  configuration.mobility_policies.clear();
  std::vector<Policy> derived;
  for (MobilityPolicy& policy : mobility_policies_of(configuration)) {
    derived.push_back(std::move(policy.policy));
    configuration.mobility_policies.push_back(std::move(policy.facts));
  }
  policies.insert(policies.begin(), std::make_move_iterator(derived.begin()),
                  std::make_move_iterator(derived.end()));
}

}  // namespace sallyport
