// [home_agent], [mobile_node], [correspondent]: their order, their defaults, and what is refused.
#include "tests/gateway/config_mobility.h"
#include "gateway/mip6_roles.h"
#include "gateway/policy_plan.h"
#include "spd/tunnel_policies.h"

namespace sallyport::config_mobility_test {

using namespace test;

namespace {

const std::string kPeerLine = "peer = \"p\"\n";
const std::string kUser = R"([[peer]]
name = "p"
identities = "user@example.org"
local_id = "ha.example.org"
psk = { file = "keys/psk" }
)";

std::vector<std::string> names(const std::vector<Policy>& policies) {
  std::vector<std::string> list;
  for (const Policy& policy : policies) list.push_back(policy.name);
  return list;
}

Configuration good(const std::string& text) {
  auto read = parse(text);
  INFO(said(read));
  REQUIRE(read);
  return std::move(*read);
}
Configuration with_node(const std::string& lines) {
  return good(home_agent_text(lines + kPeerLine) + kUser);
}

const Policy& policy_of(const Configuration& configuration, std::string_view name) {
  const auto found = std::ranges::find(configuration.policies, name, &Policy::name);
  INFO(name);
  REQUIRE(found != configuration.policies.end());
  return *found;
}

}  // namespace

TEST_CASE("MSEC-30: first IKE and what is signalled, then payload, and last what is in clear") {
  const Configuration agent = good(
      kHomeLink +
      "[[home_agent.nodes]]\nname = \"one\"\nhome_address = \"2001:db8:1::10\"\npeer = \"p\"\n"
      "payload = \"any\"\nmulticast = true\ndhcp = true\n"
      "[[home_agent.nodes]]\nname = \"two\"\nhome_address = \"2001:db8:1::11\"\npeer = \"q\"\n" +
      kPorts + kUser + replaced(replaced(kUser, "\"p\"", "\"q\""), "user@", "other@"));
  CHECK(names(agent.policies) ==
        std::vector<std::string>{"home-agent-ike", "one-binding", "two-binding",
                                 "one-return-routability", "two-return-routability",
                                 "one-prefix-discovery", "two-prefix-discovery", "one-multicast",
                                 "one-dhcp", "one-groups", "one-other-mobility", "one-payload",
                                 "two-tunnel", "home-agent-signalling", "home-agent-forwarding"});
  REQUIRE(agent.mobility_policies.size() == agent.policies.size());
  for (std::size_t i = 0; i < agent.policies.size(); ++i)
    CHECK(agent.mobility_policies[i].policy == agent.policies[i].name);
}

TEST_CASE("MSEC-30: the rest of the Mobility Header and of MPS and MPA is nobody's payload") {
  const Configuration agent = with_node("payload = \"any\"\n");
  const Policy& rest = policy_of(agent, "mn-other-mobility");
  CHECK(rest.action == PolicyAction::Bypass);
  CHECK(rest.tunnel == kHome);
  const Address peer = Address::parse("2001:db8:9::9").value();
  const auto is_met = [&](std::uint8_t protocol, PortValue type) {
    return std::ranges::any_of(rest.selectors, [&](const Selector& selector) {
      return matches(selector, {peer, kHome, protocol, type, kNotApplicable});
    });
  };
  CHECK(is_met(kProtocolMobility, 0));
  CHECK(is_met(kProtocolMobility, 5 << 8));
  CHECK(is_met(kProtocolIcmpv6, 147 << 8));
  CHECK_FALSE(is_met(kProtocolIcmpv6, 128 << 8));
  CHECK_FALSE(is_met(kProtocolTcp, 80));
}

TEST_CASE("MN-12: IKE with the home agent ranks above all that is protected") {
  const Configuration node = good(mobile_node_text(kPeerLine + "payload = \"any\"\n") +
                                  replaced(kUser, "psk", "remote = \"2001:db8:1::1\"\npsk"));
  const Policy& ike = node.policies.front();
  CHECK(ike.name == "mobile-node-ike");
  CHECK(ike.action == PolicyAction::Bypass);
  const Address care_of = Address::parse("2001:db8:77::5").value();
  CHECK(matches(ike.selectors.front(), {care_of, kAgent, kProtocolUdp, 500, 500}));
  CHECK(matches(ike.selectors.front(), {care_of, kAgent, kProtocolUdp, 4500, 4500}));
  CHECK_FALSE(matches(ike.selectors.front(), {care_of, kAgent, kProtocolUdp, 501, 500}));
  CHECK_FALSE(matches(ike.selectors.front(), {care_of, care_of, kProtocolUdp, 500, 500}));
}

