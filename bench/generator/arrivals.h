// What comes back in a trial: how much, in which order, and how long it took.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/types.h"
#include "bench/generator/latencies.h"
#include "bench/generator/stamp.h"
#include "net/packet_summary.h"

namespace sallyport::bench {

class Arrivals {
 public:
  explicit Arrivals(std::uint32_t trial);

  // A packet that went out: ESP that comes back says no more than which one it is.
  void note_sent(const Stamp& stamp) noexcept {
    sent_at_[stamp.number % sent_at_.size()] = stamp.sent_at;
  }
  // An IP packet that arrived at tick `now`. What is not of this trial, or is not test traffic at
  // all, does not count.
  void note(ByteView datagram, std::uint64_t now) noexcept;

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  // Packets that came behind a later one.
  [[nodiscard]] std::uint64_t out_of_order() const noexcept { return out_of_order_; }
  // In ticks. Of ESP only where all of it was of one SA and began with the first packet; who asks
  // knows whether any was lost, since the numbers of an SA have no gap for what never reached it.
  [[nodiscard]] const Latencies* latencies() const noexcept {
    return several_sas_ ? nullptr : &latencies_;
  }
  [[nodiscard]] bool encrypted() const noexcept { return spi_.has_value(); }

 private:
  void count(std::uint64_t number, std::uint64_t sent_at, std::uint64_t now) noexcept;
  void note_esp(const std::uint8_t* esp, std::uint64_t now) noexcept;

  std::uint32_t trial_;
  std::uint64_t count_{};
  std::uint64_t out_of_order_{};
  std::uint64_t next_{};  // more than the highest number that came
  Latencies latencies_;
  std::optional<Spi> spi_;
  std::uint32_t first_sequence_{};
  bool several_sas_{};
  std::vector<std::uint64_t> sent_at_;  // by number, the latest ones
};

}  // namespace sallyport::bench
