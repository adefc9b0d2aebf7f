#include "ctl/explanation.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace sallyport::explanation_test {

using Json = nlohmann::json;

TEST_CASE("an explanation tells packet, route, policy, SA and verdict, in this order") {
  const auto answer = Json::parse(R"({
    "packet": {"from": "10.1.0.5", "to": "10.2.0.9", "protocol": "tcp", "source_port": 49152,
               "port": 443, "dscp": 0},
    "in": "lan", "direction": "outbound", "crosses": true,
    "route": {"to": "10.2.0.0/16", "kind": "gateway", "via": "192.0.2.2", "port": "wan"},
    "judged": [{"direction": "outbound", "spd": "default", "policy": "site", "position": 3,
                "action": "protect", "entry": "10.1.0.0/24 <-> 10.2.0.0/24 tcp any <-> 0-21,23-65535",
                "cut_by": {"names": ["ssh", "dns"], "count": 5}, "shadows": {"names": [], "count": 0}}],
    "sas": [{"name": "out", "spi": "0x00001001", "protocol": "esp", "mode": "tunnel",
             "local": "192.0.2.1", "remote": "192.0.2.2",
             "route": {"to": "192.0.2.0/24", "kind": "on link", "port": "wan"}}],
    "out": "wan", "verdict": "protected"})");
  CHECK(format_explanation(answer) ==
        "packet    10.1.0.5 to 10.2.0.9, tcp 49152 to 443, DSCP 0, in by lan\n"
        "route     10.2.0.0/16: gateway 192.0.2.2, port wan\n"
        "boundary  crossed\n"
        "SPD       default (outbound): 3 site: protect\n"
        "  entry   10.1.0.0/24 <-> 10.2.0.0/24 tcp any <-> 0-21,23-65535\n"
        "  cut by  ssh, dns and 3 more\n"
        "SA        out, SPI 0x00001001, esp tunnel 192.0.2.1 to 192.0.2.2\n"
        "  route   192.0.2.0/24: on link, port wan\n"
        "verdict   protected, out of wan\n");
}

TEST_CASE("where nothing matches and where no SA is, the explanation says so") {
  const auto answer = Json::parse(R"({
    "packet": {"from": "10.1.0.5", "to": "10.2.0.9", "protocol": "mobility", "mh_type": 5},
    "in": "", "crosses": true, "route": {"kind": "none", "port": ""},
    "judged": [{"direction": "outbound", "spd": "default", "action": "discard"}],
    "negotiate_with": "192.0.2.2", "verdict": "discarded: no_sa"})");
  CHECK(format_explanation(answer) ==
        "packet    10.1.0.5 to 10.2.0.9, mobility type 5, made by the gateway\n"
        "route     none\n"
        "boundary  crossed\n"
        "SPD       default (outbound): nothing matches: discard\n"
        "SA        none: to be negotiated with 192.0.2.2\n"
        "verdict   discarded: no_sa\n");
}

}  // namespace sallyport::explanation_test