TEST_CASE("MSEC-38: tunnelled MLD and DHCPv6 have entries that only the tunnel tells apart") {
  const Configuration agent = with_node("multicast = true\ndhcp = true\n");
  const Address link_local = Address::parse("fe80::1").value();
  const Address group = Address::parse("ff02::16").value();
  const Policy& mld = policy_of(agent, "mn-multicast");
  CHECK(mld.tunnel == kHome);
  CHECK(mld.protect->mode == IpsecMode::Tunnel);
  for (const std::uint32_t type : {130u, 131u, 132u, 143u})
    CHECK(matches(mld.selectors.front(),
                  {link_local, group, kProtocolIcmpv6, type << 8, kNotApplicable}));
  CHECK_FALSE(matches(mld.selectors.front(),
                      {link_local, group, kProtocolIcmpv6, 135 << 8, kNotApplicable}));
  CHECK(matches(policy_of(agent, "mn-dhcp").selectors.front(),
                {link_local, group, kProtocolUdp, 547, 546}));
  // What the groups bring has an entry of its own, and SAs.
  const Policy& groups = policy_of(agent, "mn-groups");
  CHECK(groups.tunnel == kHome);
  CHECK(groups.protect->mode == IpsecMode::Tunnel);
  const Address global = Address::parse("ff0e::101").value();
  CHECK(matches(groups.selectors.front(), {kAgent, global, kProtocolUdp, 9, 9}));
  CHECK_FALSE(matches(groups.selectors.front(), {kAgent, kHome, kProtocolUdp, 9, 9}));
  CHECK(is_wide(groups));
  // Before the shipped entry, which lets MLD pass on links.
  const auto planned = names(plan_policies(agent));
  CHECK(planned.front() == "mn-multicast");
  CHECK(std::ranges::count(planned, "mn-multicast") == 1);
}

TEST_CASE("MSEC-35: selectors by protocol alone, and one tunnel for all") {
  const Configuration coarse = with_node("selectors = \"protocol\"\n");
  CHECK(to_string(policy_of(coarse, "mn-binding").selectors.front()) ==
        "2001:db8:1::1 <-> 2001:db8:1::10 mobility any <-> any");
  CHECK(to_string(policy_of(coarse, "mn-return-routability").selectors.front()) ==
        "::/0 <-> 2001:db8:1::10 mobility any <-> any");
  const Configuration tunnel = with_node("selectors = \"tunnel\"\n");
  CHECK(names(tunnel.policies) == std::vector<std::string>{"home-agent-ike", "mn-everything",
                                                           "home-agent-signalling",
                                                           "home-agent-forwarding"});
  const Policy& all = policy_of(tunnel, "mn-everything");
  CHECK(to_string(all.selectors.front()) == "::/0 <-> 2001:db8:1::10 any any <-> any");
  CHECK(all.protect->mode == IpsecMode::Tunnel);
  // The Binding Update itself goes through it.
  CHECK_FALSE(all.tunnel);
}

TEST_CASE("NEMO-04: what a mobile router's networks exchange is payload too") {
  const Configuration agent = with_node("prefixes = \"2001:db8:70::/56\"\npayload = \"any\"\n");
  CHECK(to_string(policy_of(agent, "mn-payload").selectors.front()) ==
        "::/0 <-> 2001:db8:1::10,2001:db8:70::/56 any any <-> any");
}

TEST_CASE("NEMO-04: networks are behind the first of a node's home addresses") {
  const Configuration agent = good(kHomeLink +
                                   "[[home_agent.nodes]]\nname = \"mn\"\n"
                                   "home_address = [\"2001:db8:1::10\", \"2001:db8:1::11\"]\n"
                                   "prefixes = \"2001:db8:70::/56\"\npayload = \"any\"\n" +
                                   kPeerLine + kPorts + kUser);
  CHECK(to_string(policy_of(agent, "mn-payload").selectors.front()) ==
        "::/0 <-> 2001:db8:1::10,2001:db8:70::/56 any any <-> any");
  CHECK(to_string(policy_of(agent, "mn-2-payload").selectors.front()) ==
        "::/0 <-> 2001:db8:1::11 any any <-> any");
  const std::vector<mip6::ServedNode> nodes = served_nodes(agent);
  REQUIRE(nodes.size() == 2);
  CHECK(nodes[0].networks == agent.home_agent->nodes[0].prefixes);
  CHECK(nodes[1].networks.empty());
  CHECK_FALSE(nodes[1].services.has(mip6::Service::MobileRouter));
  CHECK(nodes[0].node == nodes[1].node);
  CHECK(mip6::ServedNodes::of(nodes, 0));
}

