// sallyport-bench-sas: what installing and removing SAs costs control, and workers meanwhile.

#include <fmt/format.h>
#include <rte_cycles.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "bench/churn.h"
#include "bench/environment.h"
#include "bench/machine.h"
#include "bench/measurement.h"
#include "bench/option_lists.h"
#include "bench/program.h"
#include "bench/report.h"
#include "bench/spread_json.h"

namespace sallyport::bench {
namespace {

namespace options = boost::program_options;
using Json = nlohmann::ordered_json;

constexpr auto kProgram = "sallyport-bench-sas";
constexpr std::uint32_t kMostSas = 1 << 19;
constexpr std::uint16_t kOctets = 64;
constexpr std::uint64_t kMemoryToSpare = 64;  // megabytes

struct SasLine {
  Transform transform;
  std::uint32_t sas{};     // that carry traffic
  std::uint32_t others{};  // that come and go
  double rate{};
  unsigned rounds{};
  unsigned windows{};
  int core{};
  int control_core{};
  std::string json;
  bool no_hugepages{};
  bool help{};
};

options::options_description description() {
  const auto number = [](unsigned standard) {
    return options::value<unsigned>()->default_value(standard);
  };
  const auto core = [](int standard) { return options::value<int>()->default_value(standard); };
  const auto text = [](const char* standard) {
    return options::value<std::string>()->default_value(standard);
  };
  options::options_description all(kProgram);
  all.add_options()("algorithm", text("aes128-gcm16"), "as in the configuration")(
      "sas", number(1000), "SAs that carry traffic")("others", number(100'000),
                                                     "SAs that come and go")(
      "rate", options::value<double>()->default_value(100'000),
      "SAs a second that come, and as many that go")(
      "rounds", number(5), "quiet and disturbed, in turns")("windows", number(10), "of a round")(
      "core", core(-1), "of the worker; -1: the last core")("control-core", core(0),
                                                            "where SAs are installed meanwhile")(
      "json", text(""), "file to write the figures to")("no-hugepages", "run without them")(
      "help", "this text");
  return all;
}

Expected<SasLine> read_sas_line(int argc, char** argv) {
  const auto parsed = parse_options(argc, argv, description());
  if (!parsed) return std::unexpected(parsed.error());
  const options::variables_map& given = *parsed;
  SasLine line;
  std::optional<Error> error;
  keep(parse_transform(given["algorithm"].as<std::string>()), line.transform, error);
  if (error) return std::unexpected(*error);
  line.sas = given["sas"].as<unsigned>();
  line.others = given["others"].as<unsigned>();
  line.rate = given["rate"].as<double>();
  line.rounds = given["rounds"].as<unsigned>();
  line.windows = given["windows"].as<unsigned>();
  line.core = given["core"].as<int>();
  line.control_core = given["control-core"].as<int>();
  line.json = given["json"].as<std::string>();
  line.no_hugepages = given.contains("no-hugepages");
  line.help = given.contains("help");
  if (line.sas == 0 || line.sas > kMostSas || line.others < 2 || line.others > kMostSas)
    return fail(Error::Code::Invalid, "no such --sas or --others",
                fmt::format("2 to {}", kMostSas));
  if (line.control_core < 0 || line.control_core == line.core ||
      (line.core < 0 && line.control_core == last_core()))
    return fail(Error::Code::Invalid, "no such --control-core", "another one than the worker's");
  if (!(line.rate > 0) || line.rounds == 0 || line.windows == 0)
    return fail(Error::Code::Invalid, "no such --rate, --rounds or --windows", "more than 0");
  return line;
}

// Of one direction.
struct Costs {
  Direction direction{};
  InstallationTicks ticks;
  std::vector<double> quiet;      // ticks a packet of worker turns
  std::vector<double> disturbed;  // likewise, while SAs come and go
  std::vector<double> rates;      // at which they did
};

TunnelPair::Settings pair_settings(const SasLine& line) {
  return {.transform = line.transform,
          .sas = line.sas,
          .flows = std::max(1024u, line.sas),
          .spare_sas = line.others};
}

Expected<double> turn_ticks(TunnelPair& pair, Direction direction, unsigned windows) {
  Course course(
      pair, {.direction = direction, .size = kOctets, .order = Order::Random, .windows = windows});
  const auto measured = course.run();
  if (!measured) return std::unexpected(measured.error());
  return measured->turn.median;
}

Expected<Costs> measure(TunnelPair& pair, Direction direction, const SasLine& line,
                        Random& random) {
  RingGateway& gateway = direction == Direction::Outbound ? pair.sealing() : pair.opening();
  const ChurnSettings churned{
      .direction = direction, .transform = line.transform, .first = line.sas, .count = line.others};
  Costs costs{.direction = direction, .ticks = {}, .quiet = {}, .disturbed = {}, .rates = {}};
  const auto ticks = install_and_remove(gateway, churned, random);
  if (!ticks) return std::unexpected(ticks.error());
  costs.ticks = *ticks;
  Churn churn(gateway, churned, random);
  for (unsigned round = 0; round < line.rounds; ++round) {
    const auto quiet = turn_ticks(pair, direction, line.windows);
    if (!quiet) return std::unexpected(quiet.error());
    churn.start(line.rate, line.control_core);
    const auto disturbed = turn_ticks(pair, direction, line.windows);
    costs.rates.push_back(churn.rate());
    churn.stop();
    if (!churn.failure().empty()) return fail(Error::Code::Refused, churn.failure());
    if (!disturbed) return std::unexpected(disturbed.error());
    gateway.rest();
    costs.quiet.push_back(*quiet);
    costs.disturbed.push_back(*disturbed);
  }
  return costs;
}

double per_second(double ticks) { return static_cast<double>(rte_get_tsc_hz()) / ticks; }

std::string row(const Costs& costs) {
  const Spread quiet = spread_of(costs.quiet);
  const Spread disturbed = spread_of(costs.disturbed);
  return fmt::format("{:3} {:10.0f} {:10.0f} {:10.0f} | {:7.0f} {:9.0f} {:6.3f}\n",
                     costs.direction == Direction::Outbound ? "out" : "in",
                     per_second(costs.ticks.install), per_second(costs.ticks.remove),
                     spread_of(costs.rates).median, quiet.median, disturbed.median,
                     disturbed.median / quiet.median);
}

std::string json_of(const SasLine& line, const Machine& machine, const std::vector<Costs>& found) {
  Json results = Json::array();
  for (const Costs& costs : found)
    results.push_back(
        {{"direction", costs.direction == Direction::Outbound ? "out" : "in"},
         {"installs_per_second", std::round(per_second(costs.ticks.install))},
         {"removals_per_second", std::round(per_second(costs.ticks.remove))},
         {"turn_quiet", json_of(spread_of(costs.quiet))},
         {"turn_disturbed", json_of(spread_of(costs.disturbed))},
         {"disturbed_by_installs_per_second", std::round(spread_of(costs.rates).median)}});
  const Json report{{"processor", machine.processor},
                    {"tsc_hz", machine.tsc_hz},
                    {"hugepages", machine.hugepages},
                    {"algorithm", to_string(line.transform)},
                    {"sas", line.sas},
                    {"others", line.others},
                    {"wanted_rate", line.rate},
                    {"results", results}};
  return report.dump(2) + "\n";
}

Expected<void> run(const SasLine& line) {
  const auto environment = Environment::start(
      {.program = kProgram,
       .megabytes = TunnelPair::memory_needed(pair_settings(line)) + kMemoryToSpare,
       .no_hugepages = line.no_hugepages,
       .core = line.core});
  if (!environment) return std::unexpected(environment.error());
  auto random = SystemRandom::open();
  if (!random) return std::unexpected(random.error());
  const auto pair = TunnelPair::open(pair_settings(line), *random);
  if (!pair) return std::unexpected(pair.error());
  const Machine machine = this_machine();
  fmt::print("{}\n{:3} {:>10} {:>10} {:>10} | {:>7} {:>9} {:>6}\n", describe(machine), "dir",
             "installs/s", "removals/s", "churn/s", "quiet", "disturbed", "ratio");
  std::vector<Costs> found;
  for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
    const auto costs = measure(**pair, direction, line, *random);
    if (!costs) return std::unexpected(costs.error());
    fmt::print("{}", row(*costs));
    found.push_back(*costs);
  }
  return write_report(line.json, json_of(line, machine, found));
}

}  // namespace
}  // namespace sallyport::bench

int main(int argc, char** argv) {
  using namespace sallyport::bench;
  return run_program(kProgram, read_sas_line(argc, argv), text_of(description()), run);
}
