// [home_agent], [mobile_node], [correspondent]: their order, their defaults, and what is refused.
#include "tests/gateway/config_mobility.h"
#include "gateway/policy_plan.h"

using namespace sallyport;
using namespace sallyport::test;

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
                                 "one-dhcp", "one-other-mobility", "one-payload", "two-tunnel",
                                 "home-agent-signalling", "home-agent-forwarding"});
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

TEST_CASE("RR-12: route optimisation can be switched off, on mobile nodes and correspondents") {
  const Configuration off = with_node("route_optimisation = false\n");
  CHECK(std::ranges::find(off.policies, "mn-return-routability", &Policy::name) ==
        off.policies.end());
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
signalling_proposals = "aes256-gcm16"
sa_lifetime = "8h"
[correspondent]
max_bindings = 9
[mobile_node]
links = "wan"
home_prefix_length = 60
lifetime = "40s"
migrate = "on-acknowledgement"
prefixes = "2001:db8:80::/56"
bootstrap = { domain = "example.org", own_address = true }
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
  const Configuration blank = good(replaced(mobile_node_text(kPeerLine), home + agent,
                                            "bootstrap = { domain = \"example.org\" }\n") +
                                   replaced(kUser, "psk", "remote = \"2001:db8:1::1\"\npsk"));
  CHECK(names(blank.policies) == std::vector<std::string>{"mobile-node-ike",
                                                          "mobile-node-signalling",
                                                          "correspondent-signalling"});
}
