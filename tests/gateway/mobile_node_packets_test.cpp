// A mobile node at work, by the packets of its two sides: its applications inside, and outside the
// links that it visits.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "mip6/build_message.h"
#include "mip6/neighbour_options.h"
#include "mip6/parse_message.h"
#include "mip6/router_advertisement.h"
#include "net/icmp.h"
#include "net/neighbour_discovery.h"
#include "tests/gateway/mobility_wires.h"
#include "tests/gateway/readable_esp.h"
#include "tests/gateway/wired_gateway.h"

namespace sallyport::mobile_node_packets_test {

using namespace test;

namespace {

constexpr PortId kApplications{0};
constexpr PortId kWireless{1};
constexpr std::uint32_t kToAgent = 0x1001;  // SA1: Binding Updates
constexpr std::uint32_t kToNode = 0x1002;   // SA2: Binding Acknowledgements
constexpr std::uint32_t kHomeTestInits = 0x1003;
constexpr std::uint32_t kUpwards = 0x1007;    // SA7: TCP from the node, in the tunnel
constexpr std::uint32_t kDownwards = 0x1008;  // SA8: and to it

const Address kFar = Address::parse("2001:db8:9::9").value();

// What the policies of the tunnel, which come first, do not have: all there is at home.
const std::string kAtHome = R"([[policy]]
name = "at-home"
local = "2001:db8:1::10/128"
remote = "::/0"
protocol = "tcp"
action = "bypass"
)";

std::string mobile_node_with_readable_sas() {
  std::string text =
      "[crypto]\nallow = \"null\"\n[mobile_node]\nhome_address = \"2001:db8:1::10\"\n"
      "home_agent = \"2001:db8:1::1\"\nlinks = \"wlan\"\naddress_check = \"optimistic\"\n"
      "payload = \"tcp\"\n" +
      kSasOfPair;
  // Those of return routability must encrypt.
  for (const unsigned number : {1u, 2u, 5u, 6u, 7u, 8u})
    text += readable_sa(number, SeenBy::MobileNode);
  return text + study_sa(3, "out") + study_sa(4, "in") + kAtHome;
}

// A router and its link.
struct Visited {
  std::string router;
  std::string prefix;
  MacAddress mac;
};
const Visited kB{"fe80::b", "2001:db8:b::", {{2, 0, 0, 0, 0, 0xb}}};
const Visited kC{"fe80::c", "2001:db8:c::", {{2, 0, 0, 0, 0, 0xc}}};
const Visited kHomeRouter{"fe80::a", "2001:db8:1::1", {{2, 0, 0, 0, 0, 0xa}}};

const std::string kSecondLink = R"([[port]]
name = "lan"
device = "wire2"
side = "unprotected"
)";
constexpr PortId kLan{2};

class MobileNodeOnWires {
 public:
  MobileNodeOnWires() : MobileNodeOnWires(2, kMobileNodeWires, mobile_node_with_readable_sas()) {}
  MobileNodeOnWires(std::size_t ports, const std::string& places, const std::string& text)
      : gateway_(ports, places, text) {}

