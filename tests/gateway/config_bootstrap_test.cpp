// What mobile nodes and home agents leave open, and what becomes of it when addresses are known.
#include "gateway/config/learned_addresses.h"
#include "tests/gateway/config_mobility.h"

namespace sallyport::config_bootstrap_test {

using namespace test;

namespace {

const Address kGiven = Address::parse("2001:db8:1::100").value();

const std::string kUser = R"([[peer]]
name = "user"
identities = "user_1@example.org"
local_id = "ha.example.org"
psk = { file = "keys/psk" }
pools = ["homes"]
)";
const std::string kPool = R"([[pool]]
name = "homes"
addresses = "2001:db8:1::100-2001:db8:1::1ff"
prefix_length = 64
)";
const std::string kAgentPeer = R"([[peer]]
name = "agent"
identities = "ha.example.org"
local_id = "user_1@example.org"
psk = { file = "keys/psk" }
)";

std::string leasing(const std::string& peer = kUser, const std::string& pool = kPool) {
  return kHomeLink + "[[home_agent.nodes]]\nname = \"mn\"\npeer = \"user\"\npayload = \"tcp\"\n" +
         kPorts + pool + peer;
}
std::string blank(const std::string& what) {
  return "[mobile_node]\nlinks = \"wan\"\npeer = \"agent\"\npayload = \"tcp\"\n" + what + "\n" +
         kVisitedPorts + kAgentPeer;
}
const std::string kDomain =
    "bootstrap = { domain = \"example.org\", name_servers = \"2001:db8:53::53\" }";

Configuration good(const std::string& text) {
  auto read = parse(text);
  INFO(said(read));
  REQUIRE(read);
  return std::move(*read);
}
std::vector<std::string> names(const Configuration& configuration) {
  std::vector<std::string> all;
  for (const Policy& policy : configuration.policies) all.push_back(policy.name);
  return all;
}
bool has(const Configuration& configuration, const std::string& policy) {
  return std::ranges::find(configuration.policies, policy, &Policy::name) !=
         configuration.policies.end();
}

}  // namespace

TEST_CASE("BOOT-01: credentials, a domain and a name server are enough of a configuration") {
  const Configuration node = good(blank(kDomain));
  REQUIRE(node.mobile_node);
  CHECK(node.mobile_node->bootstraps);
  CHECK_FALSE(node.mobile_node->home_address);
  CHECK_FALSE(node.mobile_node->home_agent);
  // Where applications are.
  CHECK(node.ports[node.mobile_node->home_port.value].name == "apps");
  CHECK(node.peers.front().peer.request_addresses == std::vector{Family::V6});
  CHECK_FALSE(has(node, "mobile-node-binding"));
}

TEST_CASE("BOOT-02: names of DNS are looked up past the tunnel, and nothing else is") {
  const Configuration node = good(blank(kDomain));
  const auto policy = std::ranges::find(node.policies, "mobile-node-bootstrap", &Policy::name);
  REQUIRE(policy != node.policies.end());
  CHECK(policy->action == PolicyAction::Bypass);
  REQUIRE(policy->selectors.size() == 1);
  CHECK(to_string(policy->selectors.front()) == "::/0 <-> 2001:db8:53::53 udp 49152-65535 <-> 53");
}

TEST_CASE("BOOT-09: DHCPv6 alone is a way to a home agent, and to name servers") {
  const Configuration node =
      good(blank("bootstrap = { home_agent_name = \"ha.example.org\", dhcp = true }"));
  const auto policy = std::ranges::find(node.policies, "mobile-node-bootstrap", &Policy::name);
  REQUIRE(policy != node.policies.end());
  REQUIRE(policy->selectors.size() == 2);
  CHECK(to_string(policy->selectors[1]) == "fe80::/10 <-> ::/0 udp 546 <-> 547");
  CHECK(good(blank("bootstrap = { dhcp = true }")).mobile_node->bootstraps);
}

TEST_CASE("BOOT-02: a name that can be none, and one that nobody is asked for, are refused") {
  const auto refused = [](const std::string& what, const std::string& why) {
    const std::string text = said(parse(blank("bootstrap = { " + what + " }")));
    INFO(text);
    CHECK_THAT(text, Catch::StartsWith("/etc/sallyport/gateway.toml:5:"));
    CHECK_THAT(text, Catch::Contains(why));
  };
  const std::string server = ", name_servers = \"2001:db8:53::53\"";
  refused("domain = \"example.org\"", "nobody to look it up at");
  refused("home_agent_name = \"ha.example.org\"", "nobody to look it up at");
  refused("domain = \"exa mple.org\"" + server, "no domain name");
  refused("domain = \"a..b\"" + server, "no domain name");
  refused("domain = \"" + std::string(64, 'a') + ".org\"" + server, "no domain name");
  refused("domain = \"example.org.\"" + server, "no domain name");
  refused("domain = \"example.org\", name_servers = \"192.0.2.53\"", "no address for mobility");
}

