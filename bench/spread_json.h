// How a report's JSON says a spread.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "bench/spread.h"

namespace sallyport::bench {

[[nodiscard]] nlohmann::ordered_json json_of(const Spread& spread);

}  // namespace sallyport::bench
