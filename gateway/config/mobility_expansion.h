// Writes [home_agent], [mobile_node] and [correspondent] out into the policies of a configuration
// that is being read, and checks them as a whole.
#pragma once

#include "gateway/config/loading.h"
#include "gateway/config/mobility_policies.h"

namespace sallyport {

// Those that mobility is written out into, as the configuration has its addresses now.
[[nodiscard]] std::vector<MobilityPolicy> mobility_policies_of(const Configuration& configuration);

// Puts the policies before the operator's own, whose names they may not have.
void expand_mobility(Loading& loading);
// Peers that are mobile nodes, or the home agent of ours, may claim what is theirs and move as RFC
// 4877 7.1, 7.4 say, where the operator has not said otherwise.
void fill_in_mobile_peers(Loading& loading);
// MSEC-31, MSEC-33, MDYN-09.
void check_mobility(Loading& loading);

}  // namespace sallyport
