// A mobile node that knows a domain and its credentials, and a home agent that gives addresses
// away.
#include <catch2/catch.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "mip6/neighbour_options.h"
#include "net/protocol.h"
#include "net/udp.h"
#include "tests/gateway/canned_dns.h"
#include "tests/gateway/config_support.h"
#include "tests/gateway/home_and_node.h"
#include "tests/mip6/dhcp_server.h"

namespace sallyport::mobile_bootstrap_test {

using namespace test;

namespace {

constexpr PortId kOutside = HomeAndNode::kOutside;
const Address kFirstGiven = Address::parse("2001:db8:1::100").value();
const Address kNameServer = Address::parse("2001:db8:53::53").value();
const Address kFar = Address::parse("2001:db8:1::9").value();  // on the home link
constexpr std::size_t kIpBytes = 40;
constexpr std::size_t kUdpBytes = 8;

const std::string kAgentText = kHomeAgentRoute + R"([[neighbour]]
address = "2001:db8:1::9"
mac = "02:00:00:00:00:99"
port = "lan"
[home_agent]
address = "2001:db8:1::1"
link = "lan"
prefixes = ["2001:db8:1::/64"]
[[home_agent.nodes]]
name = "mn"
peer = "user"
payload = "tcp"
[[peer]]
name = "user"
identities = ["user@example.org"]
local_id = "ha.example.org"
psk = { text = "a key that both of them have" }
pools = ["homes"]
[[pool]]
name = "homes"
addresses = "2001:db8:1::100-2001:db8:1::101"
prefix_length = 64
)";
const std::string kNodePorts = R"([[port]]
name = "apps"
device = "wire0"
kind = "local-stack"

[[port]]
name = "wlan"
device = "wire1"
side = "unprotected"
)";
std::string node_text(const std::string& bootstrap) {
  return R"([mobile_node]
links = "wlan"
address_check = "optimistic"
peer = "agent"
payload = "tcp"
bootstrap = { )" +
         bootstrap + R"( }
[[peer]]
name = "agent"
identities = ["ha.example.org"]
local_id = "user@example.org"
psk = { text = "a key that both of them have" }
)";
}
const std::string kByDomain = "domain = \"example.org\", name_servers = \"2001:db8:53::53\"";

class Blank final : public HomeAndNode {
 public:
  explicit Blank(const std::string& bootstrap = kByDomain, const std::string& agent = kAgentText)
      : HomeAndNode(kNodePorts, node_text(bootstrap), agent) {
    dns.services["_mip6._ipv6.example.org"] = {{10, 0, "ha.example.org"}};
    dns.addresses["ha.example.org"] = {kAgent};
  }

  [[nodiscard]] Address home_address() {
    return Address::parse(state().at("home_address").get<std::string>()).value();
  }
  [[nodiscard]] static bool has_policies_of(WiredGateway& gateway, const std::string& address) {
    return std::ranges::any_of(gateway.running().own_policies(), [&](const std::string& name) {
      return name.find(address) != std::string::npos;
    });
  }
  // TCP from the node's applications comes out on the home link, once there are SAs for it.
  [[nodiscard]] bool crosses() {
    const Address from = home_address();
    static_cast<void>(home_agent.sent_datagrams(kInside));
    for (int i = 0; i < 40; ++i) {
      node.receive(kInside, PacketBuilder(from, kFar).tcp(1024, 80).filler(40).build());
      run(std::chrono::milliseconds(100));
      for (const PacketBytes& packet : home_agent.sent_datagrams(kInside)) {
        PacketSummary summary;
        if (summarize(packet, summary) == ParseVerdict::Good && summary.protocol == kProtocolTcp &&
            summary.source_address() == from)
          return true;
      }
    }
    return false;
  }

  CannedDns dns;
  std::optional<mip6::test::DhcpServer> dhcp;
  std::vector<std::string> asked;  // names

