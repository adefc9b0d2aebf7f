// What the operator typed, and what it asks of the gateway.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"

namespace sallyport {

struct Command {
  std::filesystem::path socket;
  std::string request;  // of the protocol: "show.sas"
  // The request's arguments by their names in the protocol.
  std::map<std::string, std::string> texts;
  std::map<std::string, std::uint64_t> numbers;
  std::set<std::string> flags;  // those that are true
  std::string topic;            // of rows: what the table that shows them is about
  bool json{};                  // print the answer as it came
  bool follow{};                // monitor: goes on with what comes
  bool help{};
};

// Fails on what is no command; reads the file of `sa add` and `policy add`.
[[nodiscard]] Expected<Command> read_command(const std::vector<std::string>& words);
[[nodiscard]] std::string usage();

}  // namespace sallyport
