#include "base/timer_wheel.h"

#include <algorithm>
#include <utility>

namespace sallyport {
namespace {

// One turn is 41 s: what is due later stays in its slot for another turn.
constexpr std::size_t kSlots = 4096;

}  // namespace

TimerWheel::TimerWheel(const Clock& clock) : clock_(clock), start_(clock.now()), slots_(kSlots) {}

std::uint64_t TimerWheel::step_of(Instant instant) const noexcept {
  if (instant <= start_) return 0;
  return static_cast<std::uint64_t>((instant - start_) / kStep);
}

void TimerWheel::place(std::uint64_t timer, std::uint64_t step) {
  slots_[step % kSlots].push_back(timer);
}

TimerId TimerWheel::after(Duration delay, std::function<void()> what) {
  const Instant due = clock_.now() + std::max(delay, Duration{0});
  const std::uint64_t timer = ++last_;
  pending_.emplace(timer, Pending{due, std::move(what)});
  // Never in a step that has run already.
  place(timer, std::max(step_of(due) + 1, step_ + 1));
  return {timer};
}

void TimerWheel::advance() {
  const std::uint64_t now = step_of(clock_.now());
  // After a long stop every slot is looked at once, not once for every turn that was missed.
  if (now - step_ > kSlots) step_ = now - kSlots;
  std::vector<std::pair<Instant, std::uint64_t>> due;
  while (step_ < now) {
    ++step_;
    take_due(std::exchange(slots_[step_ % kSlots], {}), due);
  }
  std::ranges::sort(due);
  for (const auto& [when, timer] : due) {
    const auto found = pending_.find(timer);  // one that ran before may have cancelled it
    if (found == pending_.end()) continue;
    const std::function<void()> what = std::move(found->second.what);
    pending_.erase(found);
    what();
  }
}

void TimerWheel::take_due(const Slot& timers, std::vector<std::pair<Instant, std::uint64_t>>& due) {
  const Instant now = clock_.now();
  for (const std::uint64_t timer : timers) {
    const auto found = pending_.find(timer);
    if (found == pending_.end()) continue;
    if (found->second.due <= now)
      due.emplace_back(found->second.due, timer);
    else
      place(timer, std::max(step_of(found->second.due) + 1, step_ + 1));
  }
}

}  // namespace sallyport
