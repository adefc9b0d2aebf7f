// The short form of dynamic IPsec for Mobile IPv6, entry by entry (seed 4.3.1.2; RFC 4877 7).
#include "tests/gateway/config_mobility.h"

namespace sallyport::config_mobility_dynamic_test {

using namespace test;

namespace {

constexpr std::string_view kNegotiating =
    "peer = \"p\"\npayload = \"tcp\"\nproposals = \"aes128-gcm16\"\n"
    "signalling_proposals = \"aes128-cbc+hmac-sha256-128\"\nsa_lifetime = \"8h\"\n";
const std::string kUser = R"([[peer]]
name = "p"
identities = "user_1@example.org"
local_id = "home-agent-1.example.org"
psk = { file = "keys/psk" }
)";
const std::string kHomeAgent = R"([[peer]]
name = "p"
remote = "2001:db8:1::1"
identities = "home-agent-1.example.org"
local_id = "user_1@example.org"
psk = { file = "keys/psk" }
)";

Configuration home_agent(std::string_view node = kNegotiating, const std::string& peer = kUser) {
  auto read = parse(home_agent_text(node) + peer);
  INFO(said(read));
  REQUIRE(read);
  return std::move(*read);
}
Configuration mobile_node(std::string_view node = kNegotiating) {
  auto read = parse(mobile_node_text(node) + kHomeAgent);
  INFO(said(read));
  REQUIRE(read);
  return std::move(*read);
}

// What IKE negotiates by the entry: TSi and TSr are local and remote of whoever begins.
void check_entry(const Configuration& configuration, std::string_view name,
                 const std::string& selectors, IpsecMode mode) {
  const auto found = std::ranges::find(configuration.policies, name, &Policy::name);
  REQUIRE(found != configuration.policies.end());
  REQUIRE(found->selectors.size() == 1);
  CHECK(to_string(found->selectors.front()) == selectors);
  REQUIRE(found->protect);
  CHECK(found->protect->mode == mode);
  CHECK(found->protect->protocol == IpsecProtocol::Esp);
  CHECK(found->protect->sas.empty());
  // The outer addresses are those of the IKE SA: care-of address and home agent.
  CHECK(found->protect->endpoints == Endpoints{});
  CHECK(found->protect->hard.time == std::chrono::hours(8));
  REQUIRE(found->protect->proposals.size() == 1);
  CHECK(found->protect->proposals.front().cipher ==
        (mode == IpsecMode::Transport ? Cipher::AesCbc128 : Cipher::AesGcm16_128));
  const PeerConfig* const peer = peer_for(configuration, *found);
  REQUIRE(peer != nullptr);
  CHECK(peer->peer.name == "p");
}

constexpr IpsecMode kTransport = IpsecMode::Transport;
constexpr IpsecMode kTunnel = IpsecMode::Tunnel;

}  // namespace

