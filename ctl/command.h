// What the operator typed, and what it asks of the gateway.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"

namespace sallyport {

struct Command {
  std::filesystem::path socket;
  std::string request;  // of the protocol: "show.sas"
  std::map<std::string, std::string> arguments;
  bool all{};         // of show drops: reasons that never occurred, too
  std::string topic;  // of a show command: what its table shows
  bool json{};        // print the answer as it came
  bool follow{};      // monitor: goes on with what comes
  bool help{};
};

// Fails on what is no command; reads the file of `sa add`.
[[nodiscard]] Expected<Command> read_command(const std::vector<std::string>& words);
[[nodiscard]] std::string usage();

}  // namespace sallyport
