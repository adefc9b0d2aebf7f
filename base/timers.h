// What is to happen later, asked for by those who know no event loop.
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/types.h"

namespace sallyport {

using TimerId = Strong<struct TimerIdTag, std::uint64_t>;
inline constexpr TimerId kNoTimer{0};

class Timers {
 public:
  virtual ~Timers() = default;
  virtual TimerId after(Duration delay, std::function<void()> what) = 0;
  // Without effect where it has run or been cancelled.
  virtual void cancel(TimerId timer) = 0;
};

}  // namespace sallyport
