// What --check prints: what would run.
#pragma once

#include <string>

#include "gateway/config/configuration.h"

namespace sallyport {

[[nodiscard]] std::string check_report(const Configuration& configuration);

}  // namespace sallyport