TEST_CASE("BOOT-04, HA-02: an address that a node has found is not served twice") {
  Configuration agent = with_node("");
  HomeNodeConfig finder = agent.home_agent->nodes.front();
  finder.leases = true;
  finder.prefixes = {Prefix::parse("2001:db8:70::/56").value()};
  agent.home_agent->nodes.insert(agent.home_agent->nodes.begin(), finder);
  const std::vector<mip6::ServedNode> nodes = served_nodes(agent);
  REQUIRE(nodes.size() == 1);
  CHECK(nodes.front().networks.empty());  // it is the operator's node that has it
  CHECK(nodes.front().node == 1u);
}

TEST_CASE("NEMO-03: networks of two nodes that overlap are refused where they stand") {
  const auto two = [](std::string_view first, std::string_view second) {
    return kHomeLink +
           "[[home_agent.nodes]]\nname = \"one\"\nhome_address = \"2001:db8:1::10\"\n"
           "prefixes = " +
           std::string(first) + "\npeer = \"p\"\n" +
           "[[home_agent.nodes]]\nname = \"two\"\nhome_address = \"2001:db8:1::11\"\n"
           "prefixes = " +
           std::string(second) + "\npeer = \"q\"\n" + kPorts + kUser +
           replaced(replaced(kUser, "\"p\"", "\"q\""), "user@", "other@");
  };
  check_refused(parse(two("\"2001:db8:70::/56\"", "\"2001:db8:70:8::/61\"")), "13:12",
                "prefixes: 2001:db8:70:8::/61 overlaps 2001:db8:70::/56 of node \"one\"");
  CHECK_FALSE(parse(two("\"2001:db8:70:8::/61\"", "\"2001:db8:70::/56\"")));
  CHECK_FALSE(parse(two("\"2001:db8:70::/56\"", "\"2001:db8:70::/56\"")));
  CHECK_FALSE(parse(two("[\"2001:db8:70::/56\", \"2001:db8:70:1::/64\"]", "\"2001:db8:80::/56\"")));
  CHECK_FALSE(parse(two("[\"2001:db8::/32\", \"2001:db8:1::/48\"]", "\"2001:db8:f00::/40\"")));
  good(two("[\"2001:db8:70::/56\", \"2001:db8:70:100::/56\"]", "\"2001:db8:80::/56\""));
}

TEST_CASE("NDX-02: an address in no home prefix is refused where it is to be advertised") {
  const std::string text = replaced(home_agent_text(kPeerLine) + kUser,
                                    "address = \"2001:db8:1::1\"", "address = \"2001:db8:2::1\"");
  const std::string ports = replaced(text, "\"2001:db8:1::1/64\"", "\"2001:db8:2::1/64\"");
  check_refused(parse(ports), "2:11", "address: 2001:db8:2::1 is in no home prefix, and is to be");
  good(replaced(ports, "link = \"lan\"\n", "link = \"lan\"\ndiscovery = false\n"));
}

TEST_CASE("RR-12: route optimisation can be switched off, on mobile nodes and correspondents") {
  const Configuration off = with_node("route_optimisation = false\n");
  CHECK(off.correspondent.enabled);
  const auto takes_updates = [](const Configuration& configuration) {
    return matches(policy_of(configuration, "home-agent-signalling").selectors.front(),
                   {kAgent, Address::parse("2001:db8:9::9").value(), kProtocolMobility,
                    kNotApplicable, 5 << 8});
  };
  CHECK(takes_updates(off));
  const Configuration silent =
      good("[correspondent]\nenabled = false\n" + home_agent_text(kPeerLine) + kUser);
  CHECK_FALSE(silent.correspondent.enabled);
  CHECK_FALSE(takes_updates(silent));
  // A node that has nothing else to do with mobility is one where it says so.
  CHECK(good(kPorts).policies.empty());
  CHECK(names(good("[correspondent]\n" + kPorts).policies) ==
        std::vector<std::string>{"correspondent-signalling"});
}

