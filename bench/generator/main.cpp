// sallyport-generator: what a gateway carries without loss, and how long packets take through it.

#include <fmt/format.h>
#include <rte_lcore.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "bench/generator/command_line.h"
#include "bench/generator/report.h"
#include "bench/generator/search.h"
#include "bench/generator/trial.h"
#include "bench/machine.h"
#include "bench/program.h"
#include "dataplane/buffer_pool.h"
#include "dataplane/eal.h"
#include "dataplane/pci_address.h"

namespace sallyport::bench {
namespace {

constexpr auto kProgram = "sallyport-generator";
constexpr std::uint64_t kMegabytes = 512;
constexpr unsigned kBuffers = 32'767;
constexpr unsigned kPoolCache = 256;
constexpr std::uint16_t kMtu = 9000;
constexpr std::uint16_t kBufferBytes = kMtu + 512;
constexpr std::uint16_t kDescriptors = 4096;
constexpr Seconds kFlood{1};
constexpr double kOffered = 0.98;  // of the packets that were due, for a trial to say anything
constexpr double kLeastFlood = 1000;

Expected<std::unique_ptr<Port>> open_port(std::uint16_t number, const std::string& device,
                                          const MacAddress& mac, rte_mempool* pool) {
  PortSettings settings;
  settings.name = number == 0 ? "send" : "receive";
  settings.device = device;
  settings.mac = mac;
  settings.mtu = kMtu;
  return Port::open(PortId{number}, std::move(settings), {.count = 1, .descriptors = kDescriptors},
                    pool);
}

Frames::Settings frame_settings(const GeneratorLine& line, std::uint16_t size) {
  return {.size = size,
          .from = line.from,
          .to = line.to,
          .destinations = line.destinations,
          .flows = line.flows,
          .source = line.source,
          .gateway = line.gateway};
}

double throughput(const Ends& ends, const Frames& frames, const GeneratorLine& line,
                  double flooded) {
  double offered = 0;  // by the best trial that passed: a little less than was due
  const auto passes = [&](double rate) {
    const Outcome outcome =
        run_trial(ends, frames, {.rate = rate, .time = line.time, .burst = line.burst});
    const bool passed = outcome.received != 0 && outcome.loss() <= line.tolerated &&
                        outcome.offered_rate() >= kOffered * rate;
    if (passed) offered = std::max(offered, outcome.offered_rate());
    return passed;
  };
  const double rate = highest_passing_rate(
      {.first = flooded, .resolution = line.resolution, .attempts = line.attempts}, passes);
  return std::min(rate, offered);
}

Expected<Finding> find_out(const Ends& ends, const GeneratorLine& line, std::uint16_t size) {
  const auto frames = Frames::make(frame_settings(line, size));
  if (!frames) return std::unexpected(frames.error());
  Finding finding{.size = size, .loads = {}};
  finding.flooded =
      run_trial(ends, *frames, {.rate = {}, .time = kFlood, .burst = line.burst}).received_rate();
  if (finding.flooded < kLeastFlood)
    return fail(Error::Code::Io, fmt::format("of {} octets hardly anything comes back", size),
                "see the drops of the gateway, and that --gateway-mac and --sink-mac are right");
  finding.throughput = line.rate ? *line.rate : throughput(ends, *frames, line, finding.flooded);
  for (const unsigned load : line.loads) {
    const double rate = finding.throughput * load / 100;
    if (rate > 0)
      finding.loads.push_back(
          {load, run_trial(ends, *frames, {.rate = rate, .time = line.time, .burst = line.burst})});
  }
  return finding;
}

Expected<void> measure(const GeneratorLine& line) {
  const auto buffers = make_buffer_pool("generator", {.buffers = kBuffers,
                                                      .room = kBufferBytes,
                                                      .worker_cache = kPoolCache,
                                                      .remedy = "free memory"});
  if (!buffers) return std::unexpected(buffers.error());
  rte_mempool* const pool = buffers->get();
  const auto out = open_port(0, line.send, line.source, pool);
  if (!out) return std::unexpected(out.error());
  Expected<std::unique_ptr<Port>> in;
  if (line.receive != line.send) in = open_port(1, line.receive, line.sink, pool);
  if (!in) return std::unexpected(in.error());
  const Ends ends{**out, *in == nullptr ? **out : **in, pool};
  fmt::print("{}\n", findings_heading());
  std::vector<Finding> findings;
  for (const std::uint16_t size : line.sizes) {
    const auto finding = find_out(ends, line, size);
    if (!finding) return std::unexpected(finding.error());
    fmt::print("{}\n", text_of(*finding));
    std::fflush(stdout);
    findings.push_back(*finding);
  }
  return write_report(line.json, json_of(line, findings));
}

Expected<void> run(const GeneratorLine& line) {
  EalSettings settings{.file_prefix = fmt::format("{}-{}", kProgram, getpid()),
                       .memory_megabytes = kMegabytes,
                       .hugepages = line.no_hugepages ? Hugepages::No : Hugepages::Auto};
  for (const std::string& device : {line.send, line.receive})
    if (const auto pci = pci_address(device)) settings.pci.push_back(*pci);
  const auto eal = Eal::start(settings);
  if (!eal) return std::unexpected(eal.error());
  stay_on(line.core, kProgram);
  return measure(line);
}

}  // namespace
}  // namespace sallyport::bench

int main(int argc, char** argv) {
  using namespace sallyport::bench;
  return run_program(kProgram, read_generator_line(argc, argv), generator_usage(), run);
}
