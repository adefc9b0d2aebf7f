// What changed between two configurations, as far as a reload must know.
#pragma once

#include "gateway/config/configuration.h"

namespace sallyport {

// Refuses differences that a running gateway cannot take over: ports, limits, workers, paths.
[[nodiscard]] Expected<void> check_without_restart(const Configuration& running,
                                                   const Configuration& next);

// Same SA in every parameter; how far it has counted does not matter.
[[nodiscard]] bool same_parameters(const Sa& left, const Sa& right);

}  // namespace sallyport
