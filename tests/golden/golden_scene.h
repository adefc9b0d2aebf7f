// What the checks of golden cases have in common.
#pragma once

#include <string>

#include "tests/golden/golden_case.h"
#include "tests/support/test_gateway.h"

namespace sallyport {

// The kernel's IVs; `golden` outlives the gateway.
[[nodiscard]] Dataplane::IvSourceMaker given_ivs(const GoldenCase& golden);
[[nodiscard]] Selector reversed(Selector selector);
[[nodiscard]] Prefix whole(const Address& address);
// Adds an SA of the case that begins at `sequence_before` and carries what `policy` gives to it.
void add_golden_sa(TestGateway& gateway, Sa sa, const Selector& selector,
                   std::uint64_t sequence_before, const std::string& policy);
[[nodiscard]] std::string differs(std::size_t index, std::string_view what);
// Ours with the kernel's; empty: they agree.
[[nodiscard]] std::string compare_wire(const GoldenCase& golden, const PacketBytes& ours,
                                       const PacketBytes& kernels, std::size_t index);
// Of all reasons that there were.
[[nodiscard]] std::string drops_of(TestGateway& gateway);

}  // namespace sallyport
