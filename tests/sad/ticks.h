// What a hot function costs.
#pragma once

#include <algorithm>
#include <cstdint>

namespace sallyport::test {

// Ticks a call of `work(i)`, best of 20 windows: the machine is shared.
template <class Work>
double ticks_per_call(Work work) {
  constexpr std::uint64_t kCalls = 1'000'000;
  double best = 1e9;
  std::uint64_t number = 1;
  for (int window = 0; window < 20; ++window) {
    const std::uint64_t begin = __builtin_ia32_rdtsc();
    for (std::uint64_t i = 0; i < kCalls; ++i) {
      work(number++);
      asm volatile("" ::: "memory");
    }
    best = std::min(best, static_cast<double>(__builtin_ia32_rdtsc() - begin) / kCalls);
  }
  return best;
}

}  // namespace sallyport::test
