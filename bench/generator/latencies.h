// Latencies in bounded memory: counts of values that differ by no more than a thirty-second.
#pragma once

#include <array>
#include <cstdint>

namespace sallyport::bench {

class Latencies {
 public:
  // Of any unit; the caller's is what quantile() and most() speak.
  void add(std::uint64_t value) noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  // The value that a share of `share` (0 to 1) of all do not exceed, up to one thirty-second more
  // than it; 0 where there are none.
  [[nodiscard]] std::uint64_t quantile(double share) const noexcept;
  [[nodiscard]] std::uint64_t most() const noexcept { return most_; }

 private:
  static constexpr unsigned kStepBits = 5;  // 32 steps from one power of two to the next
  static constexpr unsigned kSteps = 1u << kStepBits;
  static constexpr unsigned kPlaces = (64 - kStepBits + 1) * kSteps;

  [[nodiscard]] static unsigned place_of(std::uint64_t value) noexcept;
  [[nodiscard]] static std::uint64_t last_of(unsigned place) noexcept;

  std::array<std::uint64_t, kPlaces> places_{};
  std::uint64_t count_{};
  std::uint64_t most_{};
};

}  // namespace sallyport::bench