TEST_CASE("BOOT-07: a node of the home agent may have its home addresses from its peer's pools") {
  const Configuration agent = good(leasing());
  REQUIRE(agent.home_agent->nodes.size() == 1);
  CHECK(agent.home_agent->nodes.front().leases);
  CHECK(names(agent) == std::vector<std::string>{"home-agent-ike", "home-agent-signalling"});
  // What the PAD lets it claim beside what it is given: nothing.
  CHECK(agent.peers.front().peer.may_claim.empty());
  CHECK(agent.peers.front().peer.mobility == PeerMobility::MobileIpv6);
}

TEST_CASE("BOOT-04: a node that may form its address may claim the home prefix") {
  const Configuration agent = good(leasing(kUser, kPool + "home_prefix = \"2001:db8:1::/64\"\n"));
  REQUIRE(agent.peers.front().peer.may_claim.size() == 1);
  CHECK(to_string(agent.peers.front().peer.may_claim.front()) == "2001:db8:1::/64");
}

TEST_CASE("BOOT-07: policies of a home address come when it is given, and go with it") {
  Configuration agent = good(leasing());
  const auto before = names(agent);
  LearnedAddresses learned;
  learned.of_nodes["mn"] = {kGiven};
  put_in(agent, learned);
  CHECK(has(agent, "mn-2001:db8:1::100-binding"));
  CHECK(has(agent, "mn-2001:db8:1::100-payload-tcp"));
  CHECK(has(agent, "home-agent-forwarding"));
  REQUIRE(agent.mobility_policies.size() == agent.policies.size());
  CHECK(agent.home_agent->nodes.front().home_addresses == std::vector{kGiven});
  put_in(agent, {});
  CHECK(names(agent) == before);
  CHECK(agent.home_agent->nodes.front().home_addresses.empty());
}

TEST_CASE("BOOT-01: what a mobile node has found is as if it had been configured") {
  const std::string own = "[[policy]]\nname = \"own\"\naction = \"discard\"\n";
  Configuration node = good(blank(kDomain) + own);
  const auto before = names(node);
  put_in(node,
         {.own = LearnedHome{.home_agent = kAgent, .home_address = {kHome, 60}}, .of_nodes = {}});
  CHECK(node.mobile_node->home_address == kHome);
  CHECK(node.mobile_node->home_agent == kAgent);
  CHECK(node.mobile_node->home_prefix_length == 60);
  CHECK(has(node, "mobile-node-binding"));
  CHECK(has(node, "mobile-node-payload-tcp"));
  CHECK(node.policies.back().name == "own");
  // It is not what the operator has said, and an export does not say so.
  CHECK(to_toml(node).value().find("home_address") == std::string::npos);
  CHECK(to_toml(node).value().find("name_servers") != std::string::npos);
  put_in(node, {});
  CHECK(names(node) == before);
  CHECK_FALSE(node.mobile_node->home_address);
}

TEST_CASE("BOOT-01: what is known stays known over a reload that says the same") {
  const Configuration first = good(blank(kDomain));
  LearnedAddresses known{.own = LearnedHome{.home_agent = kAgent, .home_address = {kHome, 64}},
                         .of_nodes = {}};
  CHECK(still_known(known, first, good(blank(kDomain))) == known);
  const Configuration other = good(blank(replaced(kDomain, "example.org", "example.net")));
  CHECK_FALSE(still_known(known, first, other).own);
  CHECK_FALSE(still_known(known, first, good(leasing())).own);
}

TEST_CASE(
    "BOOT-02: a home address of the operator's is asked for where the home agent is not known") {
  const Configuration node = good(blank("home_address = \"2001:db8:1::10\"\n" + kDomain));
  CHECK(node.mobile_node->bootstraps);
  CHECK(node.mobile_node->bootstrap.wished_home == kHome);
  const Configuration agent = good(blank("home_agent = \"2001:db8:1::1\""));
  CHECK(agent.mobile_node->bootstraps);
  CHECK(agent.mobile_node->bootstrap.home_agent == kAgent);
}

TEST_CASE("BOOT-07: a node without an address and without a pool for one is refused") {
  const std::string no_pool = replaced(kUser, "pools = [\"homes\"]\n", "");
  check_refused(parse(leasing(no_pool)), "7:8", "none to give");
  // Of another link.
  check_refused(parse(leasing(kUser, replaced(replaced(kPool, "8:1::100", "8:2::100"), "8:1::1ff",
                                              "8:2::1ff"))),
                "7:8", "none to give");
  check_refused(parse(leasing(replaced(kUser, "user_1@", "@"))), "7:8", "may be several nodes");
  check_refused(parse(kHomeLink + "[[home_agent.nodes]]\nname = \"mn\"\n" + kSasOfPair + kPorts),
                "5:1", "home_address");
}

TEST_CASE("BOOT-02: whoever answers for the name that DNS gave proves the identity of the entry") {
  const Configuration node = good(blank(kDomain));
  const Peer& agent = node.peers.front().peer;
  REQUIRE(agent.identities.size() == 1);
  CHECK(agent.identities.front().text() == "ha.example.org");
  CHECK_FALSE(agent.locator.remote);
  CHECK_FALSE(agent.remote.empty());
}

}  // namespace sallyport::config_bootstrap_test
