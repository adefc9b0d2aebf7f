// A mobile node whose SAs are negotiated, by what leaves it and with its home agent's IKE at the
// other end (RFC 4877 4.4, 7.3).
#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "mip6/router_advertisement.h"
#include "net/mobility_extensions.h"
#include "net/neighbour_discovery.h"
#include "net/udp.h"
#include "tests/gateway/config_support.h"
#include "tests/gateway/mobility_wires.h"
#include "tests/gateway/recorded_keys.h"
#include "tests/gateway/wired_gateway.h"
#include "tests/ike/two_peers.h"

namespace sallyport::mobile_node_ike_test {

using namespace test;

namespace {

constexpr PortId kWireless{1};
constexpr std::size_t kBeforeIke = 40 + sizeof(UdpHeader);

const std::string kByIke = R"([mobile_node]
home_address = "2001:db8:1::10"
home_agent = "2001:db8:1::1"
links = "wlan"
address_check = "optimistic"
payload = "tcp"
peer = "agent"
proposals = ["aes128-gcm16"]

[[peer]]
name = "agent"
remote = "2001:db8:1::1"
identities = "ha.example.org"
local_id = "user@example.org"
psk = { file = "keys/psk" }
)";

struct Sent {
  Address source;
  std::uint8_t next{};
  PacketBytes packet;
};

// With its home agent's IKE, which knows it by name, and says what it likes of where it is.
class NegotiatingNode {
 public:
  explicit NegotiatingNode(const std::string& more = {})
      : gateway_(2, kMobileNodeWires, kByIke + more), agent(gateway_.running().clock(), kAgent, 7) {
    Peer user =
        ike::test::psk_peer("user", "user@example.org", "ha.example.org", std::string(kSamplePsk));
    user.may_claim = {{kHome, kHome}};
    user.mobility = PeerMobility::MobileIpv6;
    agent.set_peers({std::move(user)});
    Policy binding;
    binding.name = "binding";
    binding.action = PolicyAction::Protect;
    binding.selectors = {
        {.local = {{kAgent, kAgent}}, .remote = {{kHome, kHome}}, .protocol = kProtocolMobility}};
    binding.protect.emplace();
    binding.protect->mode = IpsecMode::Transport;
    binding.protect->peer = "user";
    binding.protect->proposals = {parse_transform("aes128-gcm16").value()};
    agent.add_policy(std::move(binding));
    agent.start();
  }

  // From the router of a link, whose prefix is 2001:db8:LETTER::/64.
  void hear(char letter) {
    using mip6::PrefixFlag;
    const std::string name(1, letter);
    gateway_.receive(
        kWireless,
        mip6::build_router_advertisement(
            {.source = Address::parse("fe80::" + name).value(),
             .destination = all_nodes(),
             .lifetime = mip6::RouterLifetime(1800),
             .link_address = MacAddress{{2, 0, 0, 0, 0, 0xb}},
             .prefixes = {{.prefix = {Address::parse("2001:db8:" + name + "::").value(), 64},
                           .flags = {PrefixFlag::OnLink, PrefixFlag::Autonomous},
                           .valid = mip6::PrefixLifetime(3600),
                           .preferred = mip6::PrefixLifetime(1800)}}})
            .value());
    gateway_.running().settle();
  }
  void move_to(char letter) {
    REQUIRE(gateway_.running().ask("link-moved", {{"port", "wlan"}}).contains("ok"));
    hear(letter);
  }
  Address care_of(char letter) {
    const Address own = gateway_->dataplane().link_address(kWireless).link_local();
    Address address = Address::parse("2001:db8:" + std::string(1, letter) + "::").value();
    std::copy_n(own.bytes.begin() + 8, 8, address.bytes.begin() + 8);
    return address;
  }
  // What has left by the link but for the link's own protocols.
  std::vector<Sent> out() {
    std::vector<Sent> sent;
    for (PacketBytes& packet : gateway_.sent_datagrams(kWireless)) {
      PacketSummary summary;
      if (summarize(packet, summary) != ParseVerdict::Good || is_link_protocol(summary)) continue;
      sent.push_back({summary.source_address(), packet.at(6), std::move(packet)});
    }
    return sent;
  }
  // What leaves next; jobs of IKE take their time.
  std::vector<Sent> wait() {
    std::vector<Sent> sent;
    wait_for([&] { return !(sent = out()).empty(); });
    return sent;
  }
  // IKE goes to and fro until something else leaves.
  std::vector<Sent> negotiate() {
    std::vector<Sent> others;
    wait_for([&] {
      exchange(others);
      return !others.empty();
    });
    return others;
  }
  // The only one that there is.
  void end_child() {
    const Json children = gateway_.running().rows("show.child-sas");
    REQUIRE(children.size() == 1);
    const std::string name = children.at(0).at("name");
    REQUIRE(gateway_.running().ask("terminate", {{"child", name}}).contains("ok"));
    std::vector<Sent> others;
    wait_for([&] {
      exchange(others);
      return gateway_.running().rows("show.child-sas").empty();
    });
  }
  void pass(Duration time) {
    gateway_.running().clock().advance(time);
    gateway_.running().settle();
  }

