// sallyportctl: the command-line client of a gateway.
#include <iostream>

#include "ctl/run.h"

using namespace sallyport;

int main(int argc, char** argv) {
  const auto command = read_command({argv + 1, argv + argc});
  if (!command) {
    std::cerr << to_string(command.error()) << '\n';
    return static_cast<int>(ExitStatus::Usage);
  }
  if (command->help) {
    std::cout << usage();
    return 0;
  }
  return static_cast<int>(run_command(*command, std::cout, std::cerr));
}
