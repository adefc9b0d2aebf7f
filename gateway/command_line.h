// What the operator typed (Boost.Program_options).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace sallyport {

struct CommandLine {
  std::filesystem::path configuration;
  bool check{};
  bool help{};
  std::vector<std::string> eal_arguments;  // after "--"
};

[[nodiscard]] Expected<CommandLine> read_command_line(int argc, char** argv);
[[nodiscard]] std::string usage();

}  // namespace sallyport