 private:
  bool answers(const PacketBytes& packet, const PacketSummary& summary) override {
    if (summary.protocol != kProtocolUdp) return false;
    if (summary.destination_port == 53)
      answer_name(packet, summary);
    else if (summary.destination_port == kDhcpServerPort)
      answer_dhcp(packet, summary);
    else
      return false;
    return true;
  }
  void answer_name(const PacketBytes& packet, const PacketSummary& summary) {
    if (summary.destination_address() != kNameServer) return;
    const ByteView question = ByteView(packet).subspan(kIpBytes + kUdpBytes);
    asked.push_back(CannedDns::read(question).name);
    node.receive(kOutside, PacketBuilder(kNameServer, summary.source_address())
                               .udp(53, summary.source_port)
                               .payload(dns.answer(question))
                               .build());
  }
  void answer_dhcp(const PacketBytes& packet, const PacketSummary& summary) {
    if (!dhcp) return;
    const auto question = ByteView(packet).subspan(kIpBytes + kUdpBytes);
    node.receive(kOutside, PacketBuilder(kRouter, summary.source_address())
                               .udp(kDhcpServerPort, kDhcpClientPort)
                               .payload(dhcp->answer({question.begin(), question.end()}))
                               .build());
  }
};

}  // namespace

TEST_CASE("BOOT-01, BOOT-02: with a domain and a key a node has a home, is registered, and sends") {
  Blank scene;
  CHECK(scene.state().at("home_address").is_null());
  scene.visit();
  scene.until([&] { return scene.registered(); });
  CHECK(scene.asked == std::vector<std::string>{"_mip6._ipv6.example.org", "ha.example.org"});
  CHECK(scene.home_address() == kFirstGiven);
  CHECK(scene.state().at("home_agent") == "2001:db8:1::1");
  REQUIRE(scene.bindings().size() == 1);
  CHECK(scene.bindings().at(0).at("home_address") == "2001:db8:1::100");
  CHECK(scene.bindings().at(0).at("care_of") == scene.state().at("care_of"));
  CHECK(scene.bindings().at(0).at("protected") == true);
  CHECK(Blank::has_policies_of(scene.home_agent, "mn-2001:db8:1::100-binding"));
  CHECK(Blank::has_policies_of(scene.node, "mobile-node-payload-tcp"));
  CHECK(scene.crosses());
  CHECK(scene.plain == 0);
}

TEST_CASE("BOOT-07: when the IKE SA ends, so do the home address and its policies") {
  Blank scene;
  scene.visit();
  scene.until([&] { return scene.registered(); });
  const Json sas = scene.home_agent.running().rows("show.ike-sas");
  REQUIRE(sas.size() == 1);
  // From here on the node hears nothing, so that it does not begin anew at once.
  REQUIRE(scene.home_agent.running()
              .ask("terminate", {{"ike", sas.at(0).at("number")}})
              .contains("ok"));
  for (int i = 0; i < 40; ++i) {
    scene.home_agent.running().clock().advance(std::chrono::seconds(30));
    scene.home_agent.running().settle();
    static_cast<void>(scene.home_agent.sent_datagrams(kOutside));
  }
  CHECK_FALSE(Blank::has_policies_of(scene.home_agent, "2001:db8:1::100"));
  CHECK(scene.home_agent->ike().daemon().pools().usage().front().taken == 0);
  for (const Json& binding : scene.bindings()) CHECK(binding.at("state") != "valid");
}

TEST_CASE("BOOT-01, BOOT-06: a node whose IKE SA has ended has a home again, the same one") {
  Blank scene;
  scene.visit();
  scene.until([&] { return scene.registered(); });
  const Json sas = scene.home_agent.running().rows("show.ike-sas");
  REQUIRE(sas.size() == 1);
  const std::size_t questions = scene.asked.size();
  REQUIRE(scene.home_agent.running()
              .ask("terminate", {{"ike", sas.at(0).at("number")}})
              .contains("ok"));
  scene.until([&] { return scene.asked.size() > questions; });
  scene.until([&] { return scene.registered(); });
  CHECK(scene.home_address() == kFirstGiven);
  CHECK(scene.crosses());
}

