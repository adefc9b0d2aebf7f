// Policies whose SAs are negotiated: protect.peer and protect.pfs, and the peer at the endpoint.
#include <algorithm>
#include <catch2/catch.hpp>

#include "gateway/check_report.h"
#include "gateway/config/live_policy.h"
#include "gateway/configuration_diff.h"
#include "tests/gateway/config_support.h"

namespace sallyport::config_negotiation_test {

using namespace test;

namespace {

std::string said(const Expected<Configuration>& configuration) {
  return configuration ? "nothing was refused" : to_string(configuration.error());
}

Configuration good(const std::string& text) {
  auto configuration = parse(text);
  INFO(text << said(configuration));
  REQUIRE(configuration);
  return std::move(*configuration);
}

// kNegotiated with more in its `protect`.
std::string with(std::string_view more) {
  return replaced(kNegotiated, "} }", "}, " + std::string(more) + " }");
}

void check_refused(const std::string& text, std::string_view where, std::string_view what) {
  const auto configuration = parse(text);
  INFO(text);
  REQUIRE_FALSE(configuration);
  INFO(said(configuration));
  CHECK_THAT(said(configuration),
             Catch::StartsWith("/etc/sallyport/gateway.toml:" + std::string(where) + ": "));
  CHECK_THAT(said(configuration), Catch::Contains(std::string(what)));
}

}  // namespace

TEST_CASE("PAD-13, SPD-09: the peer at a tunnel's remote endpoint is whom SAs are asked from") {
  const Configuration configuration = good(kPorts + kNegotiated + kPeer);
  CHECK(configuration.warnings.empty());
  const Policy& policy = configuration.policies.at(0);
  CHECK(policy.protect->peer.empty());
  CHECK(policy.protect->pfs.empty());
  REQUIRE(peer_for(configuration, policy) != nullptr);
  CHECK(peer_for(configuration, policy)->peer.name == "branch");

  const Configuration elsewhere =
      good(kPorts + kNegotiated + replaced(kPeer, "192.0.2.2", "192.0.2.3"));
  CHECK(peer_for(elsewhere, elsewhere.policies[0]) == nullptr);
  REQUIRE(elsewhere.warnings.size() == 2);
  CHECK_THAT(elsewhere.warnings[0], Catch::Contains("policy \"site\" has no outbound SA"));
}

TEST_CASE("PAD-01: of two peers at one address the first is meant, unless the policy names one") {
  const std::string two = kPorts + kPeer + replaced(kPeer, "\"branch\"", "\"other\"");
  const Configuration first = good(two + kNegotiated);
  CHECK(peer_for(first, first.policies[0])->peer.name == "branch");
  const Configuration named = good(two + with("peer = \"other\""));
  CHECK(named.policies[0].protect->peer == "other");
  CHECK(peer_for(named, named.policies[0])->peer.name == "other");
}

TEST_CASE("PAD-13: in transport mode the peer is the host itself") {
  const std::string policy =
      "[[policy]]\nname = \"host\"\nlocal = \"192.0.2.1\"\nremote = \"192.0.2.0/28\"\n"
      "action = \"protect\"\nprotect = { mode = \"transport\" }\n";
  const Configuration configuration = good(kPorts + policy + kPeer);
  CHECK(configuration.warnings.empty());
  CHECK(peer_for(configuration, configuration.policies[0])->peer.name == "branch");
  const Configuration outside = good(kPorts + policy + replaced(kPeer, "192.0.2.2", "192.0.2.99"));
  CHECK(peer_for(outside, outside.policies[0]) == nullptr);
}

TEST_CASE("PAD-13: a named peer needs no endpoints, nor to be anywhere yet") {
  const std::string peer = replaced(replaced(kPeer, "remote = \"192.0.2.2\"\n", ""), "psk",
                                    "identities = \"r.example.org\"\npsk");
  const std::string policy =
      replaced(kNegotiated, "endpoints = { local = \"192.0.2.1\", remote = \"192.0.2.2\" }",
               "peer = \"branch\"");
  const Configuration configuration = good(kPorts + peer + policy);
  CHECK(configuration.warnings.empty());
  CHECK(configuration.policies[0].protect->endpoints == Endpoints{});
  CHECK(peer_for(configuration, configuration.policies[0])->peer.name == "branch");
}

TEST_CASE("IKE-82: pfs names groups in falling preference; without it there is none") {
  const auto groups = [](const std::string& list) {
    return good(kPorts + kPeer + with("pfs = " + list)).policies[0].protect->pfs;
  };
  CHECK(groups("[]").empty());
  CHECK(groups("\"curve25519\"") == std::vector{Group::Curve25519});
  CHECK(groups("[\"ecp384\", \"modp2048\", \"ecp384\"]") ==
        std::vector{Group::Ecp384, Group::Modp2048});
  const auto allowed =
      parse("[crypto]\nallow = \"modp1024\"\n" + kPorts + kPeer + with("pfs = \"modp1024\""));
  INFO(said(allowed));
  CHECK(allowed);
}

TEST_CASE("what a negotiated policy refuses") {
  // Without peers before it, `protect` is on line 20; with kPeer on line 26.
  check_refused(kPorts + with("peer = \"branch\""), "20:79", "there is no [[peer]] \"branch\"");
  check_refused(kPorts + kPeer + with("peer = \"brunch\""), "26:79", "did you mean \"branch\"?");
  check_refused(kPorts + kPeer + with("pfs = [\"curve25519\", \"curve2559\"]"), "26:93",
                "pfs: \"curve2559\" is no group for key exchange (did you mean \"curve25519\"?)");
  check_refused(kPorts + kPeer + with("pfs = \"modp1024\""), "26:78",
                "pfs: modp1024 is weak or unusual and not allowed");
  check_refused(kPorts + kSas + kPeer + with("sas = [\"out\", \"in\"], peer = \"branch\""),
                "42:100", "peer: the policy has configured SAs");
  check_refused(kPorts + replaced(kPeer, "192.0.2.2", "192.0.2.3") + with("peer = \"branch\""),
                "26:25", "endpoints: peer \"branch\" is elsewhere");
  check_refused(
      kPorts + kPeer + replaced(kNegotiated, "local = \"192.0.2.1\"", "local = \"192.0.2.7\""),
      "26:25", "endpoints: 192.0.2.7, the local one, is no address of a port");
  check_refused(kPorts + kPeer + "policies = \"late\"\n" + with("peer = \"branch\"") +
                    replaced(kNegotiated, "\"site\"", "\"late\""),
                "27:79", "peer: policy \"site\" is none of those that \"branch\" may use");
}

TEST_CASE("ESP-14, IKE-66: a negotiated policy says what its SAs are padded to") {
  const auto padded = [](const std::string& tfc) {
    return good(kPorts + kPeer + with("tfc = " + tfc)).policies.at(0).protect.value();
  };
  CHECK(padded("{ size = 1400 }").tfc_bytes == 1400);
  CHECK(padded("{ size = 1400 }").tfc_multiple == 0);
  CHECK(padded("{ multiple = 256 }").tfc_multiple == 256);
  CHECK(good(kPorts + kPeer + kNegotiated).policies.at(0).protect->tfc_bytes == 0);
  CHECK_THAT(said(parse(kPorts + kPeer + with("tfc = { multiple = 100 }"))),
             Catch::Contains("a multiple of 100"));
  CHECK_THAT(said(parse(kPorts + kPeer + with("protocol = \"ah\", tfc = { size = 1400 }"))),
             Catch::Contains("ESP in tunnel mode"));
  CHECK_THAT(said(parse(kPorts + kSas + with("sas = [\"out\", \"in\"], tfc = { size = 1400 }"))),
             Catch::Contains("tfc: the policy has configured SAs"));
  const Configuration once = good(kPorts + kPeer + with("tfc = { size = 1400, multiple = 256 }"));
  const auto text = to_toml(once);
  REQUIRE(text);
  CHECK(good(*text).policies.at(0).protect == once.policies.at(0).protect);
}

TEST_CASE("PAD-09: a peer that may use other policies alone is none for this one") {
  const Configuration configuration = good(kPorts + kPeer + "policies = \"late\"\n" + kNegotiated +
                                           replaced(kNegotiated, "\"site\"", "\"late\""));
  CHECK(peer_for(configuration, configuration.policies[0]) == nullptr);
  CHECK(peer_for(configuration, configuration.policies[1]) != nullptr);
  CHECK(configuration.warnings.size() == 2);
}

TEST_CASE("NAT-07: AH and a peer that forces UDP do not go together") {
  const std::string forced = kPorts + kPeer + "nat_traversal = \"force\"\n";
  check_refused(forced + with("protocol = \"ah\""), "27:83",
                "AH does not go through UDP, which nat_traversal of peer \"branch\" forces");
  CHECK(parse(forced + with("protocol = \"esp\"")));
  CHECK(parse(kPorts + kPeer + "nat_traversal = \"detect\"\n" + with("protocol = \"ah\"")));
}

TEST_CASE("PAD-13: a policy that is added while the gateway runs finds the peers that are there") {
  const Configuration running = good(kPorts + kPeer);
  const auto added = [&](const std::string& text) {
    return parse_live_policy(text, running,
                             [](const std::string&) -> const Sa* { return nullptr; });
  };
  const auto policy = added(with("peer = \"branch\", pfs = \"ecp256\""));
  INFO((policy ? "" : to_string(policy.error())));
  REQUIRE(policy);
  CHECK(policy->protect->peer == "branch");
  CHECK(policy->protect->pfs == std::vector{Group::Ecp256});
  const auto refused = added(with("peer = \"brunch\""));
  REQUIRE_FALSE(refused);
  CHECK_THAT(to_string(refused.error()), Catch::Contains("there is no [[peer]] \"brunch\""));
}

TEST_CASE("--check tells peers, pools and whom a policy negotiates with, and no key") {
  const std::string report =
      check_report(good(kPorts + kPeer + "pools = \"inner\"\n" + kNegotiated +
                        "[[pool]]\nname = \"inner\"\naddresses = \"10.3.0.0/24\"\n"));
  INFO(report);
  CHECK_THAT(report, Catch::Contains("policy site: protect (esp tunnel, peer branch)\n"));
  CHECK_THAT(report, Catch::Contains("IKE: ports 500 and 4500\n"));
  CHECK_THAT(report, Catch::Contains("pool inner: 10.3.0.1-10.3.0.254\n"));
  CHECK_THAT(report, Catch::Contains("peer branch: at 192.0.2.2, 192.0.2.2 by "));
  CHECK_THAT(report, Catch::Contains("we are 192.0.2.1 by "));
  CHECK_THAT(report, !Catch::Contains(std::string(kSamplePsk)));
}

TEST_CASE("ARCH-13: a reload takes over peers, credentials, pools and all of IKE") {
  const Configuration running = good(kPorts + kPeer);
  CHECK(check_without_restart(running, good(kPorts)));
  CHECK(check_without_restart(
      running,
      good("[ike]\nhalf_open_limit = 200\nretransmit = { give_up = \"30s\" }\n" + kPorts + kPeer +
           "lifetime = \"1h\"\n"
           "[[pool]]\nname = \"p\"\naddresses = \"10.3.0.0/24\"\n"
           "[[credential]]\nname = \"c\"\nkey = { file = \"keys/ed25519.pem\" }\n")));
}

}  // namespace sallyport::config_negotiation_test
