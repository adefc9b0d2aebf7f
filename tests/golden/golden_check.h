// Runs a golden case through a whole gateway, both ways, and compares (docs/golden.md).
#pragma once

#include <string>

#include "tests/golden/golden_case.h"

namespace sallyport {

// What differs, a sentence; empty: nothing.
[[nodiscard]] std::string check_outbound(const GoldenCase& golden);
[[nodiscard]] std::string check_inbound(const GoldenCase& golden);

}  // namespace sallyport
