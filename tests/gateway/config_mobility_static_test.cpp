// The short form of static IPsec for Mobile IPv6, entry by entry (seed 4.3.1.1; RFC 3776 5.2, RFC
// 4877 6).
#include "tests/gateway/config_mobility.h"

namespace sallyport::config_mobility_static_test {

using namespace test;

namespace {

const std::string kTcp = "payload = \"tcp\"\n" + kSasOfPair;

Configuration home_agent() {
  auto read = parse(home_agent_text(kTcp) + study_sas(SeenBy::HomeAgent));
  INFO(said(read));
  REQUIRE(read);
  return std::move(*read);
}
Configuration mobile_node() {
  auto read = parse(mobile_node_text(kTcp) + study_sas(SeenBy::MobileNode));
  INFO(said(read));
  REQUIRE(read);
  return std::move(*read);
}

const Policy& policy_of(const Configuration& configuration, std::string_view name) {
  const auto found = std::ranges::find(configuration.policies, name, &Policy::name);
  INFO(name);
  REQUIRE(found != configuration.policies.end());
  return *found;
}
const Sa& sa_of(const Configuration& configuration, std::string_view name) {
  const auto found = std::ranges::find(configuration.sas, name, &Sa::name);
  REQUIRE(found != configuration.sas.end());
  return *found;
}

// The one selector set, in words.
std::string only_selector(const std::vector<Selector>& selectors) {
  REQUIRE(selectors.size() == 1);
  return to_string(selectors.front());
}

struct Wanted {
  std::string selectors;
  IpsecMode mode{};
  std::vector<std::string> sas;
  std::optional<Address> tunnel{};
};
void check_entry(const Policy& policy, const Wanted& wanted) {
  CHECK(only_selector(policy.selectors) == wanted.selectors);
  REQUIRE(policy.protect);
  CHECK(policy.action == PolicyAction::Protect);
  CHECK(policy.protect->protocol == IpsecProtocol::Esp);
  CHECK(policy.protect->mode == wanted.mode);
  CHECK(policy.protect->sas == wanted.sas);
  CHECK(policy.tunnel == wanted.tunnel);
}

struct WantedSa {
  Direction direction{};
  std::uint32_t spi{};
  IpsecMode mode{};
  Endpoints endpoints;
  std::string selectors;
};
void check_sa(const Sa& sa, const WantedSa& wanted) {
  CHECK(sa.direction == wanted.direction);
  CHECK(sa.spi == Spi{wanted.spi});
  CHECK(sa.protocol == IpsecProtocol::Esp);
  CHECK(sa.mode == wanted.mode);
  CHECK(sa.endpoints == wanted.endpoints);
  CHECK(only_selector(sa.selectors) == wanted.selectors);
  // Whatever the care-of address is, the SPI alone finds it (MAPI-05).
  CHECK(sa.lookup == SaLookup::Spi);
}

constexpr IpsecMode kTransport = IpsecMode::Transport;
constexpr IpsecMode kTunnel = IpsecMode::Tunnel;
constexpr Direction kOut = Direction::Outbound;
constexpr Direction kIn = Direction::Inbound;

// Types are told as numbers: type * 256, and of ICMPv6 with all codes.
const std::string kNodeBinding = "2001:db8:1::10 <-> 2001:db8:1::1 mobility 1280 <-> 1536";
const std::string kAgentBinding = "2001:db8:1::1 <-> 2001:db8:1::10 mobility 1536 <-> 1280";
const std::string kNodeTests = "2001:db8:1::10 <-> ::/0 mobility 256 <-> 768";
const std::string kAgentTests = "::/0 <-> 2001:db8:1::10 mobility 768 <-> 256";
const std::string kNodePrefixes =
    "2001:db8:1::10 <-> 2001:db8:1::1 icmpv6 37376-37631 <-> 37632-37887";
const std::string kAgentPrefixes =
    "2001:db8:1::1 <-> 2001:db8:1::10 icmpv6 37632-37887 <-> 37376-37631";
const std::string kNodePayload = "2001:db8:1::10 <-> ::/0 tcp any <-> any";
const std::string kAgentPayload = "::/0 <-> 2001:db8:1::10 tcp any <-> any";

const Endpoints kNodeToAgent{kHome, kAgent};
const Endpoints kAgentToNode{kAgent, kHome};

}  // namespace

TEST_CASE("MSEC-01: mobile node SPD-S, h to a, BU sent and BA received, by SA1 and SA2") {
  check_entry(policy_of(mobile_node(), "mobile-node-binding"),
              {kNodeBinding, kTransport, {"sa1", "sa2"}});
}
TEST_CASE("MSEC-02: mobile node SAD SA1, out, spi_a, to a, ESP transport, BU") {
  check_sa(sa_of(mobile_node(), "sa1"), {kOut, 0x1001, kTransport, kNodeToAgent, kNodeBinding});
}
TEST_CASE("MSEC-03: mobile node SAD SA2, in, spi_b, to h, ESP transport, BA") {
  check_sa(sa_of(mobile_node(), "sa2"), {kIn, 0x1002, kTransport, kNodeToAgent, kNodeBinding});
  // A Binding Update does not come in by it (INB-04).
  const Configuration node = mobile_node();
  const Selector& selector = sa_of(node, "sa2").selectors.front();
  SelectorFields packet{kHome, kAgent, kProtocolMobility, kNotApplicable, 6 << 8};
  CHECK(matches(selector, packet));
  packet.remote_port = 5 << 8;
  CHECK_FALSE(matches(selector, packet));
}
TEST_CASE("MSEC-04: home agent SPD-S, a to h, BA sent and BU received, by SA2 and SA1") {
  check_entry(policy_of(home_agent(), "mn-binding"), {kAgentBinding, kTransport, {"sa1", "sa2"}});
}
TEST_CASE("MSEC-05: home agent SAD SA2, out, spi_b, to h, ESP transport, BA") {
  check_sa(sa_of(home_agent(), "sa2"), {kOut, 0x1002, kTransport, kAgentToNode, kAgentBinding});
}
TEST_CASE("MSEC-06: home agent SAD SA1, in, spi_a, to a, ESP transport, BU of h alone") {
  check_sa(sa_of(home_agent(), "sa1"), {kIn, 0x1001, kTransport, kAgentToNode, kAgentBinding});
  SelectorFields other{kAgent, Address::parse("2001:db8:1::11").value(), kProtocolMobility,
                       kNotApplicable, 5 << 8};
  CHECK_FALSE(matches(sa_of(home_agent(), "sa1").selectors.front(), other));
}
TEST_CASE("MSEC-07: mobile node SPD-S, h to any, HoTI sent and HoT received, by SA3 and SA4") {
  check_entry(policy_of(mobile_node(), "mobile-node-return-routability"),
              {kNodeTests, kTunnel, {"sa3", "sa4"}});
}
TEST_CASE("MSEC-08: mobile node SAD SA3, out, spi_c, tunnel to a, HoTI") {
  check_sa(sa_of(mobile_node(), "sa3"), {kOut, 0x1003, kTunnel, kNodeToAgent, kNodeTests});
}
TEST_CASE("MSEC-09: mobile node SAD SA4, in, spi_d, tunnel from a, HoT") {
  check_sa(sa_of(mobile_node(), "sa4"), {kIn, 0x1004, kTunnel, kNodeToAgent, kNodeTests});
}
TEST_CASE("MSEC-10: home agent SPD-S, any to h, HoT sent and HoTI received, by SA4 and SA3") {
  check_entry(policy_of(home_agent(), "mn-return-routability"),
              {kAgentTests, kTunnel, {"sa3", "sa4"}});
}
TEST_CASE("MSEC-11: home agent SAD SA4, out, spi_d, tunnel to the node, HoT") {
  check_sa(sa_of(home_agent(), "sa4"), {kOut, 0x1004, kTunnel, kAgentToNode, kAgentTests});
}
TEST_CASE("MSEC-12: home agent SAD SA3, in, spi_c, tunnel to a, HoTI") {
  check_sa(sa_of(home_agent(), "sa3"), {kIn, 0x1003, kTunnel, kAgentToNode, kAgentTests});
}
TEST_CASE("MSEC-13: mobile node SPD-S, h to a, MPS sent and MPA received, by SA5 and SA6") {
  check_entry(policy_of(mobile_node(), "mobile-node-prefix-discovery"),
              {kNodePrefixes, kTransport, {"sa5", "sa6"}});
}
TEST_CASE("MSEC-14: mobile node SAD SA5, out, spi_e, to a, ESP transport, MPS") {
  check_sa(sa_of(mobile_node(), "sa5"), {kOut, 0x1005, kTransport, kNodeToAgent, kNodePrefixes});
}
TEST_CASE("MSEC-15: mobile node SAD SA6, in, spi_f, to h, ESP transport, MPA and no echo reply") {
  check_sa(sa_of(mobile_node(), "sa6"), {kIn, 0x1006, kTransport, kNodeToAgent, kNodePrefixes});
  const SelectorFields echo{kHome, kAgent, kProtocolIcmpv6, kNotApplicable, 129 << 8};
  CHECK_FALSE(matches(sa_of(mobile_node(), "sa6").selectors.front(), echo));
}
TEST_CASE("MSEC-16: home agent SPD-S, a to h, MPA sent and MPS received, by SA6 and SA5") {
  check_entry(policy_of(home_agent(), "mn-prefix-discovery"),
              {kAgentPrefixes, kTransport, {"sa5", "sa6"}});
}
TEST_CASE("MSEC-17: home agent SAD SA6, out, spi_f, to h, ESP transport, MPA") {
  check_sa(sa_of(home_agent(), "sa6"), {kOut, 0x1006, kTransport, kAgentToNode, kAgentPrefixes});
}
TEST_CASE("MSEC-18: home agent SAD SA5, in, spi_e, to a, ESP transport, MPS") {
  check_sa(sa_of(home_agent(), "sa5"), {kIn, 0x1005, kTransport, kAgentToNode, kAgentPrefixes});
}
TEST_CASE("MSEC-19: mobile node SPD, out by the tunnel to a, h to any, protocol X, by SA7") {
  check_entry(policy_of(mobile_node(), "mobile-node-payload-tcp"),
              {kNodePayload, kTunnel, {"sa7", "sa8"}, kAgent});
}
TEST_CASE("MSEC-20: mobile node SPD, in by the tunnel from a, any to h, protocol X, by SA8") {
  const Configuration node = mobile_node();
  const Policy& policy = policy_of(node, "mobile-node-payload-tcp");
  CHECK(policy.direction == PolicyDirection::Both);
  CHECK(policy.tunnel == kAgent);
  CHECK(matches(policy.selectors.front(),
                {kHome, Address::parse("2001:db8:9::9").value(), kProtocolTcp, 80, 1024}));
}
TEST_CASE("MSEC-21: mobile node SAD SA7, out, spi_g, tunnel to a, h to any, X") {
  check_sa(sa_of(mobile_node(), "sa7"), {kOut, 0x1007, kTunnel, kNodeToAgent, kNodePayload});
}
TEST_CASE("MSEC-22: mobile node SAD SA8, in, spi_h, tunnel from a, any to h, X") {
  check_sa(sa_of(mobile_node(), "sa8"), {kIn, 0x1008, kTunnel, kNodeToAgent, kNodePayload});
}
TEST_CASE("MSEC-23: home agent SPD, out by the tunnel to h, any to h, protocol X, by SA8") {
  check_entry(policy_of(home_agent(), "mn-payload-tcp"),
              {kAgentPayload, kTunnel, {"sa7", "sa8"}, kHome});
}
TEST_CASE("MSEC-24: home agent SPD, in by the tunnel from h, h to any, protocol X, by SA7") {
  const Configuration agent = home_agent();
  const Policy& policy = policy_of(agent, "mn-payload-tcp");
  CHECK(policy.direction == PolicyDirection::Both);
  CHECK(policy.tunnel == kHome);
  CHECK(matches(policy.selectors.front(),
                {Address::parse("2001:db8:9::9").value(), kHome, kProtocolTcp, 1024, 80}));
}
TEST_CASE("MSEC-25: home agent SAD SA8, out, spi_h, tunnel to the node, any to h, X") {
  check_sa(sa_of(home_agent(), "sa8"), {kOut, 0x1008, kTunnel, kAgentToNode, kAgentPayload});
}
TEST_CASE("MSEC-26: home agent SAD SA7, in, spi_g, tunnel to a, h to any, X") {
  check_sa(sa_of(home_agent(), "sa7"), {kIn, 0x1007, kTunnel, kAgentToNode, kAgentPayload});
}

}  // namespace sallyport::config_mobility_static_test