  void hear(const Visited& link, PortId port = kWireless,
            mip6::RouterLifetime lifetime = mip6::RouterLifetime(1800)) {
    using mip6::PrefixFlag;
    const bool home = link.router == kHomeRouter.router;
    mip6::PrefixInformation prefix{.prefix = {Address::parse(link.prefix).value(), 64},
                                   .flags = {PrefixFlag::OnLink, PrefixFlag::Autonomous},
                                   .valid = mip6::PrefixLifetime(3600),
                                   .preferred = mip6::PrefixLifetime(1800)};
    if (home)
      prefix.flags = {PrefixFlag::OnLink, PrefixFlag::Autonomous, PrefixFlag::RouterAddress};
    gateway_.receive(
        port, mip6::build_router_advertisement({.source = Address::parse(link.router).value(),
                                                .destination = all_nodes(),
                                                .lifetime = lifetime,
                                                .link_address = link.mac,
                                                .prefixes = {prefix}})
                  .value());
    gateway_.running().settle();
  }
  // What the link's prefix and our identifier make.
  Address care_of(const Visited& link) {
    const Address own = gateway_->dataplane().link_address(kWireless).link_local();
    Address address = Address::parse(link.prefix).value();
    std::copy_n(own.bytes.begin() + 8, 8, address.bytes.begin() + 8);
    return address;
  }
  void pass(Duration time) {
    gateway_.running().clock().advance(time);
    gateway_.running().settle();
  }
  // What has left by the link but for the link's own protocols.
  std::vector<PacketBytes> out() {
    std::vector<PacketBytes> packets = gateway_.sent_datagrams(kWireless);
    std::erase_if(packets, [this](const PacketBytes& packet) {
      PacketSummary summary;
      if (summarize(packet, summary) != ParseVerdict::Good || !is_link_protocol(summary))
        return false;
      ++link_messages_;
      return true;
    });
    return packets;
  }
  std::vector<PacketBytes> to_applications() { return gateway_.sent_datagrams(kApplications); }
  void send_tcp() {
    gateway_.receive(kApplications, PacketBuilder(kHome, kFar).tcp(1024, 80).filler(40).build());
    gateway_.running().settle();
  }
  // From the home agent to where the node is, as SA2 protects it.
  void acknowledge(const Address& care_of, std::uint16_t sequence,
                   mip6::BindingLifetime lifetime = mip6::BindingLifetime{60}) {
    answer(care_of, {.sequence = sequence, .lifetime = lifetime});
  }
  void answer(const Address& care_of, const mip6::BindingAcknowledgement& message) {
    const PacketBytes esp = sealed(kToNode, ++acknowledgements_, kProtocolMobility,
                                   mip6::build_message(message, kAgent, kHome).value());
    PacketBytes packet = PacketBuilder(kAgent, kHome).protocol(kProtocolEsp).payload(esp).build();
    if (care_of != kHome) {
      packet.insert(packet.begin(), kExtensionBytes, 0);
      insert_mobility_extensions(packet, {.destination = care_of});
      exchange_home_addresses(packet, find_mobility_extensions(packet));
    }
    gateway_.receive(kWireless, packet);
    gateway_.running().settle();
  }
  // TCP from far away by the tunnel of SA8.
  void tunnel_down(const Address& care_of) {
    const PacketBytes inner = PacketBuilder(kFar, kHome).tcp(80, 1024).filler(40).build();
    gateway_.receive(kWireless, PacketBuilder(kAgent, care_of)
                                    .protocol(kProtocolEsp)
                                    .payload(sealed(kDownwards, ++tunnelled_, kProtocolIpv6, inner))
                                    .build());
    gateway_.running().settle();
  }
  // The far end does not know the protocol of a packet of ours.
  void cannot_read(const PacketBytes& packet) {
    gateway_.receive(kWireless, PacketBuilder(kFar, source_of(packet))
                                    .icmp(icmp6::kParameterProblem, icmp6::kCodeUnknownHeader, 6)
                                    .payload(packet)
                                    .build());
    gateway_.running().settle();
  }
  Json state() { return gateway_.running().rows("show.mobile-node").at(0); }
  WiredGateway& gateway() noexcept { return gateway_; }
  [[nodiscard]] unsigned link_messages() const noexcept { return link_messages_; }

 private:
  WiredGateway gateway_;
  std::uint32_t acknowledgements_{};
  std::uint32_t tunnelled_{};
  unsigned link_messages_{};
};

// The one packet that has left is a Binding Update of SA1's, from `care_of`.
mip6::BindingUpdate update_in(const std::vector<PacketBytes>& packets, const Address& care_of) {
  REQUIRE(packets.size() == 1);
  const PacketBytes& packet = packets.front();
  CHECK(source_of(packet) == care_of);
  CHECK(destination_of(packet) == kAgent);
  std::size_t esp_at = kIpBytes;
  if (care_of != kHome) {
    esp_at += kExtensionBytes;
    REQUIRE(packet.size() > esp_at);
    const MobilityExtensions found = find_mobility_extensions(packet);
    REQUIRE(found.option_at != 0);
    CHECK(found.option_address(packet) == kHome);
  }
  const Opened esp = opened(packet, esp_at);
  CHECK(esp.spi == kToAgent);
  CHECK(esp.next == kProtocolMobility);
  const auto message = mip6::parse_message(esp.payload, kHome, kAgent);
  REQUIRE(message);
  const auto& update = std::get<mip6::BindingUpdate>(*message);
  CHECK(update.flags.has(mip6::UpdateFlag::HomeRegistration));
  CHECK(update.flags.has(mip6::UpdateFlag::Acknowledge));
  return update;
}

