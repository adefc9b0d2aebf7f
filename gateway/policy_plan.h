// The policies that a configuration amounts to.
#pragma once

#include <vector>

#include "gateway/config/configuration.h"

namespace sallyport {

// The shipped entries of each SPD, then the operator's: what a gateway installs (ARCH-09).
[[nodiscard]] std::vector<Policy> plan_policies(const Configuration& configuration);

}  // namespace sallyport
