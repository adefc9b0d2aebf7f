// A clock that stands still until a test moves it.
#pragma once

#include "base/clock.h"

namespace sallyport {

class ManualClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const noexcept override { return now_; }
  void advance(Duration by) noexcept { now_ += by; }

 private:
  Instant now_{std::chrono::hours{1}};
};

}  // namespace sallyport
