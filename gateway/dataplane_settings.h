// What a configuration asks of DPDK and of the data plane.
#pragma once

#include <string>
#include <vector>

#include "dataplane/dataplane.h"
#include "dataplane/eal.h"
#include "gateway/config/configuration.h"

namespace sallyport {

inline constexpr std::size_t kMostOwnBindings = 256;  // of a mobile node: one a correspondent

// Its tables have more room than the limits say: what is replaced by a reload goes only when what
// replaces it stands, and workers have read the last of it.
[[nodiscard]] DataplaneSettings dataplane_settings(const Configuration& configuration);
// `extra`: the operator's own arguments.
[[nodiscard]] EalSettings eal_settings(const Configuration& configuration,
                                       std::vector<std::string> extra);
// Megabytes of DPDK memory that the configuration needs.
[[nodiscard]] std::uint64_t memory_needed(const Configuration& configuration);

}  // namespace sallyport