 private:
  void wait_for(const std::function<bool()>& there) {
    for (int patience = 5000; patience > 0; --patience) {
      gateway_.running().settle();
      if (there()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    FAIL("it does not come about");
  }
  void exchange(std::vector<Sent>& others) {
    for (Sent& one : out()) {
      if (one.next == kProtocolUdp)
        agent.daemon->receive({{kAgent, kIkePort}, {one.source, kIkePort}},
                              ByteView(one.packet).subspan(kBeforeIke));
      else
        others.push_back(std::move(one));
    }
    for (const ike::test::Datagram& answer : std::exchange(agent.sent, {}))
      gateway_.receive(kWireless, PacketBuilder(kAgent, answer.path.remote.address)
                                      .udp(kIkePort, kIkePort)
                                      .payload(answer.message)
                                      .build());
    gateway_.running().settle();
  }

  WiredGateway gateway_;

 public:
  ike::test::Node agent;
  WiredGateway& gateway() noexcept { return gateway_; }
};

// IKE_SA_INIT from there, by no tunnel and with no Home Address option (MN-12).
void check_init(const std::vector<Sent>& sent, const Address& care_of) {
  REQUIRE(sent.size() == 1);
  CHECK(sent.front().source == care_of);
  REQUIRE(sent.front().next == kProtocolUdp);
  const auto header = ike::parse_header(ByteView(sent.front().packet).subspan(kBeforeIke));
  REQUIRE(header);
  CHECK(header->exchange == ike::ExchangeType::IkeSaInit);
}

// A Binding Update in ESP, from there and with a Home Address option.
void check_update(const std::vector<Sent>& sent, const Address& care_of) {
  REQUIRE(sent.size() == 1);
  CHECK(sent.front().source == care_of);
  const MobilityExtensions found = find_mobility_extensions(sent.front().packet);
  REQUIRE(found.option_at != 0);
  CHECK(found.option_address(sent.front().packet) == kHome);
  CHECK(found.next == kProtocolEsp);
}

}  // namespace

TEST_CASE("MDYN-10, MDYN-15, MN-12: IKE comes first, from the care-of address, then the update") {
  NegotiatingNode node;
  node.hear('b');
  const auto first = node.wait();
  check_init(first, node.care_of('b'));
  node.agent.daemon->receive({{kAgent, kIkePort}, {node.care_of('b'), kIkePort}},
                             ByteView(first.front().packet).subspan(kBeforeIke));
  check_update(node.negotiate(), node.care_of('b'));
  REQUIRE(node.agent.up().size() == 1);
  CHECK(node.agent.up().front()->side == ike::Side::Responder);
}

TEST_CASE("MN-07, MDYN-15: while IKE is asked nothing with the home address leaves in the clear") {
  NegotiatingNode node(R"(
[[policy]]
name = "at-home"
local = "2001:db8:1::10/128"
remote = "::/0"
protocol = "tcp"
action = "bypass"
)");
  node.hear('b');
  check_init(node.wait(), node.care_of('b'));
  node.gateway().receive(
      PortId{0},
      PacketBuilder(kHome, Address::parse("2001:db8:9::9").value()).tcp(1024, 80).build());
  node.gateway().running().settle();
  for (const Sent& one : node.out()) CHECK(one.source != kHome);
}

TEST_CASE("MDYN-10, MAPI-11: a move before IKE is through has it begin anew from the new place") {
  NegotiatingNode node;
  node.hear('b');
  check_init(node.wait(), node.care_of('b'));
  node.move_to('c');
  check_init(node.wait(), node.care_of('c'));
  // Nobody waits for the one before any more.
  node.pass(std::chrono::seconds(2));
  for (const Sent& one : node.wait()) CHECK(one.source == node.care_of('c'));
}

TEST_CASE("MAPI-06, MAPI-09: with negotiated SAs a move costs a Binding Update and no IKE") {
  NegotiatingNode node;
  node.hear('b');
  check_update(node.negotiate(), node.care_of('b'));
  node.move_to('c');
  check_update(node.out(), node.care_of('c'));
}

TEST_CASE("MAPI-11: what asks for SAs for a Binding Update tells its care-of address") {
  RecordedKeys keys;
  NegotiatingNode node;
  node.hear('b');
  check_update(node.negotiate(), node.care_of('b'));
  node.gateway()->acquire_by(keys);
  node.end_child();
  node.pass(std::chrono::seconds(2));  // nobody has acknowledged it: it is sent once more
  REQUIRE(keys.requests.size() == 1);
  CHECK(keys.requests.front().policy == "mobile-node-binding");
  CHECK(keys.requests.front().endpoints == Endpoints{kHome, kAgent});
  CHECK(keys.requests.front().care_of == node.care_of('b'));
}

TEST_CASE("MAPI-11: a Binding Update that has lost its SAs has new ones from where the node is") {
  NegotiatingNode node;
  node.hear('b');
  check_update(node.negotiate(), node.care_of('b'));
  node.end_child();
  node.pass(std::chrono::seconds(2));
  check_update(node.negotiate(), node.care_of('b'));
  CHECK(node.agent.up().size() == 1);
}

}  // namespace sallyport::mobile_node_ike_test
