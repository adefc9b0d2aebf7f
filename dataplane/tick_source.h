// The workers' clock: the time-stamp counter, or in tests a clock that they move.
#pragma once

#include <rte_cycles.h>

#include "base/clock.h"

namespace sallyport {

class TickSource {
 public:
  // Null: the time-stamp counter.
  explicit TickSource(const Clock* clock = nullptr) noexcept : clock_(clock) {}

  [[nodiscard]] std::uint64_t now() const noexcept {
    return clock_ == nullptr ? rte_rdtsc()
                             : static_cast<std::uint64_t>(clock_->now().time_since_epoch().count());
  }
  [[nodiscard]] std::uint64_t per_second() const noexcept {
    return clock_ == nullptr ? rte_get_tsc_hz() : std::uint64_t{Duration::period::den};
  }

 private:
  const Clock* clock_;
};

}  // namespace sallyport
