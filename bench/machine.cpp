#include "bench/machine.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>
#include <x86intrin.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <thread>

namespace sallyport::bench {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(": ") + 2);
  return "unknown";
}

int last_core() { return static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)) - 1; }

void stay_on(int core, std::string_view program) {
  if (core < 0) core = last_core();
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  if (sched_setaffinity(0, sizeof cores, &cores) != 0)
    fmt::print(stderr, "{}: not pinned to core {}\n", program, core);
}

double tsc_hz() {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const std::uint64_t ticks = __rdtsc();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const std::uint64_t passed = __rdtsc() - ticks;
  return static_cast<double>(passed) / std::chrono::duration<double>(Clock::now() - start).count();
}

double core_cycles_per_tick() {
  constexpr int kRounds = 20;
  constexpr int kSteps = 20'000;
  constexpr double kCyclesOfProduct = 3.0;  // Intel's since Nehalem, AMD's since Zen
  std::uint64_t least = ~std::uint64_t{0};
  for (int round = 0; round < kRounds; ++round) {
    std::uint64_t product = 3;
    const std::uint64_t start = __rdtsc();
    // Each product waits for the one before it, and the loop goes on beside them. Additions would
    // not do: newer cores join several of a constant into one cycle.
    for (int i = 0; i < kSteps; ++i) asm volatile("imul %0, %0" : "+r"(product));
    least = std::min<std::uint64_t>(least, __rdtsc() - start);
  }
  return kCyclesOfProduct * kSteps / static_cast<double>(least);
}

}  // namespace sallyport::bench