TEST_CASE(
    "RR-12: what is not to optimise routes has its tests discarded, in every kind of tunnel") {
  const auto selectors =
      GENERATE("", "selectors = \"protocol\"\n", "selectors = \"tunnel\"\n", "payload = \"any\"\n");
  CAPTURE(selectors);
  const Configuration off =
      with_node(std::string("route_optimisation = false\n") + std::string(selectors));
  const Address other = Address::parse("2001:db8:9::9").value();
  const auto first = [&](PortValue sent, PortValue received) -> std::string {
    for (const Policy& policy : off.policies)
      if (matches(policy.selectors.front(), {other, kHome, kProtocolMobility, sent, received}))
        return policy.name + (policy.action == PolicyAction::Discard ? " discards" : "");
    return "none";
  };
  // From the node, and to it: before any entry that would let them through.
  CHECK(first(kNotApplicable, 1 << 8) == "mn-return-routability discards");
  CHECK(first(3 << 8, kNotApplicable) == "mn-return-routability discards");
  // It is a correspondent of others all the same.
  CHECK(first(1 << 8, kNotApplicable) != "mn-return-routability discards");
  CHECK(first(kNotApplicable, 3 << 8) != "mn-return-routability discards");
  const Policy& refused = policy_of(off, "mn-return-routability");
  CHECK_FALSE(refused.protect);
  CHECK_FALSE(refused.tunnel);
  const Configuration node =
      good(mobile_node_text("route_optimisation = false\n" + std::string(selectors) + kPeerLine) +
           kUser);
  CHECK(policy_of(node, "mobile-node-return-routability").action == PolicyAction::Discard);
}

TEST_CASE("ARCH-13: mobility is exported as its sections, to the same bytes again") {
  const std::string files = kHomeLink + R"(max_lifetime = "1h"
refresh_advice = "10m"
discovery = false
forwarding = false
max_bindings = 5
advertisements = { min_interval = "30ms", max_interval = "70ms", preference = 7, lifetime = "1m" }
[[home_agent.nodes]]
name = "mn"
home_address = "2001:db8:1::10"
payload = ["udp", "tcp"]
)" + kSasOfPair + study_sas(SeenBy::HomeAgent) +
                            R"([[home_agent.nodes]]
name = "router"
home_address = ["2001:db8:1::20", "2001:db8:1::21"]
prefixes = "2001:db8:70::/56"
peer = "p"
selectors = "protocol"
payload = "any"
multicast = true
dhcp = true
proposals = "aes128-gcm16"
signalling_protocol = "ah"
signalling_proposals = "hmac-sha256-128"
sa_lifetime = "8h"
[correspondent]
max_bindings = 9
[mobile_node]
links = "wan"
home_prefix_length = 60
lifetime = "40s"
migrate = "on-acknowledgement"
prefixes = "2001:db8:80::/56"
bootstrap = { domain = "example.org", name_servers = "2001:db8:53::53", dhcp = true, own_address = true }
peer = "q"
route_optimisation = false
prefix_discovery = false
[[policy]]
name = "bound"
interface = "tunnel 2001:db8:1::20"
action = "discard"
)" + kPorts + kUser + replaced(kUser, "\"p\"", "\"q\"");
  const Configuration read = good(files);
  const auto first = to_toml(read);
  REQUIRE(first);
  CHECK(first->find("mn-binding") == std::string::npos);
  CHECK(first->find("interface = \"tunnel 2001:db8:1::20\"") != std::string::npos);
  const auto again = parse(*first);
  INFO(said(again));
  REQUIRE(again);
  CHECK(to_toml(*again).value() == *first);
  CHECK(again->home_agent == read.home_agent);
  CHECK(again->mobile_node == read.mobile_node);
  CHECK(again->policies == read.policies);
  CHECK(read.home_agent->advertisements.min_interval == std::chrono::milliseconds(30));
  CHECK(read.mobile_node->migrate == TunnelMove::OnAcknowledgement);
}

