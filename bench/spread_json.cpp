#include "bench/spread_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace sallyport::bench {

nlohmann::ordered_json json_of(const Spread& spread) {
  const auto rounded = [](double value) { return std::round(value * 10) / 10; };
  return {{"median", rounded(spread.median)},
          {"p10", rounded(spread.low)},
          {"p90", rounded(spread.high)}};
}

}  // namespace sallyport::bench
