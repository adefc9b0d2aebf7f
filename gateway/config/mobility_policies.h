// [home_agent] and [mobile_node] written out as policies: the entries of RFC 3776 5.2 and RFC 4877
// 6, 7.2 for each home address (MSEC-01..26, MDYN-01..08), and those that the rest of mobility
// needs. Pure.
#pragma once

#include <vector>

#include "gateway/config/mobility_config.h"
#include "net/selector.h"
#include "spd/policy.h"

namespace sallyport {

struct MobilityPolicy {
  Policy policy;
  MobilityPolicyFacts facts;
};

// In order of precedence: IKE, what is signalled (RFC 4877 7.2), then payload, and last what goes
// in the clear (MSEC-30, MN-12). `own`: addresses of ours that correspondents may register at.
[[nodiscard]] std::vector<MobilityPolicy> policies_of(const HomeAgentConfig& config,
                                                      const std::vector<Address>& own);
// Without a home address and a home agent only what does not depend on them.
[[nodiscard]] std::vector<MobilityPolicy> policies_of(const MobileNodeConfig& config);
// Of a correspondent: mobility messages to and from `own`.
[[nodiscard]] std::vector<MobilityPolicy> correspondent_policies(const std::vector<Address>& own,
                                                                 SpdId spd);

// True where the policy follows the care-of address, and matches nothing while the node is at home
// (MAPI-08).
[[nodiscard]] bool is_away_only(MobilityPart part) noexcept;
// True where packets of this kind must be encrypted (MSEC-31).
[[nodiscard]] bool needs_encryption(MobilityPart part) noexcept;

// The end of the IPv6 space: selectors name no groups but by a range that runs to it (SEL-02).
[[nodiscard]] AddressRange groups_and_link_local();
// What a peer may claim that is this node (RFC 4877 7.1; MDYN-09).
[[nodiscard]] std::vector<AddressRange> claims_of(const HomeNodeConfig& node);

}  // namespace sallyport
