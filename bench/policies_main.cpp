// sallyport-bench-policies: what a packet whose flow is not cached costs, and what an edit costs,
// by the number of policies. No packets, no DPDK.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "bench/machine.h"
#include "bench/option_lists.h"
#include "bench/policy_report.h"
#include "bench/program.h"

namespace sallyport::bench {
namespace {

namespace options = boost::program_options;

constexpr auto kProgram = "sallyport-bench-policies";

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
  const auto given = parse_options(argc, argv, description());
  if (!given) return std::unexpected(given.error());
  return read(*given);
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
  return write_report(line.json, json_of(machine, found));
}

}  // namespace
}  // namespace sallyport::bench

int main(int argc, char** argv) {
  using namespace sallyport::bench;
  return run_program(kProgram, read_command_line(argc, argv), text_of(description()), run);
}
