// What sallyport-generator prints and writes.
#pragma once

#include <string>
#include <vector>

#include "bench/generator/command_line.h"
#include "bench/generator/trial.h"

namespace sallyport::bench {

// What was found out about packets of one size.
struct Finding {
  std::uint16_t size{};
  double flooded{};     // packets a second that came through when more was offered
  double throughput{};  // that passed (RFC 2544 26.1), or the rate that was asked for
  struct Load {
    unsigned per_cent{};
    Outcome outcome;
  };
  std::vector<Load> loads;
};

[[nodiscard]] std::string findings_heading();
[[nodiscard]] std::string text_of(const Finding& finding);
[[nodiscard]] std::string json_of(const GeneratorLine& line, const std::vector<Finding>& findings);

}  // namespace sallyport::bench
