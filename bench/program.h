// What every bench program does around its measuring: its command line, its report, its end.
#pragma once

#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sallyport::bench {

// The largest policy set that one can be asked for.
inline constexpr std::uint32_t kMostPolicies = 1'000'000;

// What was given on the command line. Fails as --help would explain.
[[nodiscard]] Expected<boost::program_options::variables_map> parse_options(
    int argc, char** argv, const boost::program_options::options_description& known);
[[nodiscard]] std::string text_of(const boost::program_options::options_description& known);

// Puts what `parsed` holds into `place`, or its error into `error`, which keeps the first one.
template <class T>
void keep(Expected<T> parsed, T& place, std::optional<Error>& error) {
  if (parsed)
    place = std::move(*parsed);
  else if (!error)
    error = parsed.error();
}

// Nothing where `path` is empty.
[[nodiscard]] Expected<void> write_report(const std::string& path, const std::string& report);

// Tells the error; the program's exit status.
[[nodiscard]] int exit_with(std::string_view program, const Error& error);

// `line` is what was read, or why it could not be; `run(*line)` measures. The exit status.
template <class Line, class Run>
[[nodiscard]] int run_program(std::string_view program, const Expected<Line>& line,
                              const std::string& usage, Run run) {
  if (!line) return exit_with(program, line.error());
  if (line->help) {
    fmt::print("{}", usage);
    return 0;
  }
  const Expected<void> done = run(*line);
  return done ? 0 : exit_with(program, done.error());
}

}  // namespace sallyport::bench
