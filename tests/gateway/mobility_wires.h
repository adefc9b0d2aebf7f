// Where a home agent and a mobile node of whole-gateway tests are: their addresses, and ports that
// are rings (tests/gateway/wired_gateway.h).
#pragma once

#include <string>

#include "net/address.h"

namespace sallyport::test {

inline const Address kHome = Address::parse("2001:db8:1::10").value();
inline const Address kAgent = Address::parse("2001:db8:1::1").value();

// The home agent's: the home link, and the network that its nodes visit.
inline const std::string kHomeAgentWires = R"([[port]]
name = "lan"
device = "wire0"
side = "protected"
addresses = ["2001:db8:1::1/64"]

[[port]]
name = "wan"
device = "wire1"
side = "unprotected"
addresses = ["2001:db8:f::1/64"]
)";

// Its way to the network that its nodes visit.
inline const std::string kHomeAgentRoute = R"([[route]]
to = "::/0"
via = "2001:db8:f::2"
[[neighbour]]
address = "2001:db8:f::2"
mac = "02:00:00:00:00:99"
port = "wan"
)";

// The mobile node's: its applications, and a link.
inline const std::string kMobileNodeWires = R"([[port]]
name = "apps"
device = "wire0"
kind = "local-stack"
addresses = ["2001:db8:1::10/128"]

[[port]]
name = "wlan"
device = "wire1"
side = "unprotected"
)";

}  // namespace sallyport::test
