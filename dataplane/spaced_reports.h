// When control is told of something that packets show: of one and the same thing at most once a
// period, and of all things together at a bounded rate, whatever packets come.
#pragma once

#include <array>
#include <cstdint>

#include "base/rate_limit.h"

namespace sallyport {

// `place` spreads keys over a few places; two that share one may be told of more often.
template <class Key, std::size_t (*place)(const Key&)>
class SpacedReports {
 public:
  // In ticks of the caller's clock; all together: `per_second` on a clock of `hertz`.
  struct Pace {
    std::uint64_t period;
    std::uint32_t per_second;
    std::uint64_t hertz;
  };
  explicit SpacedReports(const Pace& pace) noexcept
      : period_(pace.period), rate_(RateLimit::per_second(pace.per_second, kAtOnce, pace.hertz)) {}

  [[nodiscard]] bool may_tell(const Key& key, std::uint64_t now) noexcept {
    Told& told = places_[place(key) % places_.size()];
    if (told.at != 0 && told.key == key && now - told.at < period_) return false;
    if (!rate_.allow(now)) return false;
    told = {key, now};
    return true;
  }

 private:
  static constexpr std::uint32_t kAtOnce = 100;
  struct Told {
    Key key;
    std::uint64_t at;  // 0: never
  };

  std::array<Told, 64> places_{};
  std::uint64_t period_;
  RateLimit rate_;
};

}  // namespace sallyport
