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

Mobility mobility_of(const Configuration& configuration) {
  return configuration.home_agent || configuration.mobile_node ? Mobility::On : Mobility::Off;
}

// MLD in a tunnel is protected, where on links it is not: before the shipped entry (MSEC-38).
bool goes_first(const Configuration& configuration, std::size_t index) {
  return index < configuration.mobility_policies.size() &&
         configuration.mobility_policies[index].part == MobilityPart::Multicast;
}

enum class Place : std::uint8_t { First, Behind };
void append_own(const Configuration& configuration, SpdId spd, Place place,
                std::vector<Policy>& policies) {
  for (std::size_t i = 0; i < configuration.policies.size(); ++i)
    if (configuration.policies[i].spd == spd &&
        goes_first(configuration, i) == (place == Place::First))
      policies.push_back(configuration.policies[i]);
}

}  // namespace

std::vector<Policy> plan_policies(const Configuration& configuration) {
  std::vector<Policy> policies;
  for (std::size_t i = 0; i < configuration.spds.size(); ++i) {
    const SpdConfig& spd = configuration.spds[i];
    const SpdId id{static_cast<std::uint16_t>(i)};
    append_own(configuration, id, Place::First, policies);
    if (spd.default_policies)
      std::ranges::move(default_policies({.spd = id,
                                          .prefix = spd.name,
                                          .own = own_addresses(configuration),
                                          .icmp_errors = configuration.icmp.unprotected_side,
                                          .mobility = mobility_of(configuration)}),
                        std::back_inserter(policies));
    append_own(configuration, id, Place::Behind, policies);
  }
  return policies;
}

}  // namespace sallyport
