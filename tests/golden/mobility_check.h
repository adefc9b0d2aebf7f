// Golden cases of Mobile IPv6: what control or the host sends has home addresses, the wire has
// care-of ones, and the other end sees home addresses again.
#pragma once

#include <string>

#include "tests/golden/golden_case.h"

namespace sallyport {

// What differs, a sentence; empty: nothing.
[[nodiscard]] std::string check_mobile_outbound(const GoldenCase& golden);
[[nodiscard]] std::string check_mobile_inbound(const GoldenCase& golden);

}  // namespace sallyport
