// sallyport --config FILE [--check] [-- EAL arguments]
#include <fmt/core.h>
#include <spdlog/spdlog.h>

#include <csignal>

#include "gateway/check_report.h"
#include "gateway/command_line.h"
#include "gateway/daemon.h"

using namespace sallyport;

namespace {

constexpr int kFailed = 1;
constexpr int kBadInput = 2;  // the command line or the configuration

int complain(const Error& error, int status) {
  fmt::print(stderr, "{}\n", to_string(error));
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  const auto command_line = read_command_line(argc, argv);
  if (!command_line) return complain(command_line.error(), kBadInput);
  if (command_line->help) {
    fmt::print("{}", usage());
    return 0;
  }
  auto configuration = load_configuration(command_line->configuration);
  if (!configuration) return complain(configuration.error(), kBadInput);
  for (const std::string& warning : configuration->warnings) spdlog::warn("{}", warning);
  if (command_line->check) {
    fmt::print("{}", check_report(*configuration));
    return 0;
  }
  const auto ended = run_daemon(std::move(*configuration), *command_line);
  if (!ended)
    return complain(ended.error(),
                    ended.error().code == Error::Code::NotFound ? kBadInput : kFailed);
  return 0;
}
