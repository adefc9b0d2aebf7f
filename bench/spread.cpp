#include "bench/spread.h"

#include <algorithm>

namespace sallyport::bench {

Spread spread_of(std::vector<double> windows) {
  std::ranges::sort(windows);
  const auto at = [&](std::size_t percent) {
    return windows[(windows.size() - 1) * percent / 100];
  };
  return {.median = at(50), .low = at(10), .high = at(90)};
}

}  // namespace sallyport::bench
