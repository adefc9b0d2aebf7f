// Throughput as RFC 2544 26.1 means it: the highest rate that passes.
#pragma once

#include <functional>

namespace sallyport::bench {

struct SearchSettings {
  double first{};           // tried first; more while that passes, less while nothing does
  double resolution{0.02};  // of the result, as a share of it
  unsigned attempts{1};     // a rate passes where one of so many trials does
};

// By doubling and halving: the highest rate found for which `passes(rate)`; 0 where none did down
// to a thousandth of the first.
[[nodiscard]] double highest_passing_rate(const SearchSettings& settings,
                                          const std::function<bool(double)>& passes);

}  // namespace sallyport::bench
