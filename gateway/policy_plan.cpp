#include "gateway/policy_plan.h"

#include <algorithm>
#include <iterator>

#include "spd/default_policies.h"

namespace sallyport {
namespace {

// Addresses that speak IKE here: all of ours, on whatever port.
std::vector<Address> own_addresses(const Configuration& configuration) {
  std::vector<Address> own;
  for (const PortConfig& port : configuration.ports)
    for (const Prefix& prefix : port.addresses) own.push_back(prefix.address);
  return own;
}

}  // namespace

std::vector<Policy> plan_policies(const Configuration& configuration) {
  std::vector<Policy> policies;
  for (std::size_t i = 0; i < configuration.spds.size(); ++i) {
    const SpdConfig& spd = configuration.spds[i];
    const SpdId id{static_cast<std::uint16_t>(i)};
    if (spd.default_policies)
      std::ranges::move(default_policies({.spd = id,
                                          .prefix = spd.name,
                                          .own = own_addresses(configuration),
                                          .icmp_errors = configuration.icmp.unprotected_side}),
                        std::back_inserter(policies));
    std::ranges::copy_if(configuration.policies, std::back_inserter(policies),
                         [id](const Policy& policy) { return policy.spd == id; });
  }
  return policies;
}

}  // namespace sallyport