TEST_CASE("MSEC-31: what protects mobility has integrity, and what hides it encrypts") {
  const std::string node = "payload = \"tcp\"\n" + kSasOfPair;
  const auto with_rr = [&](const std::string& from, const std::string& to) {
    return parse("[crypto]\nallow = [\"null\"]\n" + home_agent_text(node) +
                 replaced(study_sas(SeenBy::HomeAgent), from, to));
  };
  const std::string sa3 = study_sa(3, "in");
  const std::string null_cipher =
      replaced(replaced(sa3, "aes128-cbc+", "null+"), "key = { file = \"keys/16\" }\n", "");
  check_refused(with_rr(sa3, null_cipher), "11:7", "SA \"sa3\" of policy");
  check_refused(with_rr(sa3, null_cipher), "11:7", "encrypts nothing");
  // Of Binding Updates only integrity is asked.
  const std::string sa1 = study_sa(1, "in");
  CHECK(with_rr(
      sa1, replaced(replaced(sa1, "aes128-cbc+", "null+"), "key = { file = \"keys/16\" }\n", "")));
  const std::string open = replaced(
      replaced(sa1, "+hmac-sha256-128", "+none"), "integrity_key = { file = \"keys/32\" }\n",
      "allow_unauthenticated = true\nreplay_window = 0\nesn = false\n");
  check_refused(with_rr(sa1, open), "11:7", "SA \"sa1\" of policy \"mn-binding\" has no integrity");
  check_refused(
      parse("[crypto]\nallow = [\"null\"]\n" +
            home_agent_text(kPeerLine + "proposals = \"null+hmac-sha256-128\"\n") + kUser),
      "11:13", "encrypts nothing");
}

TEST_CASE("MSEC-31: AH may protect what is only signalled, never what is in the tunnel") {
  const std::string ah = "signalling_protocol = \"ah\"\n";
  const Configuration negotiated =
      with_node(ah + "payload = \"any\"\nproposals = \"aes128-gcm16\"\n");
  for (const auto& [name, protocol] : {std::pair("mn-binding", IpsecProtocol::Ah),
                                       std::pair("mn-prefix-discovery", IpsecProtocol::Ah),
                                       std::pair("mn-return-routability", IpsecProtocol::Esp),
                                       std::pair("mn-payload", IpsecProtocol::Esp)}) {
    INFO(name);
    const Protection& protect = *policy_of(negotiated, name).protect;
    CHECK(protect.protocol == protocol);
    // What tunnels are offered is of ESP.
    CHECK(protect.proposals.empty() == (protocol == IpsecProtocol::Ah));
  }
  // Configured SAs are what the policy says.
  std::string sas = study_sas(SeenBy::HomeAgent);
  for (const unsigned number : {1u, 2u, 5u, 6u}) {
    const std::string sa = study_sa(number, number % 2 == 1 ? "in" : "out");
    sas = replaced(sas, sa,
                   replaced(replaced(sa, "aes128-cbc+", ""), "key = { file = \"keys/16\" }\n", ""));
  }
  const Configuration configured =
      good(home_agent_text(ah + "payload = \"tcp\"\n" + kSasOfPair) + sas);
  for (const Sa& sa : configured.sas) {
    INFO(sa.name);
    const bool signals = sa.mode == IpsecMode::Transport;
    CHECK(sa.protocol == (signals ? IpsecProtocol::Ah : IpsecProtocol::Esp));
  }
  check_refused(parse(home_agent_text(kPeerLine + "selectors = \"tunnel\"\n" + ah) + kUser),
                "10:23", "all goes through one tunnel");
}

TEST_CASE("MSEC-33: a manual SA is for one home address alone") {
  check_refused(parse(replaced(home_agent_text(kSasOfPair + "payload = \"tcp\"\n"),
                               "\"2001:db8:1::10\"", "[\"2001:db8:1::10\", \"2001:db8:1::11\"]") +
                      study_sas(SeenBy::HomeAgent)),
                "7:16", "two home addresses on one manual SA");
  check_refused(
      parse(home_agent_text("payload = \"tcp\"\n" + kSasOfPair) + study_sas(SeenBy::HomeAgent) +
            "[[home_agent.nodes]]\nname = \"other\"\nhome_address = \"2001:db8:1::11\"\n"
            "route_optimisation = false\nprefix_discovery = false\n"
            "sas = { binding = [\"sa1\", \"sa2\"] }\n"),
      "84:7", "SA \"sa1\" is for policy \"mn-binding\" already");
}

