// A token bucket that one thread asks: so many at once, so many a second.
#pragma once

#include <cstdint>

namespace sallyport {

class RateLimit {
 public:
  RateLimit() = default;
  // `burst` at once, refilled at one per `ticks_per_token` ticks of the caller's clock (> 0).
  RateLimit(std::uint32_t burst, std::uint64_t ticks_per_token) noexcept
      : burst_(burst), tokens_(burst), ticks_per_token_(ticks_per_token) {}

  // At most `rate` a second and `burst` at once on a clock of `hertz`; a rate of 0 allows nothing.
  [[nodiscard]] static RateLimit per_second(std::uint32_t rate, std::uint32_t burst,
                                            std::uint64_t hertz) noexcept {
    return rate == 0 ? RateLimit{} : RateLimit{burst, hertz / rate};
  }

  [[nodiscard]] bool allow(std::uint64_t now) noexcept {
    if (now - filled_ >= ticks_per_token_) refill(now);
    if (tokens_ == 0) return false;
    --tokens_;
    return true;
  }

 private:
  void refill(std::uint64_t now) noexcept {
    const std::uint64_t elapsed = now - filled_;
    if (elapsed >= ticks_per_token_ * burst_) {
      tokens_ = burst_;
      filled_ = now;
      return;
    }
    while (now - filled_ >= ticks_per_token_) {
      filled_ += ticks_per_token_;
      if (tokens_ < burst_) ++tokens_;
    }
  }

  std::uint32_t burst_{};
  std::uint32_t tokens_{};
  std::uint64_t ticks_per_token_{1};
  std::uint64_t filled_{};
};

}  // namespace sallyport