TEST_CASE("MDYN-01: mobile node, BU and BA by ESP transport, TSi h BU, TSr a BA") {
  const Configuration node = mobile_node();
  check_entry(node, "mobile-node-binding",
              "2001:db8:1::10 <-> 2001:db8:1::1 mobility 1280 <-> 1536", kTransport);
  CHECK(to_string(node.peers.front().peer.local_identity) == "user_1@example.org");
}
TEST_CASE("MDYN-02: home agent, BA and BU by ESP transport, TSi a BA, TSr h BU") {
  const Configuration agent = home_agent();
  check_entry(agent, "mn-binding", "2001:db8:1::1 <-> 2001:db8:1::10 mobility 1536 <-> 1280",
              kTransport);
  CHECK(to_string(agent.peers.front().peer.local_identity) == "home-agent-1.example.org");
}
TEST_CASE("MDYN-03: mobile node, HoTI and HoT by ESP tunnel, TSi h HoTI, TSr any HoT") {
  check_entry(mobile_node(), "mobile-node-return-routability",
              "2001:db8:1::10 <-> ::/0 mobility 256 <-> 768", kTunnel);
}
TEST_CASE("MDYN-04: home agent, HoT and HoTI by ESP tunnel, TSi any HoT, TSr h HoTI") {
  check_entry(home_agent(), "mn-return-routability", "::/0 <-> 2001:db8:1::10 mobility 768 <-> 256",
              kTunnel);
}
TEST_CASE("MDYN-05: mobile node, MPS and MPA by ESP transport, TSi 0x9200, TSr 0x9300") {
  check_entry(mobile_node(), "mobile-node-prefix-discovery",
              "2001:db8:1::10 <-> 2001:db8:1::1 icmpv6 37376-37631 <-> 37632-37887", kTransport);
}
TEST_CASE("MDYN-06: home agent, MPA and MPS by ESP transport, TSi 0x9300, TSr 0x9200") {
  check_entry(home_agent(), "mn-prefix-discovery",
              "2001:db8:1::1 <-> 2001:db8:1::10 icmpv6 37632-37887 <-> 37376-37631", kTransport);
}
TEST_CASE("MDYN-07: mobile node, payload in the tunnel to a by ESP tunnel, TSi h X, TSr any X") {
  const Configuration node = mobile_node();
  check_entry(node, "mobile-node-payload-tcp", "2001:db8:1::10 <-> ::/0 tcp any <-> any", kTunnel);
  CHECK(std::ranges::find(node.policies, "mobile-node-payload-tcp", &Policy::name)->tunnel ==
        kAgent);
}
TEST_CASE("MDYN-08: home agent, payload in the tunnel to h by ESP tunnel, TSi any X, TSr h X") {
  const Configuration agent = home_agent();
  check_entry(agent, "mn-payload-tcp", "::/0 <-> 2001:db8:1::10 tcp any <-> any", kTunnel);
  CHECK(std::ranges::find(agent.policies, "mn-payload-tcp", &Policy::name)->tunnel == kHome);
}
TEST_CASE("MDYN-09: the home agent's PAD lets the user claim its home address and its networks") {
  const Configuration agent =
      home_agent(std::string(kNegotiating) + "prefixes = \"2001:db8:70::/56\"\nmulticast = true\n");
  const Peer& user = agent.peers.front().peer;
  REQUIRE(user.may_claim.size() == 3);
  CHECK(to_string(user.may_claim[0]) == "2001:db8:1::10");
  CHECK(to_string(user.may_claim[1]) == "2001:db8:70::/56");
  // To receive what comes to groups, and to all nodes of a link.
  CHECK(to_string(user.may_claim[2]) == "fe00::/7");
  CHECK(user.mobility == PeerMobility::MobileIpv6);
  // Correspondents are behind the home agent.
  CHECK(to_string(mobile_node().peers.front().peer.may_claim.front()) == "::/0");
  // What the operator says goes.
  CHECK(to_string(home_agent(kNegotiating, kUser + "may_claim = \"2001:db8:1::/64\"\n")
                      .peers.front()
                      .peer.may_claim.front()) == "2001:db8:1::/64");
}
TEST_CASE("MDYN-09: two nodes behind one PAD entry could each claim to be the other") {
  check_refused(parse(home_agent_text(kNegotiating) + kUser +
                      "[[home_agent.nodes]]\nname = \"other\"\nhome_address = \"2001:db8:1::11\"\n"
                      "peer = \"p\"\n"),
                "34:8", "a [[peer]] for each node");
}
TEST_CASE("MDYN-10: several home addresses of a node have entries of their own") {
  const auto read =
      parse(kHomeLink +
            "[[home_agent.nodes]]\nname = \"mn\"\n"
            "home_address = [\"2001:db8:1::10\", \"2001:db8:1::11\"]\npeer = \"p\"\n" +
            kPorts + kUser);
  INFO(said(read));
  REQUIRE(read);
  const auto second = std::ranges::find(read->policies, "mn-2-binding", &Policy::name);
  REQUIRE(second != read->policies.end());
  CHECK(to_string(second->selectors.front()) ==
        "2001:db8:1::1 <-> 2001:db8:1::11 mobility 1536 <-> 1280");
}
TEST_CASE("MDYN-11: the user is known by its home address or by a name") {
  for (const char* const identity :
       {"2001:db8:1::10", "user_1.example.org", "user_1@example.org"}) {
    const Configuration agent =
        home_agent(kNegotiating, replaced(kUser, "user_1@example.org", identity));
    CHECK(agent.peers.front().peer.identities.front().text() == identity);
    CHECK(peer_for(agent, agent.policies[1]) == &agent.peers.front());
  }
}

}  // namespace sallyport::config_mobility_dynamic_test
