// What the bench prints and writes.
#pragma once

#include <span>
#include <string>

#include "bench/measurement.h"

namespace sallyport::bench {

struct Machine {
  std::string processor;
  std::uint64_t tsc_hz{};
  bool hugepages{};
  std::string crypto_variant;
};
[[nodiscard]] Machine this_machine();

[[nodiscard]] std::string describe(const Machine& machine);
[[nodiscard]] std::string heading();
[[nodiscard]] std::string row(const Measurement& measurement, const Machine& machine);
[[nodiscard]] std::string json_of(const Machine& machine, const CommandLine& line,
                                  std::span<const Measurement> measurements);

}  // namespace sallyport::bench
