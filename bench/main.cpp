// sallyport-bench: what a packet costs in the worker's own code, beside IPsec-MB alone.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "bench/command_line.h"
#include "bench/environment.h"
#include "bench/measurement.h"
#include "bench/program.h"
#include "bench/report.h"

namespace sallyport::bench {
namespace {

constexpr auto kProgram = "sallyport-bench";
constexpr std::uint32_t kStandardFlows = 1024;
constexpr std::uint64_t kMemoryToSpare = 64;  // megabytes

TunnelPair::Settings pair_settings(const CommandLine& line, Transform transform, std::uint32_t sas,
                                   std::uint32_t other_policies) {
  const std::uint32_t flows = line.flows != 0 ? line.flows : kStandardFlows;
  return {.family = line.family,
          .transform = transform,
          .sas = sas,
          .other_policies = other_policies,
          .flows = std::max(flows, sas)};
}

std::uint64_t memory_needed(const CommandLine& line) {
  const std::uint32_t sas = *std::ranges::max_element(line.sas);
  const std::uint32_t policies = *std::ranges::max_element(line.policies);
  return TunnelPair::memory_needed(pair_settings(line, line.transforms.front(), sas, policies)) +
         kMemoryToSpare;
}

Expected<void> measure_pair(const CommandLine& line, const TunnelPair::Settings& settings,
                            const Machine& machine, std::vector<Measurement>& found) {
  auto random = SystemRandom::open();
  if (!random) return std::unexpected(random.error());
  const auto pair = TunnelPair::open(settings, *random);
  if (!pair) return std::unexpected(pair.error());
  for (const Direction direction : line.directions) {
    for (const std::uint16_t size : line.sizes) {
      Course course(**pair, {.direction = direction,
                             .size = size,
                             .order = line.order,
                             .burst = line.burst,
                             .windows = line.windows,
                             .profile = line.profile});
      const auto measured = course.run();
      if (!measured) return std::unexpected(measured.error());
      fmt::print("{}\n", row(*measured, machine));
      std::fflush(stdout);
      found.push_back(*measured);
    }
  }
  return {};
}

Expected<void> measure_all(const CommandLine& line) {
  const Machine machine = this_machine();
  const auto* const packets = line.family == Family::V4 ? "IPv4 in IPv4" : "IPv6 in IPv6";
  fmt::print("{}; {}\n{}\n", describe(machine), packets, heading());
  std::vector<Measurement> found;
  for (const Transform transform : line.transforms)
    for (const std::uint32_t sas : line.sas)
      for (const std::uint32_t policies : line.policies)
        if (auto done =
                measure_pair(line, pair_settings(line, transform, sas, policies), machine, found);
            !done)
          return done;
  return write_report(line.json, json_of(machine, line, found));
}

Expected<void> run(const CommandLine& line) {
  const auto environment = Environment::start({.program = kProgram,
                                               .megabytes = memory_needed(line),
                                               .no_hugepages = line.no_hugepages,
                                               .core = line.core});
  if (!environment) return std::unexpected(environment.error());
  return measure_all(line);
}

}  // namespace
}  // namespace sallyport::bench

int main(int argc, char** argv) {
  using namespace sallyport::bench;
  return run_program(kProgram, read_command_line(argc, argv), usage(), run);
}
