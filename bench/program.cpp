#include "bench/program.h"

#include <cstdio>
#include <fstream>
#include <sstream>

namespace sallyport::bench {

namespace options = boost::program_options;

Expected<options::variables_map> parse_options(int argc, char** argv,
                                               const options::options_description& known) {
  try {
    options::variables_map given;
    options::store(options::parse_command_line(argc, argv, known), given);
    return given;
  } catch (const options::error& error) {
    return fail(Error::Code::Invalid, error.what(), "see --help");
  }
}

std::string text_of(const options::options_description& known) {
  std::ostringstream text;
  text << known;
  return text.str();
}

Expected<void> write_report(const std::string& path, const std::string& report) {
  if (path.empty()) return {};
  std::ofstream file(path);
  file << report;
  if (!file.flush()) return fail(Error::Code::Io, "cannot write " + path);
  return {};
}

int exit_with(std::string_view program, const Error& error) {
  fmt::print(stderr, "{}: {}\n", program, sallyport::to_string(error));
  return error.code == Error::Code::Invalid ? 2 : 1;
}

}  // namespace sallyport::bench
