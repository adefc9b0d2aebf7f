// One timer of an object's own: set anew it replaces the one before, and it dies with its owner.
#pragma once

#include <utility>

#include "base/timers.h"

namespace sallyport::mip6 {

class Alarm {
 public:
  explicit Alarm(Timers& timers) noexcept : timers_(timers) {}
  ~Alarm() { cancel(); }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  // `what` may set or destroy this.
  void set(Duration delay, std::function<void()> what) {
    cancel();
    timer_ = timers_.after(delay, [this, what = std::move(what)] {
      timer_ = kNoTimer;
      what();
    });
  }
  void cancel() {
    if (timer_ != kNoTimer) timers_.cancel(std::exchange(timer_, kNoTimer));
  }
  [[nodiscard]] bool is_set() const noexcept { return timer_ != kNoTimer; }

 private:
  Timers& timers_;
  TimerId timer_{kNoTimer};
};

}  // namespace sallyport::mip6
