// The routes that a configuration amounts to: connected, local, static, and what is never
// forwarded.
#pragma once

#include <vector>

#include "dataplane/dataplane.h"
#include "dataplane/next_hop.h"
#include "gateway/config/configuration.h"

namespace sallyport {

// `ports` are open, in the configuration's order: their link addresses are known.
[[nodiscard]] std::vector<Route> plan_routes(const Configuration& configuration,
                                             const std::vector<PortStatus>& ports);

}  // namespace sallyport
