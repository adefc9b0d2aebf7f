// Many timers, of which most are cancelled before they are due: setting, cancelling and running one
// take constant time, whatever their number.
#pragma once

#include <unordered_map>
#include <vector>

#include "base/timers.h"

namespace sallyport {

// Control thread.
class TimerWheel final : public Timers {
 public:
  explicit TimerWheel(const Clock& clock);

  TimerId after(Duration delay, std::function<void()> what) override;
  void cancel(TimerId timer) override { pending_.erase(timer.value); }
  // Runs what has become due, in order of time, none more than a step late.
  void advance();
  [[nodiscard]] std::size_t size() const noexcept { return pending_.size(); }

  static constexpr Duration kStep = std::chrono::milliseconds(10);

 private:
  struct Pending {
    Instant due;
    std::function<void()> what;
  };
  using Slot = std::vector<std::uint64_t>;

  [[nodiscard]] std::uint64_t step_of(Instant instant) const noexcept;
  void place(std::uint64_t timer, std::uint64_t step);
  void take_due(const Slot& timers, std::vector<std::pair<Instant, std::uint64_t>>& due);

  const Clock& clock_;
  Instant start_;
  std::uint64_t step_{};  // up to which all has run
  std::uint64_t last_{};  // timer given out
  std::vector<Slot> slots_;
  std::unordered_map<std::uint64_t, Pending> pending_;
};

}  // namespace sallyport
