// Random packets of which `explain` says what then becomes of them, or a test fails.
#pragma once

#include <map>
#include <string>

#include "tests/gateway/wired_gateway.h"
#include "tests/support/fixed_random.h"

namespace sallyport::test {

// How often each verdict was given: a test of one verdict proves little.
using Verdicts = std::map<std::string, unsigned>;

// One more packet through the gateway of five_ports.h; what `explain` says of it.
Json compare(WiredGateway& gateway, FixedRandom& random, Verdicts& verdicts);
// Drops control's answers, and what came of them.
void quieten(WiredGateway& gateway);

}  // namespace sallyport::test
