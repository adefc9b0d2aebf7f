// [[peer]]: the PAD, in order.
#include <catch2/catch.hpp>

#include "tests/gateway/config_peer_support.h"

namespace sallyport::config_peers_test {

using namespace test;

namespace {

Configuration good(const std::string& text) {
  auto configuration = parse(text);
  INFO(text << said(configuration));
  REQUIRE(configuration);
  return std::move(*configuration);
}

// A peer with these lines and a key, over kPorts and the credentials.
Peer peer_with(std::string_view lines) {
  return good(
             "[[peer]]\nname = \"p\"\nidentities = \"p.example.org\"\nlocal_id = \"we\"\n"
             "psk = { file = \"keys/psk\" }\n" +
             std::string(lines) + "\n" + kPorts)
      .peers.at(0)
      .peer;
}

}  // namespace

TEST_CASE("PAD-13: a peer with a place and a key needs no more: addresses are the identities") {
  const Configuration configuration = good(kPorts + kPeer + kNegotiated);
  REQUIRE(configuration.peers.size() == 1);
  const PeerConfig& config = configuration.peers[0];
  const Peer& peer = config.peer;
  CHECK(peer.name == "branch");
  CHECK(peer.locator ==
        PeerLocator{*Address::parse("192.0.2.2"), *Address::parse("192.0.2.1"), 500});
  REQUIRE(peer.identities.size() == 1);
  CHECK(peer.identities[0].matches(Identity::of(*Address::parse("192.0.2.2"))));
  CHECK_FALSE(peer.identities[0].matches(Identity::of(*Address::parse("192.0.2.3"))));
  CHECK(peer.local_identity == Identity::of(*Address::parse("192.0.2.1")));
  REQUIRE(peer.remote.size() == 1);
  CHECK(peer.remote[0].kind == AuthenticationKind::PreSharedKey);
  CHECK(holds(peer.remote[0].secret, kSamplePsk));
  CHECK(peer.local.kind == AuthenticationKind::PreSharedKey);
  CHECK(holds(peer.local.secret, kSamplePsk));
  CHECK(config.local_sources.secret == SecretSource{"/etc/sallyport/keys/psk", {}});
  CHECK(peer.proposals == default_ike_proposals());
  CHECK(configuration.warnings.empty());
  const Peer defaults;
  CHECK(peer.timers == defaults.timers);
  CHECK(peer.limits == defaults.limits);
  CHECK(peer.search == ChildSearch::TrafficSelectors);
  CHECK(peer.nat_traversal == NatTraversal::Detect);
}

TEST_CASE("PAD-01, PAD-02, PAD-03: peers keep their order, and identities may be patterns") {
  const Configuration configuration = good(kPorts + R"(
[[peer]]
name = "second-by-name"
identities = ["vpn.example.org", "C=CH, O=Example, *", "keyid:box", "192.0.2.0/28"]
local_id = "gateway@example.org"
psk = { file = "keys/psk" }
[[peer]]
name = "a-first-by-name"
identities = "any"
local_id = "keyid-hex:0a0b"
psk = { file = "keys/psk" }
)");
  REQUIRE(configuration.peers.size() == 2);
  CHECK(configuration.peers[0].peer.name == "second-by-name");
  CHECK(configuration.peers[0].peer.identities.size() == 4);
  CHECK(configuration.peers[0].peer.identities[0].matches(*Identity::parse("VPN.example.org")));
  CHECK(configuration.peers[0].peer.local_identity.type == IdType::Rfc822);
  CHECK(configuration.peers[1].peer.local_identity.type == IdType::KeyId);
  CHECK(warns(configuration, ":17:14: whoever knows the key of peer \"second-by-name\""));
  CHECK(warns(configuration, ":22:14: whoever knows the key of peer \"a-first-by-name\""));
}

TEST_CASE("PAD-09, CP-02: what a peer may claim, use and ask for") {
  const Configuration configuration = good(kPorts + kNegotiated + R"(
[[pool]]
name = "inner"
addresses = "10.3.0.0/24"
[[peer]]
name = "branch"
remote = "192.0.2.2"
local_id = "we"
psk = { file = "keys/psk" }
search = "identity"
may_claim = ["10.2.0.0/24", "2001:db8:2::1-2001:db8:2::9"]
policies = "site"
pools = ["inner"]
request_addresses = ["v6", "v4"]
)");
  const Peer& peer = configuration.peers.at(0).peer;
  CHECK(peer.search == ChildSearch::Identity);
  CHECK(peer.may_claim == std::vector{*AddressRange::parse("10.2.0.0/24"),
                                      *AddressRange::parse("2001:db8:2::1-2001:db8:2::9")});
  CHECK(peer.policies == std::vector<std::string>{"site"});
  CHECK(peer.pools == std::vector<std::string>{"inner"});
  CHECK(peer.request_addresses == std::vector{Family::V6, Family::V4});
  CHECK(configuration.warnings.empty());
}

TEST_CASE("IKE-124, LIVE-02, IFRAG-04: what is agreed with a peer, and when it is done again") {
  const Peer peer = peer_with(R"(remote = "192.0.2.9"
remote_port = 5000
protocol = "ikev2"
mobility = "none"
return_routability = false
fragmentation = false
childless = false
nat_traversal = "off"
initial_contact = false
replace_older = false
fragment_bytes = 576
window = 5
lifetime = "4h"
rekey_margin = "2m"
liveness = "0s"
nat_keepalive = "5s"
max_ike_sas = 3
max_children = 4)");
  CHECK(peer.locator.remote_port == 5000);
  CHECK(peer.mobility == PeerMobility::None);
  CHECK_FALSE(peer.return_routability);
  CHECK(peer.fragmentation == Offer::No);
  CHECK(peer.childless == Offer::No);
  CHECK(peer.nat_traversal == NatTraversal::Off);
  CHECK_FALSE(peer.initial_contact);
  CHECK_FALSE(peer.replace_older);
  CHECK(peer.fragment_bytes == 576);
  CHECK(peer.window == 5);
  CHECK(peer.timers == PeerTimers{std::chrono::hours(4), std::chrono::minutes(2),
                                  std::chrono::seconds(0), std::chrono::seconds(5)});
  CHECK(peer.limits == PeerLimits{3, 4});
  CHECK(peer_with("nat_traversal = \"force\"").nat_traversal == NatTraversal::Force);
  // The margin follows a short lifetime.
  CHECK(peer_with("lifetime = \"20s\"").timers.rekey_margin == std::chrono::seconds(5));
}

TEST_CASE("IKE-91: who we are besides, for who asks for it") {
  CHECK(peer_with("").further_local_identities.empty());
  const Peer peer = peer_with("further_local_ids = [\"gate.example.net\", \"keyid:box\"]");
  REQUIRE(peer.further_local_identities.size() == 2);
  CHECK(peer.further_local_identities[0] == *Identity::parse("gate.example.net"));
  CHECK(peer.further_local_identities[1].type == IdType::KeyId);
  check_refused(proving("psk = { file = \"keys/psk\" }\nfurther_local_ids = \"dn:no\""), "6:21",
                "");
}

TEST_CASE("IFRAG-04: without a word, IKE datagrams are as long as RFC 7383 recommends") {
  CHECK_FALSE(peer_with("").fragment_bytes);
}

TEST_CASE("IKE-61, SUITE-02: proposals are IKE's own, and suites by name") {
  const Peer peer = peer_with(
      "proposals = [\"aes128-gcm16+prf-hmac-sha256+curve25519+ecp256\", \"VPN-B\", \"VPN-B\"]");
  REQUIRE(peer.proposals.size() == 2);
  CHECK(peer.proposals[0] ==
        IkeProposal{
            {Cipher::AesGcm16_128}, {}, {Prf::HmacSha256}, {Group::Curve25519, Group::Ecp256}});
  CHECK(
      peer.proposals[1] ==
      IkeProposal{{Cipher::AesCbc128}, {Integrity::AesXcbc_96}, {Prf::AesXcbc}, {Group::Modp2048}});
}

TEST_CASE("ALG-22, IALG-04: weak algorithms of IKE need consent, each by its name") {
  const auto with = [](const std::string& allow) {
    return proving("psk = { file = \"keys/psk\" }\nproposals = \"VPN-A\"",
                   "crypto = { allow = [" + allow + "] }\n");
  };
  check_refused(with("\"null\""), "7:13", "proposals: 3des-cbc is weak or unusual and not allowed");
  check_refused(with("\"3des-cbc\""), "7:13", "[crypto] allow = [\"modp1024\"]");
  const auto allowed = with("\"3des-cbc\", \"modp1024\"");
  INFO(said(allowed));
  CHECK(allowed);
  const auto md5 = proving(
      "psk = { file = \"keys/psk\" }\n"
      "proposals = \"aes128-cbc+hmac-sha1-96+prf-hmac-md5+modp2048\"");
  check_refused(md5, "6:13", "[crypto] allow = [\"prf-hmac-md5\"]");
}

TEST_CASE("PAD-06: what a peer refuses, other protocols among it") {
  const auto refused = [](const std::string& line, std::string_view where, std::string_view what) {
    INFO(line);
    check_refused(proving("psk = { file = \"keys/psk\" }\n" + line), where, what);
  };
  refused("protocol = \"ikev1\"", "6:12", "\"ikev1\" is not a protocol that is spoken here");
  refused("protocol = \"kink\"", "6:12", "(\"ikev2\")");
  refused("remote = \"0.0.0.0\"", "6:10", "no address of a gateway");
  refused("remote = \"vpn.example.org\"", "6:10", "is not an address");
  refused("remote_port = 500", "6:15", "without a remote it says nothing");
  refused("local = \"192.0.2.77\"", "6:9", "local: 192.0.2.77 is no address of a port");
  refused("local = \"192.0.2.1\"\nremote = \"2001:db8::1\"", "6:9", "another family than remote");
  refused("local = \"192.0.2.1\"\nremote = \"192.0.2.1\"", "6:9", "the peer's own address");
  refused("proposals = \"aes128-gcm16\"", "6:13", "proposals: ");
  refused("proposals = []", "6:13", "the list is empty");
  refused("search = \"selector\"", "6:10", "did you mean \"selectors\"?");
  refused("may_claim = \"10.0.0.1/8\"", "6:13", "bits behind its prefix");
  refused("policies = \"site\"", "6:12", "there is no [[policy]] \"site\"");
  refused("pools = \"inner\"", "6:9", "there is no [[pool]] \"inner\"");
  refused("request_addresses = \"v4\"", "6:21", "who comes to us is not asked");
  refused("remote = \"192.0.2.9\"\nrequest_addresses = [\"v4\", \"v4\"]", "7:21",
          "one family twice");
  refused("mobility = \"no\"", "6:12", "one of: none, mobike");
  refused("return_routability = \"no\"", "6:22", "is not a switch");
  refused("nat_traversal = \"never\"", "6:17", "one of: detect, force, off");
  refused("fragment_bytes = 575", "6:18", "576 to 16384");
  refused("window = 0", "6:10", "1 to 64");
  refused("lifetime = \"9s\"", "6:12", "lifetime: too short");
  refused("lifetime = \"1h\"\nrekey_margin = \"1h\"", "7:16", "not shorter than the lifetime");
  refused("max_children = 0", "6:16", "out of range");
  refused("lifetme = \"1h\"", "6:1",
          "unknown key \"lifetme\" in [[peer]] (did you mean \"lifetime\"?)");

  check_refused(parse(kPorts + kPeer + kPeer), "22:8", "the name \"branch\" is taken at");
  check_refused(parse("[[peer]]\nname = \"p\"\nlocal_id = \"we\"\npsk = { file = \"keys/psk\" }\n"),
                "1:1", "[[peer]] has no identities");
  check_refused(
      parse("[[peer]]\nname = \"p\"\nidentities = \"x\"\npsk = { file = \"keys/psk\" }\n"), "1:1",
      "[[peer]] has no local_id");
  check_refused(parse(kPorts + kPeer +
                      "policies = \"open\"\n[[policy]]\nname = \"open\"\naction = \"bypass\"\n"),
                "20:12", "policies: \"open\" protects nothing");
}

}  // namespace sallyport::config_peers_test
