// A figure of many windows: the machine is never quiet.
#pragma once

#include <vector>

namespace sallyport::bench {

struct Spread {
  double median{};
  double low{};   // tenth percentile
  double high{};  // ninetieth

  // Half of the way from `low` to `high`, per cent of the median.
  [[nodiscard]] double unrest() const noexcept { return 50 * (high - low) / median; }
};

// Of one window at least.
[[nodiscard]] Spread spread_of(std::vector<double> windows);

}  // namespace sallyport::bench
