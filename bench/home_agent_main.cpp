// sallyport-bench-home-agent: what a home agent's nodes cost it, when they register, when they move
// by the hundred, and while they are served.

#include <fmt/format.h>
#include <rte_cycles.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "bench/environment.h"
#include "bench/home_agent_costs.h"
#include "bench/machine.h"
#include "bench/program.h"
#include "bench/report.h"
#include "bench/spread_json.h"

namespace sallyport::bench {
namespace {

namespace options = boost::program_options;
using Json = nlohmann::ordered_json;

constexpr auto kProgram = "sallyport-bench-home-agent";
constexpr std::uint64_t kMemoryToSpare = 128;  // megabytes
constexpr std::uint16_t kLeastOctets = 48, kMostOctets = 1400;

struct Line {
  HomeAgentCourse course;
  int core{};
  std::string json;
  bool no_hugepages{};
  bool help{};
};

options::options_description description() {
  const auto number = [](unsigned standard) {
    return options::value<unsigned>()->default_value(standard);
  };
  const auto real = [](double standard) {
    return options::value<double>()->default_value(standard);
  };
  const auto core = [](int standard) { return options::value<int>()->default_value(standard); };
  const auto text = [](const char* standard) {
    return options::value<std::string>()->default_value(standard);
  };
  options::options_description all(kProgram);
  all.add_options()("bindings", number(100'000), "nodes, each with its pair of tunnel SAs")(
      "algorithm", text("aes128-gcm16"), "aes128-gcm16 or aes256-gcm16")(
      "protection", text("everything"),
      "payload: four policies and two pairs of SAs a node; everything: five and three")(
      "rounds", number(3), "of refreshes and of moves, of which the middle one counts")(
      "octets", number(64), "of inner packets")("windows", number(20),
                                                "measurements to take the median of")(
      "share", real(0.1), "of the nodes, which move in the storm")("seconds", real(10),
                                                                   "that the storm lasts")(
      "core", core(-1), "of the worker; -1: the last core")("control-core", core(0),
                                                            "of control, in the storm")(
      "json", text(""), "file to write the figures to")("no-hugepages", "run without them")(
      "no-plain", "without plain tunnels to compare with")("help", "this text");
  return all;
}

Expected<HomeProtection> protection_of(const std::string& name) {
  if (name == "payload") return HomeProtection::Payload;
  if (name == "everything") return HomeProtection::Everything;
  return fail(Error::Code::Invalid, fmt::format("no --protection \"{}\"", name),
              "payload or everything");
}

Expected<Line> read_line(int argc, char** argv) {
  const auto parsed = parse_options(argc, argv, description());
  if (!parsed) return std::unexpected(parsed.error());
  const options::variables_map& given = *parsed;
  Line line;
  HomeAgentCourse& course = line.course;
  std::optional<Error> error;
  keep(parse_transform(given["algorithm"].as<std::string>()), course.gateway.transform, error);
  keep(protection_of(given["protection"].as<std::string>()), course.gateway.protection, error);
  if (error) return std::unexpected(*error);
  course.gateway.nodes = given["bindings"].as<unsigned>();
  course.rounds = given["rounds"].as<unsigned>();
  course.windows = given["windows"].as<unsigned>();
  course.plain = !given.contains("no-plain");
  const unsigned octets = given["octets"].as<unsigned>();
  course.storm.octets = static_cast<std::uint16_t>(octets);
  course.storm.share = given["share"].as<double>();
  course.storm.seconds = given["seconds"].as<double>();
  course.storm.control_core = given["control-core"].as<int>();
  line.core = given["core"].as<int>();
  line.json = given["json"].as<std::string>();
  line.no_hugepages = given.contains("no-hugepages");
  line.help = given.contains("help");
  if (facts(course.gateway.transform.cipher).salt_bytes != 4 ||
      icv_bytes(course.gateway.transform) != 16)
    return fail(Error::Code::Invalid, "no such --algorithm", "aes128-gcm16 or aes256-gcm16");
  if (course.gateway.nodes == 0 || course.gateway.nodes > kMostNodes)
    return fail(Error::Code::Invalid, "no such --bindings", fmt::format("1 to {}", kMostNodes));
  if (octets < kLeastOctets || octets > kMostOctets)
    return fail(Error::Code::Invalid, "no such --octets",
                fmt::format("{} to {}", kLeastOctets, kMostOctets));
  if (course.rounds == 0 || course.windows == 0 || !(course.storm.seconds > 0) ||
      !(course.storm.share > 0) || course.storm.share > 1)
    return fail(Error::Code::Invalid, "no such --rounds, --windows, --seconds or --share",
                "more than 0; a share is 1 at most");
  return line;
}

double per_second(double ticks) { return static_cast<double>(rte_get_tsc_hz()) / ticks; }

std::string row(std::string_view name, const RegistrationTicks& ticks) {
  return fmt::format("{:9} {:12.0f} {:12.0f} | {:9.0f} {:9.0f} {:9.0f}\n", name,
                     per_second(ticks.control), per_second(ticks.whole()), ticks.worker_in,
                     ticks.control, ticks.worker_out);
}

std::string row(const TunnelCosts& costs) {
  std::string text =
      fmt::format("{:9} {:8.0f}", costs.direction == Direction::Outbound ? "to nodes" : "from them",
                  costs.home.median);
  if (costs.plain)
    text += fmt::format(" {:8.0f} {:8.3f}", costs.plain->median, costs.ratio->median);
  return text + "\n";
}

std::string text_of(const HomeAgentCosts& costs) {
  std::string text = fmt::format(
      "{} policies: {:.2f} s to take them over, {:.2f} s for the first set of workers\n"
      "octets a node: policies and SAs {:.0f}, list {:.0f}, binding {:.0f}; workers' tables {}\n",
      costs.policies, costs.loading.policies, costs.loading.first_set, costs.octets.tunnels,
      costs.octets.list, costs.binding_octets, costs.table_octets);
  text += fmt::format("{:9} {:>12} {:>12} | {:>9} {:>9} {:>9}\n", "", "control/s", "whole/s", "in",
                      "control", "out");
  text += row("first", costs.first) + row("refresh", costs.refresh) + row("move", costs.move);
  text += fmt::format("{:9} {:>8} {:>8} {:>8}\n", "payload", "home", "plain", "ratio");
  for (const TunnelCosts& each : costs.tunnels) text += row(each);
  const StormResult& storm = costs.storm;
  text += fmt::format(
      "storm: {} moves in {:.2f} s, {} without answer; payload {} packets, {} lost, {} misled; "
      "ticks {:.0f} quiet, {:.0f} in it\n",
      storm.moves, storm.seconds, storm.unacknowledged, storm.packets, storm.lost, storm.misled,
      storm.quiet.median, storm.disturbed.median);
  text += fmt::format(
      "microseconds of a move: control {:.1f} / {:.1f} / {:.0f}, answer {:.0f} / {:.0f} / {:.0f} "
      "(median, 99 %, most)\n",
      storm.control.median, storm.control.p99, storm.control.most, storm.answer.median,
      storm.answer.p99, storm.answer.most);
  return text;
}

double rounded(double value) { return std::round(value * 10) / 10; }

Json json_of(const RegistrationTicks& ticks) {
  return {{"control_per_second", std::round(per_second(ticks.control))},
          {"whole_per_second", std::round(per_second(ticks.whole()))},
          {"worker_in", rounded(ticks.worker_in)},
          {"control", rounded(ticks.control)},
          {"worker_out", rounded(ticks.worker_out)}};
}

Json json_of(const Times& times) {
  return {{"median", rounded(times.median)},
          {"p99", rounded(times.p99)},
          {"most", rounded(times.most)}};
}

Json json_of(const TunnelCosts& costs) {
  Json json{{"direction", costs.direction == Direction::Outbound ? "out" : "in"},
            {"home", bench::json_of(costs.home)}};
  if (!costs.plain) return json;
  json["plain"] = bench::json_of(*costs.plain);
  json["ratio"] = std::round(costs.ratio->median * 1000) / 1000;
  return json;
}

Json json_of(const StormResult& storm) {
  return {{"moves", storm.moves},
          {"unacknowledged", storm.unacknowledged},
          {"seconds", rounded(storm.seconds)},
          {"packets", storm.packets},
          {"lost", storm.lost},
          {"misled", storm.misled},
          {"turn_quiet", bench::json_of(storm.quiet)},
          {"turn_disturbed", bench::json_of(storm.disturbed)},
          {"control_microseconds", json_of(storm.control)},
          {"answer_microseconds", json_of(storm.answer)}};
}

std::string report(const Line& line, const Machine& machine, const HomeAgentCosts& costs) {
  Json tunnels = Json::array();
  for (const TunnelCosts& each : costs.tunnels) tunnels.push_back(json_of(each));
  const bool all = line.course.gateway.protection == HomeProtection::Everything;
  const Json json{{"processor", machine.processor},
                  {"tsc_hz", machine.tsc_hz},
                  {"hugepages", machine.hugepages},
                  {"unit", "TSC ticks"},
                  {"algorithm", to_string(line.course.gateway.transform)},
                  {"inner_bytes", line.course.storm.octets},
                  {"bindings", line.course.gateway.nodes},
                  {"protection", all ? "everything" : "payload"},
                  {"policies", costs.policies},
                  {"load_seconds", costs.loading.policies},
                  {"first_set_seconds", costs.loading.first_set},
                  {"tunnel_octets", std::round(costs.octets.tunnels)},
                  {"list_octets", std::round(costs.octets.list)},
                  {"binding_octets", std::round(costs.binding_octets)},
                  {"table_octets", costs.table_octets},
                  {"first", json_of(costs.first)},
                  {"refresh", json_of(costs.refresh)},
                  {"move", json_of(costs.move)},
                  {"payload", tunnels},
                  {"storm", json_of(costs.storm)}};
  return json.dump(2) + "\n";
}

Expected<void> run(const Line& line) {
  const auto environment =
      Environment::start({.program = kProgram,
                          .megabytes = memory_needed(line.course) + kMemoryToSpare,
                          .no_hugepages = line.no_hugepages,
                          .core = line.core});
  if (!environment) return std::unexpected(environment.error());
  auto random = SystemRandom::open();
  if (!random) return std::unexpected(random.error());
  const auto costs = measure(line.course, *random);
  if (!costs) return std::unexpected(costs.error());
  const Machine machine = this_machine();
  fmt::print("{}\n{}", describe(machine), text_of(*costs));
  return write_report(line.json, report(line, machine, *costs));
}

}  // namespace
}  // namespace sallyport::bench

int main(int argc, char** argv) {
  using namespace sallyport::bench;
  return run_program(kProgram, read_line(argc, argv), text_of(description()), run);
}
