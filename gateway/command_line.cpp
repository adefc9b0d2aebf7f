#include "gateway/command_line.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <sstream>
#include <string_view>

namespace sallyport {
namespace {

namespace options = boost::program_options;

options::options_description description() {
  options::options_description all("sallyport --config FILE [--check] [-- EAL arguments]");
  all.add_options()("config", options::value<std::string>(), "configuration file (TOML)");
  all.add_options()("check", "say what would run, start nothing");
  all.add_options()("help", "this text");
  return all;
}

}  // namespace

std::string usage() {
  std::ostringstream text;
  text << description();
  return text.str();
}

Expected<CommandLine> read_command_line(int argc, char** argv) {
  char** const end = argv + argc;
  char** const dashes = std::find(argv, end, std::string_view("--"));
  CommandLine line;
  if (dashes != end) line.eal_arguments.assign(dashes + 1, end);
  try {
    options::variables_map given;
    options::store(
        options::parse_command_line(static_cast<int>(dashes - argv), argv, description()), given);
    line.help = given.contains("help");
    line.check = given.contains("check");
    if (given.contains("config")) line.configuration = given["config"].as<std::string>();
  } catch (const options::error& error) {
    return fail(Error::Code::Invalid, error.what(), "see sallyport --help");
  }
  if (!line.help && line.configuration.empty())
    return fail(Error::Code::Invalid, "no configuration given", "add --config FILE");
  return line;
}

}  // namespace sallyport
