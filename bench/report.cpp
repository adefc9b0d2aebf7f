#include "bench/report.h"

#include <fmt/format.h>
#include <rte_cycles.h>
#include <rte_eal.h>

#include <nlohmann/json.hpp>

#include "bench/machine.h"
#include "bench/spread_json.h"
#include "dataplane/crypto/ipsec_mb.h"

namespace sallyport::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, kVerbCount> kVerbNames{
    "receive",     "parse",       "route",        "find_sa",      "check_replay",
    "open",        "decapsulate", "forward",      "match_policy", "choose_sa",
    "encapsulate", "seal",        "route_sealed", "transmit",     "send"};

std::string_view order_name(Order order) {
  switch (order) {
    case Order::Sequential:
      return "sequential";
    case Order::Random:
      return "random";
    case Order::Zipf:
      break;
  }
  return "zipf";
}

double packets_per_second(const Measurement& measurement, const Machine& machine) {
  return static_cast<double>(machine.tsc_hz) / measurement.turn.median;
}

Json json_of(const std::array<double, kVerbCount>& verbs) {
  Json ticks = Json::object();
  for (std::size_t i = 0; i < kVerbCount; ++i)
    if (verbs[i] != 0) ticks[std::string(kVerbNames[i])] = std::round(verbs[i] * 10) / 10;
  return ticks;
}

Json json_of(const Measurement& measurement, const Machine& machine) {
  const double rate = packets_per_second(measurement, machine);
  return {
      {"direction", measurement.direction == Direction::Outbound ? "out" : "in"},
      {"algorithm", to_string(measurement.transform)},
      {"inner_bytes", measurement.size == kImix ? Json("imix") : Json(measurement.size)},
      {"mean_inner_bytes", measurement.mean_octets},
      {"sas", measurement.sas},
      {"policies", measurement.sas + measurement.other_policies},
      {"flows", measurement.flows},
      {"turn", json_of(measurement.turn)},
      {"port", json_of(measurement.port)},
      {"raw", measurement.raw ? json_of(*measurement.raw) : Json(nullptr)},
      {"turn_minus_port_minus_raw", measurement.own ? json_of(*measurement.own) : Json(nullptr)},
      {"packets_per_second", std::round(rate)},
      {"bits_per_second", std::round(rate * 8 * measurement.mean_octets)},
      {"verbs", measurement.verbs ? json_of(*measurement.verbs) : Json(nullptr)},
      {"flow_cache_hits", measurement.flow_hits}};
}

}  // namespace

Machine this_machine() {
  Machine machine{.processor = processor_name(),
                  .tsc_hz = rte_get_tsc_hz(),
                  .hugepages = rte_eal_has_hugepages() != 0,
                  .crypto_variant = "none"};
  if (const auto mb = open_ipsec_mb(VectorWidth::Wide)) machine.crypto_variant = variant(**mb);
  return machine;
}

std::string describe(const Machine& machine) {
  return fmt::format("{}, TSC {:.2f} GHz, IPsec-MB {}, {}", machine.processor,
                     static_cast<double>(machine.tsc_hz) / 1e9, machine.crypto_variant,
                     machine.hugepages ? "hugepages" : "no hugepages");
}

std::string heading() {
  return fmt::format("{:3} {:24} {:>5} {:>8} {:>8} | {:>6} {:>6} {:>6} {:>6} {:>6} | {:>6} {:>6}",
                     "dir", "algorithm", "bytes", "SAs", "policies", "turn", "+-", "port", "raw",
                     "own", "Mpps", "Gbit/s");
}

std::string row(const Measurement& measurement, const Machine& machine) {
  const Spread& turn = measurement.turn;
  const auto median = [](const std::optional<Spread>& spread) {
    return spread ? fmt::format("{:.0f}", spread->median) : std::string("-");
  };
  const double rate = packets_per_second(measurement, machine);
  std::string text = fmt::format(
      "{:3} {:24} {:>5} {:8} {:8} | {:6.0f} {:5.1f}% {:6.1f} {:>6} {:>6} | {:6.2f} {:6.2f}",
      measurement.direction == Direction::Outbound ? "out" : "in", to_string(measurement.transform),
      measurement.size == kImix ? "imix" : fmt::format("{}", measurement.size), measurement.sas,
      measurement.sas + measurement.other_policies, turn.median, turn.unrest(),
      measurement.port.median, median(measurement.raw), median(measurement.own), rate / 1e6,
      rate * 8 * measurement.mean_octets / 1e9);
  if (!measurement.verbs) return text;
  text += "\n   ";
  for (std::size_t i = 0; i < kVerbCount; ++i)
    if ((*measurement.verbs)[i] != 0)
      text += fmt::format(" {} {:.1f}", kVerbNames[i], (*measurement.verbs)[i]);
  return text;
}

std::string json_of(const Machine& machine, const CommandLine& line,
                    std::span<const Measurement> measurements) {
  Json results = Json::array();
  for (const Measurement& measurement : measurements)
    results.push_back(json_of(measurement, machine));
  const Json report{{"processor", machine.processor},
                    {"tsc_hz", machine.tsc_hz},
                    {"hugepages", machine.hugepages},
                    {"crypto_variant", machine.crypto_variant},
                    {"family", line.family == Family::V4 ? "ipv4" : "ipv6"},
                    {"order", order_name(line.order)},
                    {"burst", line.burst},
                    {"windows", line.windows},
                    {"unit", "TSC ticks per packet"},
                    {"results", results}};
  return report.dump(2) + "\n";
}

}  // namespace sallyport::bench
