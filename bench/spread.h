// A figure of many windows: the machine is never quiet.
#pragma once

#include <vector>

namespace sallyport::bench {

struct Spread {
  double median{};
  double low{};   // tenth percentile
  double high{};  // ninetieth
};

// Of one window at least.
[[nodiscard]] Spread spread_of(std::vector<double> windows);

}  // namespace sallyport::bench
