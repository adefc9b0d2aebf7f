// A home agent and a mobile node as RFC 3776 5.2 and RFC 4877 6, 7.2 have them: h is
// home_address_1, a is home_agent_1. SAs are numbered as in the study.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>

#include "net/protocol.h"
#include "tests/gateway/config_peer_support.h"
#include "tests/gateway/mobility_wires.h"

namespace sallyport::test {

// SA `number` of the study: odd ones go from the mobile node to its home agent.
inline std::string study_sa(unsigned number, std::string_view direction) {
  const std::string name = "sa" + std::to_string(number);
  return "[[sa]]\nname = \"" + name + "\"\ndirection = \"" + std::string(direction) +
         "\"\nspi = 0x100" + std::to_string(number) +
         "\ntransform = \"aes128-cbc+hmac-sha256-128\"\nkey = { file = \"keys/16\" }\n"
         "integrity_key = { file = \"keys/32\" }\n";
}

// All eight, as one of the two sees them.
enum class SeenBy : std::uint8_t { MobileNode, HomeAgent };
inline std::string study_sas(SeenBy node) {
  std::string text;
  for (unsigned number = 1; number <= 8; ++number)
    text += study_sa(number, (number % 2 == 1) == (node == SeenBy::MobileNode) ? "out" : "in");
  return text;
}

inline const std::string kSasOfPair =
    R"(sas = { binding = ["sa1", "sa2"], return_routability = ["sa3", "sa4"], prefix_discovery = ["sa5", "sa6"], payload = ["sa7", "sa8"] }
)";

inline const std::string kHomeLink = R"([home_agent]
address = "2001:db8:1::1"
link = "lan"
prefixes = ["2001:db8:1::/64"]
)";

// The mobile node's: its applications, and a link.
inline const std::string kVisitedPorts = R"(
[[port]]
name = "apps"
device = "net_tap0,iface=apps0"
kind = "local-stack"
addresses = ["2001:db8:1::10/128"]

[[port]]
name = "wan"
device = "net_af_packet1,iface=wan0"
side = "unprotected"
)";

// `node`: what protects it, in the fourth line of its table and those that follow.
inline std::string home_agent_text(std::string_view node) {
  return kHomeLink + "[[home_agent.nodes]]\nname = \"mn\"\nhome_address = \"2001:db8:1::10\"\n" +
         std::string(node) + kPorts;
}
inline std::string mobile_node_text(std::string_view node) {
  return "[mobile_node]\nhome_address = \"2001:db8:1::10\"\nhome_agent = \"2001:db8:1::1\"\n"
         "links = \"wan\"\n" +
         std::string(node) + kVisitedPorts;
}

}  // namespace sallyport::test