TEST_CASE("BOOT-04, BOOT-05: a home address formed of the prefix, where the node wants it so") {
  Blank scene(kByDomain + ", own_address = true",
              kAgentText + "home_prefix = \"2001:db8:1::/64\"\n");
  scene.visit();
  scene.until([&] { return scene.registered(); });
  // Rings have one link address: that identifier is the home agent's, and the next one is a random
  // one.
  const Address formed = scene.home_address();
  CHECK(Prefix::parse("2001:db8:1::/64")->contains(formed));
  CHECK(formed != kFirstGiven);
  REQUIRE(scene.bindings().size() == 1);
  CHECK(scene.bindings().at(0).at("home_address") == to_string(formed));
  CHECK(scene.home_agent->ike().daemon().pools().usage().front().taken == 0);
  CHECK(scene.home_agent.running().rows("show.ike-sas").size() == 1);
  CHECK(scene.crosses());
}

TEST_CASE("BOOT-05: where no address is left that IKE SA ends, and one is formed of the prefix") {
  Blank scene(kByDomain, kAgentText + "home_prefix = \"2001:db8:1::/64\"\n");
  for (const char* const taken : {"2001:db8:1::100", "2001:db8:1::101"})
    REQUIRE(scene.home_agent->ike().daemon().pools().hold(Address::parse(taken).value()));
  scene.visit();
  scene.until([&] { return scene.registered(); });
  CHECK(Prefix::parse("2001:db8:1::/64")->contains(scene.home_address()));
  CHECK(scene.home_address() != kFirstGiven);
  scene.run(std::chrono::seconds(2));
  CHECK(scene.home_agent.running().rows("show.ike-sas").size() == 1);
}

TEST_CASE("BOOT-02: the home agent that does not answer is left for the next one of the service") {
  Blank scene;
  scene.dns.services["_mip6._ipv6.example.org"] = {{1, 0, "gone.example.org"},
                                                   {2, 0, "ha.example.org"}};
  scene.dns.addresses["gone.example.org"] = {Address::parse("2001:db8:dead::1").value()};
  scene.visit();
  for (int i = 0; i < 600 && !scene.registered(); ++i) scene.run(std::chrono::seconds(1));
  REQUIRE(scene.registered());
  CHECK(scene.asked.size() == 3);
  CHECK(scene.state().at("home_agent") == "2001:db8:1::1");
}

TEST_CASE("BOOT-09: the visited link's DHCPv6 server tells of a home agent and of name servers") {
  const bool by_name = GENERATE(false, true);
  Blank scene("dhcp = true");
  scene.dhcp.emplace();
  scene.dhcp->networks = {{.code = 50}};
  if (by_name) {
    scene.dhcp->networks.front().names = {"ha.example.org"};
    scene.dhcp->name_servers = {kNameServer};
  } else {
    scene.dhcp->networks.front().home_agents = {kAgent};
  }
  scene.visit();
  scene.until([&] { return scene.registered(); });
  CHECK(scene.home_address() == kFirstGiven);
  CHECK(scene.asked.size() == (by_name ? 1 : 0));
}

TEST_CASE("BOOT-01: who has not the home agent's key gives nobody a home") {
  Blank scene(kByDomain, replaced(kAgentText, "a key that both", "another key than both"));
  scene.visit();
  scene.run(std::chrono::seconds(20));
  CHECK(scene.state().at("home_address").is_null());
  CHECK(scene.bindings().empty());
  CHECK_FALSE(Blank::has_policies_of(scene.home_agent, "2001:db8:1::100"));
}

TEST_CASE("BOOT-01: a reload leaves a node its home, and another domain takes it away") {
  Blank scene;
  scene.visit();
  scene.until([&] { return scene.registered(); });
  REQUIRE(scene.node.reload(kNodePorts, node_text(kByDomain) + "[audit]\nremember = 999\n"));
  CHECK(scene.registered());
  CHECK(scene.home_address() == kFirstGiven);
  REQUIRE(scene.home_agent.reload(kHomeAgentWires, kAgentText + "[audit]\nremember = 999\n"));
  CHECK(Blank::has_policies_of(scene.home_agent, "mn-2001:db8:1::100-binding"));
  CHECK(scene.crosses());
  REQUIRE(scene.node.reload(kNodePorts, node_text(replaced(kByDomain, "example.org", "b.org"))));
  CHECK(scene.state().at("home_address").is_null());
  CHECK_FALSE(scene.registered());
}

}  // namespace sallyport::mobile_bootstrap_test
