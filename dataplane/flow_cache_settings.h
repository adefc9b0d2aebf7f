// How long workers remember what policy said. No DPDK here.
#pragma once

#include "base/clock.h"

namespace sallyport {

struct FlowCacheSettings {
  Duration life{std::chrono::minutes(5)};  // after which the SPD is asked again (SPD-07)
  // What was used within this time stays where it is: a new flow that finds no other place is not
  // remembered. 0: the new one always gets the place of the one that was not used for longer.
  Duration keep_active{std::chrono::seconds(1)};
  friend bool operator==(const FlowCacheSettings&, const FlowCacheSettings&) = default;
};

// What both can count: longer ones are as good as for ever.
inline constexpr Duration kLongestFlowLife = std::chrono::hours(24);
inline constexpr Duration kLongestKeepActive = std::chrono::minutes(10);

}  // namespace sallyport
