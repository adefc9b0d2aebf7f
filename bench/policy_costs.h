// What policy sets cost: to ask, to build, to change, to keep. Milliseconds are of processor time.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bench/selector_set.h"
#include "bench/spread.h"

namespace sallyport::bench {

// Of a matcher with that many selectors in its delta.
struct MatchCosts {
  std::uint32_t delta{};
  Spread aimed{};  // TSC ticks a match, of packets that some entry was made for
  Spread stray{};  // of packets between any two hosts
  Spread edit{};   // milliseconds of a move and the view after it
  std::size_t own_bytes{};
  std::size_t shared_bytes{};  // by all views of one base
};

struct SetCosts {
  SelectorSet::Settings set;
  double build{};                    // milliseconds of one replace() and the first view
  std::vector<MatchCosts> matching;  // by delta, rising
  // Milliseconds until there is a new snapshot of a whole Spd.
  Spread change{};  // one policy put into the middle
  Spread reload{};  // of a list of which every tenth policy has changed
};

// With several deltas where the set is large enough to have a base.
[[nodiscard]] SetCosts measure(const SelectorSet::Settings& settings, unsigned windows);

}  // namespace sallyport::bench
