// sallyport-bench-policies: what a packet whose flow is not cached costs, and what an edit costs,
// by the number of policies. No packets, no DPDK.

#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "bench/machine.h"
#include "bench/option_lists.h"
#include "bench/policy_report.h"

namespace sallyport::bench {
namespace {

namespace options = boost::program_options;

constexpr auto kProgram = "sallyport-bench-policies";
constexpr std::uint32_t kMostPolicies = 1'000'000;

struct CommandLine {
  std::vector<SetShape> shapes;
  std::vector<std::uint32_t> sizes;
  SetOrder order{};
  unsigned windows{};
  int core{};
  std::string json;  // file to write; empty: none
  bool help{};
};

options::options_description description() {
  const auto text = [](const char* standard) {
    return options::value<std::string>()->default_value(standard);
  };
  options::options_description all(kProgram);
  all.add_options()("policies", text("1,10,1000,10000,100000"), "sizes of the sets")(
      "shape", text("acl,fw,ipc,random,sites"), "what the sets are like")(
      "order", text("narrow-first"), "narrow-first, or as-drawn")(
      "windows", options::value<unsigned>()->default_value(20),
      "measurements to take the median of")("core", options::value<int>()->default_value(-1),
                                            "where to run; -1: the last core")(
      "json", text(""), "file to write the figures to")("help", "this text");
  return all;
}

Expected<std::vector<SetShape>> shapes(const std::string& list) {
  const auto texts = words(list);
  if (!texts) return std::unexpected(texts.error());
  std::vector<SetShape> found;
  for (const std::string& text : *texts) {
    const auto shape = std::ranges::find(kSetShapes, text, to_string);
    if (shape == kSetShapes.end())
      return fail(Error::Code::Invalid, fmt::format("no shape \"{}\"", text),
                  "acl, fw, ipc, random or sites");
    found.push_back(*shape);
  }
  return found;
}

Expected<SetOrder> order(const std::string& text) {
  if (text == "narrow-first") return SetOrder::NarrowFirst;
  if (text == "as-drawn") return SetOrder::AsDrawn;
  return fail(Error::Code::Invalid, fmt::format("no order \"{}\"", text),
              "narrow-first or as-drawn");
}

Expected<CommandLine> read(const options::variables_map& given) {
  const auto text = [&](const char* name) { return given[name].as<std::string>(); };
  const auto chosen = shapes(text("shape"));
  if (!chosen) return std::unexpected(chosen.error());
  const auto sizes = numbers<std::uint32_t>(text("policies"), 1, kMostPolicies);
  if (!sizes) return std::unexpected(sizes.error());
  const auto listed = order(text("order"));
  if (!listed) return std::unexpected(listed.error());
  const unsigned windows = given["windows"].as<unsigned>();
  if (windows == 0) return fail(Error::Code::Invalid, "no --windows", "1 or more");
  return CommandLine{.shapes = *chosen,
                     .sizes = *sizes,
                     .order = *listed,
                     .windows = windows,
                     .core = given["core"].as<int>(),
                     .json = text("json"),
                     .help = given.contains("help")};
}

Expected<CommandLine> read_command_line(int argc, char** argv) {
  try {
    options::variables_map given;
    options::store(options::parse_command_line(argc, argv, description()), given);
    return read(given);
  } catch (const options::error& error) {
    return fail(Error::Code::Invalid, error.what(), fmt::format("see {} --help", kProgram));
  }
}

std::string usage() {
  std::ostringstream text;
  text << description();
  return text.str();
}

Expected<void> run(const CommandLine& line) {
  stay_on(line.core, kProgram);
  const PolicyMachine machine = this_policy_machine();
  fmt::print("{}\n{}\n", describe(machine), policy_heading());
  std::vector<SetCosts> found;
  for (const std::uint32_t size : line.sizes)
    for (const SetShape shape : line.shapes) {
      found.push_back(measure({.shape = shape, .size = size, .order = line.order}, line.windows));
      fmt::print("{}", rows(found.back()));
      std::fflush(stdout);
    }
  if (line.json.empty()) return {};
  std::ofstream file(line.json);
  file << json_of(machine, found);
  if (!file.flush()) return fail(Error::Code::Io, "cannot write " + line.json);
  return {};
}

int report(const Error& error) {
  fmt::print(stderr, "{}: {}\n", kProgram, sallyport::to_string(error));
  return error.code == Error::Code::Invalid ? 2 : 1;
}

}  // namespace
}  // namespace sallyport::bench

int main(int argc, char** argv) {
  using namespace sallyport::bench;
  const auto line = read_command_line(argc, argv);
  if (!line) return report(line.error());
  if (line->help) {
    fmt::print("{}", usage());
    return 0;
  }
  if (const auto done = run(*line); !done) return report(done.error());
  return 0;
}
