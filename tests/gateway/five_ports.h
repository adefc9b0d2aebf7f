// A gateway with two protected links, one of them a local user's, a host behind it, and two
// unprotected links that have an SPD each. Its neighbours answer, so that nothing waits.
#pragma once

#include <string>

#include "base/types.h"

namespace sallyport::test {

inline constexpr PortId kLan{0};
inline constexpr PortId kDmz{1};
inline constexpr PortId kHost{2};
inline constexpr PortId kWan{3};
inline constexpr PortId kNet{4};
inline constexpr std::size_t kFivePortCount = 5;

inline const std::string kFivePorts = R"(
[[spd]]
name = "default"

[[spd]]
name = "other"

[[port]]
name = "lan"
device = "wire0"
side = "protected"
mac = "02:00:00:00:00:01"
addresses = ["10.1.0.1/24", "2001:db8:1::1/64"]

[[port]]
name = "dmz"
device = "wire1"
side = "protected"
user = "alice"
mac = "02:00:00:00:00:02"
addresses = ["10.2.0.1/24", "2001:db8:2::1/64"]

[[port]]
name = "host"
device = "wire2"
kind = "local-stack"
mac = "02:00:00:00:00:03"
addresses = ["192.0.2.9/32", "2001:db8:f::9/128"]

[[port]]
name = "wan"
device = "wire3"
side = "unprotected"
mac = "02:00:00:00:00:04"
addresses = ["192.0.2.1/24", "2001:db8:f::1/64"]

[[port]]
name = "net"
device = "wire4"
side = "unprotected"
spd = "other"
mac = "02:00:00:00:00:05"
addresses = ["203.0.113.1/24", "2001:db8:e::1/64"]
)";

// 10.3.0.0/16 and 2001:db8:3::/48 lie behind "wan", 10.4.0.0/16 and 2001:db8:4::/48 behind "net",
// 10.6.0.0/16 behind "lan"; 10.5.0.0/16 is nowhere.
inline const std::string kFiveWays = R"(
[[route]]
to = "10.3.0.0/16"
via = "192.0.2.2"
[[route]]
to = "10.4.0.0/16"
via = "203.0.113.2"
[[route]]
to = "10.5.0.0/16"
action = "blackhole"
[[route]]
to = "10.6.0.0/16"
via = "10.1.0.5"
[[route]]
to = "2001:db8:3::/48"
via = "2001:db8:f::2"
[[route]]
to = "2001:db8:4::/48"
via = "2001:db8:e::2"
)";

inline std::string neighbour_text(const std::string& port, const std::string& address) {
  return "[[neighbour]]\nport = \"" + port + "\"\naddress = \"" + address +
         "\"\nmac = \"02:00:00:00:00:99\"\n";
}

inline std::string five_neighbours() {
  std::string text;
  for (const char* address : {"10.1.0.5", "10.1.0.9", "2001:db8:1::5"})
    text += neighbour_text("lan", address);
  for (const char* address : {"10.2.0.5", "2001:db8:2::5"}) text += neighbour_text("dmz", address);
  for (const char* address : {"192.0.2.2", "2001:db8:f::2"}) text += neighbour_text("wan", address);
  for (const char* address : {"203.0.113.2", "2001:db8:e::2"})
    text += neighbour_text("net", address);
  return text;
}

}  // namespace sallyport::test
