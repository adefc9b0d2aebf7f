#include "bench/policy_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "bench/machine.h"
#include "bench/spread_json.h"

namespace sallyport::bench {
namespace {

using Json = nlohmann::ordered_json;

double mebibytes(std::size_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

std::string_view to_string(SetOrder order) {
  return order == SetOrder::NarrowFirst ? "narrow-first" : "as-drawn";
}

Json json_of(const MatchCosts& costs) {
  return {{"delta", costs.delta},
          {"match_aimed_ticks", json_of(costs.aimed)},
          {"match_stray_ticks", json_of(costs.stray)},
          {"edit_ms", json_of(costs.edit)},
          {"own_bytes", costs.own_bytes},
          {"shared_bytes", costs.shared_bytes}};
}

Json json_of(const SetCosts& costs) {
  Json matching = Json::array();
  for (const MatchCosts& each : costs.matching) matching.push_back(json_of(each));
  return {{"shape", bench::to_string(costs.set.shape)},
          {"order", to_string(costs.set.order)},
          {"policies", costs.set.size},
          {"build_ms", costs.build},
          {"spd_change_ms", json_of(costs.change)},
          {"spd_reload_tenth_ms", json_of(costs.reload)},
          {"by_delta", matching}};
}

}  // namespace

PolicyMachine this_policy_machine() {
  return {
      .processor = processor_name(), .tsc_hz = tsc_hz(), .cycles_per_tick = core_cycles_per_tick()};
}

std::string describe(const PolicyMachine& machine) {
  return fmt::format("{}, TSC {:.2f} GHz, {:.2f} cycles of this core a tick", machine.processor,
                     machine.tsc_hz / 1e9, machine.cycles_per_tick);
}

std::string policy_heading() {
  return fmt::format("{:6} {:>8} {:>6} | {:>6} {:>6} {:>6} {:>6} | {:>8} {:>8} {:>8} {:>8} | {:>6}",
                     "set", "policies", "delta", "aimed", "+-", "stray", "+-", "edit, ms", "build",
                     "change", "reload", "MiB");
}

std::string rows(const SetCosts& costs) {
  std::string text;
  for (const MatchCosts& each : costs.matching)
    text += fmt::format(
        "{:6} {:8} {:6} | {:6.0f} {:5.1f}% {:6.0f} {:5.1f}% | {:8.2f} {:8.1f} {:8.2f} {:8.1f} | "
        "{:6.1f}\n",
        bench::to_string(costs.set.shape), costs.set.size, each.delta, each.aimed.median,
        each.aimed.unrest(), each.stray.median, each.stray.unrest(), each.edit.median, costs.build,
        costs.change.median, costs.reload.median, mebibytes(each.own_bytes + each.shared_bytes));
  return text;
}

std::string json_of(const PolicyMachine& machine, std::span<const SetCosts> sets) {
  Json results = Json::array();
  for (const SetCosts& each : sets) results.push_back(json_of(each));
  const Json report{{"processor", machine.processor},
                    {"tsc_hz", machine.tsc_hz},
                    {"core_cycles_per_tick", machine.cycles_per_tick},
                    {"unit", "TSC ticks per match, milliseconds, octets"},
                    {"results", results}};
  return report.dump(2) + "\n";
}

}  // namespace sallyport::bench