// The one packet that has left is TCP in the tunnel of SA7, from `care_of`.
void check_tunnelled(const std::vector<PacketBytes>& packets, const Address& care_of) {
  REQUIRE(packets.size() == 1);
  const PacketBytes& packet = packets.front();
  CHECK(source_of(packet) == care_of);
  CHECK(destination_of(packet) == kAgent);
  const Opened esp = opened(packet, kIpBytes);
  CHECK(esp.spi == kUpwards);
  CHECK(esp.next == kProtocolIpv6);
  REQUIRE(esp.payload.size() > kIpBytes);
  CHECK(source_of(esp.payload) == kHome);
  CHECK(destination_of(esp.payload) == kFar);
}

void register_at_b(MobileNodeOnWires& node) {
  node.hear(kB);
  const mip6::BindingUpdate update = update_in(node.out(), node.care_of(kB));
  node.acknowledge(node.care_of(kB), update.sequence);
  REQUIRE(node.state().at("registered") == true);
}

}  // namespace

TEST_CASE("MN-01: a node that has just begun asks its links for routers") {
  MobileNodeOnWires node;
  node.gateway().running().settle();
  CHECK(node.out().empty());
  CHECK(node.link_messages() >= 1);
  CHECK(node.state().at("router").is_null());
  CHECK(node.state().at("registered") == false);
}

TEST_CASE("MN-01: a router that takes its leave does not end our asking for one") {
  MobileNodeOnWires node;
  node.gateway().running().settle();
  node.hear(kB, kWireless, mip6::RouterLifetime{});
  node.out();
  const unsigned before = node.link_messages();
  node.pass(std::chrono::seconds(5));
  CHECK(node.out().empty());
  CHECK(node.link_messages() == before + 1);
}

TEST_CASE("MN-01: one link that is full of advertisements does not keep another from being heard") {
  std::string text = mobile_node_with_readable_sas();
  const std::string links = "links = \"wlan\"";
  text.replace(text.find(links), links.size(), "links = [\"wlan\", \"lan\"]");
  MobileNodeOnWires node(3, kMobileNodeWires + kSecondLink, text);
  for (int i = 0; i < 20; ++i) node.hear(kC, kWireless, mip6::RouterLifetime{});
  node.hear(kB, kLan);
  CHECK(node.state().at("router") == kB.router);
}

TEST_CASE("MN-07, MN-10: a home address that is somebody else's does not leave in the clear") {
  MobileNodeOnWires node;
  node.hear(kB);
  const mip6::BindingUpdate update = update_in(node.out(), node.care_of(kB));
  node.answer(node.care_of(kB),
              {.status = mip6::BindingStatus::DuplicateAddress, .sequence = update.sequence});
  node.send_tcp();
  check_tunnelled(node.out(), node.care_of(kB));
}

TEST_CASE("MN-02, MSEC-05, MIPPKT-02: on a visited link a protected Binding Update goes out") {
  MobileNodeOnWires node;
  node.hear(kB);
  const mip6::BindingUpdate update = update_in(node.out(), node.care_of(kB));
  CHECK(update.options.alternate_care_of == node.care_of(kB));
  CHECK(update.lifetime == mip6::BindingLifetime{150});  // 600 s
  CHECK(node.state().at("router") == kB.router);
  CHECK(node.state().at("care_of") == to_string(node.care_of(kB)));
  CHECK(node.state().at("registered") == false);
  node.acknowledge(node.care_of(kB), update.sequence);
  CHECK(node.state().at("registered") == true);
  CHECK(node.out().empty());
}

TEST_CASE("MN-03: an update that nobody acknowledges is sent again") {
  MobileNodeOnWires node;
  node.hear(kB);
  const std::uint16_t first = update_in(node.out(), node.care_of(kB)).sequence;
  node.pass(std::chrono::milliseconds(1600));
  CHECK(update_in(node.out(), node.care_of(kB)).sequence == first + 1);
}

TEST_CASE("MN-07, MN-08: away, payload crosses the tunnel of the home agent both ways") {
  MobileNodeOnWires node;
  register_at_b(node);
  node.send_tcp();
  check_tunnelled(node.out(), node.care_of(kB));
  node.tunnel_down(node.care_of(kB));
  const auto delivered = node.to_applications();
  REQUIRE(delivered.size() == 1);
  CHECK(source_of(delivered.front()) == kFar);
  CHECK(destination_of(delivered.front()) == kHome);
}