TEST_CASE("ARCH-13: what cannot be mobility is refused, with its place and a remedy") {
  const auto node = [](const std::string& lines) { return parse(home_agent_text(lines) + kUser); };
  check_refused(node(""), "5:1", "either a peer or SAs");
  check_refused(node(kPeerLine + "payload = \"tcp\"\n" + kSasOfPair), "5:1",
                "either a peer or SAs");
  check_refused(node("peer = \"nobody\"\n"), "8:8", "there is no [[peer]] \"nobody\"");
  check_refused(node("payload = \"mobility\"\n" + kPeerLine), "8:11", "nobody's payload");
  check_refused(node(kPeerLine + "selectors = \"tunnel\"\nmulticast = true\n"), "10:13",
                "all goes through one tunnel");
  check_refused(node("sas = { binding = [\"sa1\", \"sa2\"] }\n"), "8:7",
                "return_routability is missing");
  check_refused(node(kSasOfPair + "sa_lifetime = \"8h\"\npayload = \"tcp\"\n"), "9:15",
                "nothing is negotiated");
  check_refused(node(kPeerLine + "paylod = \"any\"\n"), "9:1", "paylod");
  check_refused(parse(replaced(home_agent_text(kPeerLine), "::10", "::1") + kUser), "7:16",
                "is another's too");
  check_refused(parse(replaced(home_agent_text(kPeerLine), "1::10", "2::10") + kUser), "7:16",
                "is in no home prefix");
  check_refused(parse(replaced(home_agent_text(kPeerLine), "address = \"2001:db8:1::1\"",
                               "address = \"2001:db8:1::3\"") +
                      kUser),
                "2:11", "is no address of a port");
  check_refused(parse(home_agent_text(kPeerLine) + kUser + "mobility = \"mobike\"\n"), "8:8",
                "moved by MOBIKE and by its registrations");
  check_refused(parse(home_agent_text(kPeerLine) + kUser +
                      "[[policy]]\nname = \"mn-binding\"\naction = \"discard\"\n"),
                "28:8", "is what mobility calls one");
  check_refused(parse(replaced(home_agent_text(kPeerLine),
                               "prefixes =", "max_lifetime = \"74h\"\nprefixes =")),
                "4:16", "no lifetime of a binding");
  check_refused(parse(replaced(home_agent_text(kPeerLine),
                               "prefixes =", "refresh_advice = \"2h\"\nprefixes =")),
                "4:18", "no sooner than bindings end");
  check_refused(parse(replaced(home_agent_text(kPeerLine), "prefixes =",
                               "advertisements = { min_interval = \"20ms\" }\nprefixes =")),
                "4:35", "RFC 6275 7.5");
  check_refused(parse("[[policy]]\nname = \"x\"\naction = \"discard\"\ninterface = \"eth0\"\n"),
                "4:13", "no virtual interface");
}

TEST_CASE("ARCH-13: a mobile node that cannot know where it belongs is refused") {
  const auto node = [](const std::string& from, const std::string& to) {
    return parse(replaced(mobile_node_text(kPeerLine), from, to) + kUser);
  };
  const std::string agent = "home_agent = \"2001:db8:1::1\"\n";
  const std::string home = "home_address = \"2001:db8:1::10\"\n";
  check_refused(node(home + agent, ""), "1:1", "nothing says where one is");
  check_refused(node(agent, "discovery = false\n"), "1:1", "nothing says where one is");
  check_refused(node(agent, agent + "bootstrap = { domain = \"example.org\" }\n"), "4:24",
                "is given already");
  check_refused(node(agent, "home_agent = \"2001:db8:1::10\"\n"), "3:14", "own home address");
  check_refused(node("\"wan\"", "\"apps\""), "4:9", "no link to the outside");
  check_refused(parse(replaced(mobile_node_text(kSasOfPair + "payload = \"tcp\"\n"), home, "")),
                "4:7", "of one home address with one home agent");
  // Nothing but IKE and what is signalled, until a home agent and an address are known.
  const Configuration blank =
      good(replaced(mobile_node_text(kPeerLine), home + agent,
                    "bootstrap = { domain = \"example.org\", name_servers = "
                    "\"2001:db8:53::53\" }\n") +
           replaced(kUser, "psk", "remote = \"2001:db8:1::1\"\npsk"));
  CHECK(names(blank.policies) ==
        std::vector<std::string>{"mobile-node-ike", "mobile-node-signalling",
                                 "mobile-node-bootstrap", "correspondent-signalling"});
}

}  // namespace sallyport::config_mobility_test
