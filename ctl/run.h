// Carries a command out and prints its outcome.
#pragma once

#include <iosfwd>

#include "ctl/command.h"

namespace sallyport {

enum class ExitStatus { Done = 0, Refused = 1, Usage = 2, NotReachable = 3 };

[[nodiscard]] ExitStatus run_command(const Command& command, std::ostream& out, std::ostream& err);

}  // namespace sallyport
