// The same bytes in every run: the generator splitmix64, started with a seed.
#pragma once

#include "base/random.h"

namespace sallyport {

class FixedRandom final : public Random {
 public:
  explicit FixedRandom(std::uint64_t seed = 1) noexcept : state_(seed) {}

  void fill(MutableBytes out) noexcept override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(next() >> 56);
  }
  // Uniform enough for tests: from 0 to `bound` - 1.
  [[nodiscard]] std::uint32_t below(std::uint32_t bound) noexcept {
    return static_cast<std::uint32_t>(next() >> 32) % bound;
  }

 private:
  std::uint64_t next() noexcept {
    std::uint64_t mixed = state_ += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
  }

  std::uint64_t state_;
};

}  // namespace sallyport
