// One message until it is answered: sent again and again, each time after twice the time before
// (RFC 6275 11.8; MN-03).
#pragma once

#include <optional>

#include "mip6/alarm.h"

namespace sallyport::mip6 {

class Retransmission {
 public:
  struct Pace {
    Duration first;
    Duration most;                      // then no longer doubled
    std::optional<unsigned> retries{};  // nullopt: without end
  };

  explicit Retransmission(Timers& timers) noexcept : alarm_(timers) {}

  // Sends at once. `give_up` comes where the last one has had its time as well. Both may stop,
  // start or destroy this.
  void start(const Pace& pace, std::function<void()> send, std::function<void()> give_up = {});
  void stop();
  [[nodiscard]] bool active() const noexcept { return alarm_.is_set(); }

 private:
  void wait();
  void time_out();

  Alarm alarm_;
  Pace pace_{};
  Duration wait_{};  // until the next
  std::function<void()> send_;
  std::function<void()> give_up_;
};

// How often a message of that pace is sent again until the longest wait is over.
[[nodiscard]] unsigned retries_until_slowest(Duration first, Duration most) noexcept;

}  // namespace sallyport::mip6
