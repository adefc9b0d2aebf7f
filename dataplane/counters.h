// Counters that one thread writes and any thread reads: no locked instructions.
#pragma once

#include <atomic>
#include <cstdint>

namespace sallyport {

class Counter {
 public:
  Counter() = default;
  // For containers, before any thread counts.
  Counter(const Counter& other) noexcept : value_(other.read()) {}
  Counter& operator=(const Counter&) = delete;

  void add(std::uint64_t count = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
  void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t read() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> value_{};
};

// Packets and octets.
struct TrafficCounter {
  Counter packets;
  Counter bytes;
};

// What one policy has decided about, as one worker saw it.
struct alignas(32) PolicyCounter {
  Counter packets;
  Counter bytes;
  Counter last;  // packet, in ticks of the workers' clock; 0: none
};

}  // namespace sallyport