TEST_CASE("RR-01, RR-12: who comes by the home agent is asked for a straight route, by both ways") {
  MobileNodeOnWires node;
  register_at_b(node);
  node.tunnel_down(node.care_of(kB));
  const auto packets = node.out();
  REQUIRE(packets.size() == 2);
  const std::size_t sealed_one = destination_of(packets[0]) == kAgent ? 0 : 1;
  const PacketBytes& home_test_init = packets[sealed_one];
  CHECK(source_of(home_test_init) == node.care_of(kB));
  CHECK(destination_of(home_test_init) == kAgent);
  CHECK(load_be<std::uint32_t>(&home_test_init[kIpBytes]) == kHomeTestInits);
  const PacketBytes& care_of_test_init = packets[1 - sealed_one];
  CHECK(source_of(care_of_test_init) == node.care_of(kB));
  CHECK(destination_of(care_of_test_init) == kFar);
  const auto message =
      mip6::parse_message(ByteView(care_of_test_init).subspan(kIpBytes), node.care_of(kB), kFar);
  REQUIRE(message);
  CHECK(std::holds_alternative<mip6::CareOfTestInit>(*message));
  // It knows nothing of such messages, and is left in peace from now on.
  node.cannot_read(care_of_test_init);
  node.pass(std::chrono::seconds(70));
  node.out();
  node.tunnel_down(node.care_of(kB));
  CHECK(node.out().empty());
}

TEST_CASE("MN-01, MAPI-02, MAPI-05, MAPI-09: a move costs one Binding Update, and tunnels follow") {
  MobileNodeOnWires node;
  register_at_b(node);
  const Json before = node.gateway().running().rows("show.sas");
  REQUIRE(node.gateway().running().ask("link-moved", {{"port", "wlan"}}).contains("ok"));
  node.hear(kC);
  const mip6::BindingUpdate update = update_in(node.out(), node.care_of(kC));
  CHECK(update.options.alternate_care_of == node.care_of(kC));
  node.send_tcp();
  check_tunnelled(node.out(), node.care_of(kC));
  node.acknowledge(node.care_of(kC), update.sequence);
  CHECK(node.state().at("registered") == true);
  // What was under way to the old place still arrives (MAPI-05).
  node.tunnel_down(node.care_of(kB));
  CHECK(node.to_applications().size() == 1);
  CHECK(node.gateway().running().rows("show.sas").size() == before.size());
}

TEST_CASE("MN-09, MAPI-08: at home the registration ends, and payload goes as it is") {
  MobileNodeOnWires node;
  register_at_b(node);
  REQUIRE(node.gateway().running().ask("link-moved", {{"port", "wlan"}}).contains("ok"));
  node.hear(kHomeRouter);
  const mip6::BindingUpdate update = update_in(node.out(), kHome);
  CHECK(update.lifetime == mip6::BindingLifetime{});
  node.acknowledge(kHome, update.sequence, mip6::BindingLifetime{});
  CHECK(node.state().at("tunnels_active") == false);
  CHECK(node.state().at("care_of").is_null());
  node.out();
  node.send_tcp();
  const auto packets = node.out();
  REQUIRE(packets.size() == 1);
  CHECK(source_of(packets.front()) == kHome);
  CHECK(destination_of(packets.front()) == kFar);
}

TEST_CASE("MN-02: a node that stops ends its registration first, by the SAs that it has") {
  MobileNodeOnWires node;
  register_at_b(node);
  CHECK_FALSE(node.gateway()->say_goodbye());
  node.gateway().running().settle();
  const mip6::BindingUpdate update = update_in(node.out(), node.care_of(kB));
  CHECK(update.lifetime == mip6::BindingLifetime{});
  CHECK_FALSE(node.gateway()->say_goodbye());
  node.acknowledge(node.care_of(kB), update.sequence, mip6::BindingLifetime{});
  CHECK(node.gateway()->say_goodbye());
}

TEST_CASE("MN-02: a home agent that does not answer is not waited for long") {
  MobileNodeOnWires node;
  register_at_b(node);
  CHECK_FALSE(node.gateway()->say_goodbye());
  node.pass(std::chrono::milliseconds(100));
  CHECK_FALSE(node.gateway()->say_goodbye());
  node.pass(std::chrono::milliseconds(101));
  CHECK(node.gateway()->say_goodbye());
}

TEST_CASE("link-moved is for the mobile node's links alone") {
  MobileNodeOnWires node;
  CHECK(node.gateway().running().ask("link-moved", {{"port", "apps"}}).contains("error"));
  CHECK(node.gateway().running().ask("link-moved", {{"port", "none"}}).contains("error"));
}

}  // namespace sallyport::mobile_node_packets_test
