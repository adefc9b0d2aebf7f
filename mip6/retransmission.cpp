#include "mip6/retransmission.h"

#include <algorithm>

namespace sallyport::mip6 {

void Retransmission::start(const Pace& pace, std::function<void()> send,
                           std::function<void()> give_up) {
  pace_ = pace;
  wait_ = pace.first;
  send_ = std::move(send);
  give_up_ = std::move(give_up);
  wait();
  const auto now = send_;  // it may start or destroy this
  now();
}

void Retransmission::stop() {
  alarm_.cancel();
  send_ = {};
  give_up_ = {};
}

void Retransmission::wait() {
  alarm_.set(wait_, [this] { time_out(); });
}

void Retransmission::time_out() {
  if (pace_.retries && *pace_.retries == 0) {
    const auto last = std::exchange(give_up_, {});
    stop();
    if (last) last();
    return;
  }
  if (pace_.retries) --*pace_.retries;
  wait_ = std::min(2 * wait_, pace_.most);
  wait();
  const auto again = send_;
  again();
}

unsigned retries_until_slowest(Duration first, Duration most) noexcept {
  unsigned retries = 0;
  for (Duration wait = std::max(first, Duration{1}); wait < most; wait *= 2) ++retries;
  return retries;
}

}  // namespace sallyport::mip6
