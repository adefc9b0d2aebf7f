#include "bench/generator/latencies.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sallyport::bench {

// Small values have a place each; of larger ones the highest set bit and the five bits behind it
// say which.
unsigned Latencies::place_of(std::uint64_t value) noexcept {
  if (value < kSteps) return static_cast<unsigned>(value);
  const auto shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kStepBits;
  return (shift << kStepBits) + static_cast<unsigned>(value >> shift);
}

std::uint64_t Latencies::last_of(unsigned place) noexcept {
  if (place < 2 * kSteps) return place;
  const unsigned shift = (place >> kStepBits) - 1;
  const std::uint64_t step = (place & (kSteps - 1)) | kSteps;
  return ((step + 1) << shift) - 1;
}

void Latencies::add(std::uint64_t value) noexcept {
  ++places_[place_of(value)];
  ++count_;
  most_ = std::max(most_, value);
}

std::uint64_t Latencies::quantile(double share) const noexcept {
  const auto wanted = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
  std::uint64_t seen = 0;
  for (unsigned place = 0; place < kPlaces; ++place) {
    seen += places_[place];
    if (seen >= wanted) return std::min(last_of(place), most_);
  }
  return most_;
}

}  // namespace sallyport::bench
