// When packets are due at a constant rate.
#pragma once

#include <algorithm>
#include <cstdint>

namespace sallyport::bench {

class Pace {
 public:
  // `rate` packets a second, of which there are `ticks_per_second`, from the tick `start` on. Who
  // comes late catches up with what was due in the last `most_behind` packets and no more: what a
  // stalled machine missed is not sent as one burst.
  Pace(double rate, double ticks_per_second, std::uint64_t start,
       std::uint64_t most_behind) noexcept
      : packets_per_tick_(rate / ticks_per_second), start_(start), most_behind_(most_behind) {}

  // Packets to send at tick `now`, `most` at a time.
  [[nodiscard]] unsigned due(std::uint64_t now, unsigned most) noexcept {
    const auto total =
        static_cast<std::uint64_t>(static_cast<double>(now - start_) * packets_per_tick_);
    if (total - sent_ > most_behind_) {
      skipped_ += total - sent_ - most_behind_;
      sent_ = total - most_behind_;
    }
    const auto count = static_cast<unsigned>(std::min<std::uint64_t>(total - sent_, most));
    sent_ += count;
    return count;
  }
  // Packets that were due and never will be sent.
  [[nodiscard]] std::uint64_t skipped() const noexcept { return skipped_; }

 private:
  double packets_per_tick_;
  std::uint64_t start_;
  std::uint64_t most_behind_;
  std::uint64_t sent_{};  // or skipped
  std::uint64_t skipped_{};
};

}  // namespace sallyport::bench
