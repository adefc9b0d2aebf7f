// The timer wheel against the simplest model of one.
#include "base/timer_wheel.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

#include "tests/support/fixed_random.h"
#include "tests/support/manual_clock.h"

namespace sallyport::test::timer_wheel_test {
namespace {

using namespace std::chrono_literals;

struct Wheel {
  TimerId after(Duration delay, int mark) {
    return wheel.after(delay, [this, mark] { ran.push_back(mark); });
  }
  void pass(Duration time, Duration step = 10ms) {
    for (Duration gone{}; gone < time; gone += step) {
      clock.advance(step);
      wheel.advance();
    }
  }
  ManualClock clock;
  TimerWheel wheel{clock};
  std::vector<int> ran;
};

TEST_CASE("Timers run in order of time, none before it is due and none a step late") {
  Wheel w;
  w.after(300ms, 3);
  w.after(100ms, 1);
  w.after(200ms, 2);
  w.pass(90ms);
  CHECK(w.ran.empty());
  CHECK(w.wheel.size() == 3);
  w.pass(20ms);
  CHECK(w.ran == std::vector{1});
  w.pass(210ms);
  CHECK(w.ran == std::vector{1, 2, 3});
  CHECK(w.wheel.size() == 0);
}

TEST_CASE("Timers that one advance finds due run in order of time") {
  Wheel w;
  w.after(25s, 3);
  w.after(1s, 1);
  w.after(7s, 2);
  w.after(7s, 20);  // set later
  w.clock.advance(30s);
  w.wheel.advance();
  CHECK(w.ran == std::vector{1, 2, 20, 3});
}

TEST_CASE("Timers run in order of time after a stop that is longer than a turn, too") {
  Wheel w;
  w.after(50s, 2);
  w.after(10s, 1);
  w.after(3600s, 3);
  w.clock.advance(60s);
  w.wheel.advance();
  CHECK(w.ran == std::vector{1, 2});
  w.clock.advance(24h);
  w.wheel.advance();
  CHECK(w.ran == std::vector{1, 2, 3});
}

TEST_CASE("A timer that is cancelled does not run, and cancelling is harmless at any time") {
  Wheel w;
  const TimerId one = w.after(100ms, 1);
  const TimerId two = w.after(100ms, 2);
  CHECK(one != two);
  CHECK(one != kNoTimer);
  w.wheel.cancel(one);
  w.wheel.cancel(one);
  w.wheel.cancel(kNoTimer);
  CHECK(w.wheel.size() == 1);
  w.pass(200ms);
  CHECK(w.ran == std::vector{2});
  w.wheel.cancel(two);
}

TEST_CASE("A timer may cancel another that is due at the same time, and set itself again") {
  Wheel w;
  TimerId second = kNoTimer;
  w.wheel.after(100ms, [&] { w.wheel.cancel(second); });
  second = w.after(100ms, 2);
  w.pass(200ms);
  CHECK(w.ran.empty());

  unsigned rounds = 0;
  std::function<void()> again = [&] {
    if (++rounds < 10) w.wheel.after(Duration{0}, again);
  };
  w.wheel.after(Duration{0}, again);
  CHECK(rounds == 0);  // never within the call that sets it
  w.pass(500ms);
  CHECK(rounds == 10);
  w.wheel.after(-5s, again);
  w.pass(30ms);
  CHECK(rounds == 11);
}

TEST_CASE("What a timer sets during one advance runs in a later one") {
  Wheel w;
  unsigned runs = 0;
  std::function<void()> forever = [&] {
    ++runs;
    w.wheel.after(Duration{0}, forever);
  };
  w.wheel.after(Duration{0}, forever);
  w.clock.advance(10s);
  w.wheel.advance();
  CHECK(runs == 1);
}

TEST_CASE("Timers of hours wait for their turn") {
  Wheel w;
  w.after(8h, 2);
  w.after(5min, 1);
  w.pass(5min - 10ms);
  CHECK(w.ran.empty());
  w.pass(20ms);
  CHECK(w.ran == std::vector{1});
  w.pass(8h - 6min, 30s);
  CHECK(w.ran == std::vector{1});
  w.pass(2min, 30s);
  CHECK(w.ran == std::vector{1, 2});
}

TEST_CASE("Thousands of timers, set, cancelled and run as in a model") {
  FixedRandom random;
  Wheel w;
  struct Expected {
    Instant due;
    TimerId id;
  };
  std::map<int, Expected> model;
  std::vector<int> wrong;
  int next = 0;
  const auto settle = [&] {
    const std::vector<int> ran = std::exchange(w.ran, {});
    Instant latest{};
    for (const int mark : ran) {
      const auto found = model.find(mark);
      // It was there, is due, no later timer has run before it, and it is not more than a step
      // late.
      if (found == model.end() || found->second.due > w.clock.now() || found->second.due < latest)
        wrong.push_back(mark);
      if (found == model.end()) continue;
      latest = found->second.due;
      model.erase(found);
    }
    for (const auto& [mark, expected] : model)
      if (expected.due + TimerWheel::kStep < w.clock.now()) wrong.push_back(mark);
  };
  for (unsigned round = 0; round < 3000; ++round) {
    for (unsigned count = random.below(8); count > 0; --count) {
      const Duration delay = random.below(10) == 0
                                 ? std::chrono::milliseconds(random.below(200'000))
                                 : std::chrono::milliseconds(random.below(3000));
      model[next] = {w.clock.now() + delay, w.after(delay, next)};
      ++next;
    }
    for (unsigned count = random.below(6); count > 0 && !model.empty(); --count) {
      const auto victim =
          model.lower_bound(static_cast<int>(random.below(static_cast<unsigned>(next))));
      if (victim == model.end()) continue;
      w.wheel.cancel(victim->second.id);
      model.erase(victim);
    }
    w.clock.advance(std::chrono::microseconds(random.below(50'000)));
    w.wheel.advance();
    settle();
    if (w.wheel.size() != model.size()) wrong.push_back(-1);
  }
  CHECK(wrong.empty());
  CHECK(next > 8000);
  w.pass(201s);
  settle();
  CHECK(wrong.empty());
  CHECK(model.empty());
}

}  // namespace
}  // namespace sallyport::test::timer_wheel_test
