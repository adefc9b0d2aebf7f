// What sallyport-bench-policies prints and writes.
#pragma once

#include <span>
#include <string>

#include "bench/policy_costs.h"

namespace sallyport::bench {

struct PolicyMachine {
  std::string processor;
  double tsc_hz{};
  double cycles_per_tick{};  // of the core that the bench stays on
};
[[nodiscard]] PolicyMachine this_policy_machine();

[[nodiscard]] std::string describe(const PolicyMachine& machine);
[[nodiscard]] std::string policy_heading();
// A line for each delta.
[[nodiscard]] std::string rows(const SetCosts& costs);
[[nodiscard]] std::string json_of(const PolicyMachine& machine, std::span<const SetCosts> sets);

}  // namespace sallyport::bench
