#include "bench/generator/report.h"

#include <fmt/format.h>
#include <rte_cycles.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "bench/machine.h"

namespace sallyport::bench {
namespace {

using Json = nlohmann::ordered_json;

struct NamedShare {
  const char* name;
  double share;
};
constexpr NamedShare kShares[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};

double microseconds(std::uint64_t ticks) {
  return static_cast<double>(ticks) * 1e6 / static_cast<double>(rte_get_tsc_hz());
}

double rounded(double value) { return std::round(value * 10) / 10; }

Json json_of(const Latencies& latencies) {
  Json found = Json::object();
  for (const auto& [name, share] : kShares)
    found[name] = rounded(microseconds(latencies.quantile(share)));
  found["most"] = rounded(microseconds(latencies.most()));
  return found;
}

Json json_of(const Finding::Load& load) {
  const Outcome& outcome = load.outcome;
  return {
      {"per_cent", load.per_cent},
      {"offered_per_second", std::round(outcome.offered_rate())},
      {"received_per_second", std::round(outcome.received_rate())},
      {"sent", outcome.sent},
      {"refused", outcome.refused},
      {"skipped", outcome.skipped},
      {"received", outcome.received},
      {"out_of_order", outcome.out_of_order},
      {"loss", outcome.loss()},
      {"latency_microseconds", outcome.latencies ? json_of(*outcome.latencies) : Json(nullptr)}};
}

Json json_of(const Finding& finding) {
  Json loads = Json::array();
  for (const Finding::Load& load : finding.loads) loads.push_back(json_of(load));
  return {{"bytes", finding.size},
          {"flooded_per_second", std::round(finding.flooded)},
          {"throughput_per_second", std::round(finding.throughput)},
          {"throughput_bits_per_second", std::round(finding.throughput * 8 * finding.size)},
          {"loads", loads}};
}

std::string text_of(const Finding::Load& load) {
  std::string text = fmt::format("\n{:>10} %: {:9.0f} pps, loss {:.4f} %", load.per_cent,
                                 load.outcome.offered_rate(), 100 * load.outcome.loss());
  if (!load.outcome.latencies) return text + ", no latencies";
  for (const auto& [name, share] : kShares)
    text += fmt::format(", {} {:.1f}", name, microseconds(load.outcome.latencies->quantile(share)));
  return text + fmt::format(", most {:.1f} us", microseconds(load.outcome.latencies->most()));
}

}  // namespace

std::string findings_heading() {
  return fmt::format("{:>6} {:>12} {:>12} {:>8}", "bytes", "flooded pps", "through pps", "Gbit/s");
}

std::string text_of(const Finding& finding) {
  std::string text = fmt::format("{:6} {:12.0f} {:12.0f} {:8.2f}", finding.size, finding.flooded,
                                 finding.throughput, finding.throughput * 8 * finding.size / 1e9);
  for (const Finding::Load& load : finding.loads) text += text_of(load);
  return text;
}

std::string json_of(const GeneratorLine& line, const std::vector<Finding>& findings) {
  Json results = Json::array();
  for (const Finding& finding : findings) results.push_back(json_of(finding));
  const Json report{{"processor", processor_name()}, {"tsc_hz", rte_get_tsc_hz()},
                    {"flows", line.flows},           {"destinations", line.destinations},
                    {"seconds", line.time.count()},  {"tolerated_loss", line.tolerated},
                    {"attempts", line.attempts},     {"results", results}};
  return report.dump(2) + "\n";
}

}  // namespace sallyport::bench
