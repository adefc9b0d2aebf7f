// A home agent at work, by the packets of its two sides: the home link inside, and outside the
// network that a mobile node visits.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "mip6/build_message.h"
#include "mip6/parse_message.h"
#include "net/neighbour_discovery.h"
#include "tests/gateway/mobility_wires.h"
#include "tests/gateway/readable_esp.h"
#include "tests/gateway/wired_gateway.h"

namespace sallyport::home_agent_packets_test {

using namespace test;

namespace {

constexpr PortId kHomePort{0};
constexpr PortId kVisitedPort{1};
constexpr std::uint8_t kRouting = 43;
constexpr std::uint32_t kToAgent = 0x1001;  // SA1: Binding Updates
constexpr std::uint32_t kToNode = 0x1002;   // SA2: Binding Acknowledgements
constexpr std::uint32_t kPayload = 0x1008;  // SA8: TCP to the node, in the tunnel

const Address kOther = Address::parse("2001:db8:1::11").value();
const Address kNeighbour = Address::parse("2001:db8:1::5").value();
const Address kCareOf = Address::parse("2001:db8:77::5").value();
const Address kNext = Address::parse("2001:db8:88::5").value();

const std::string kWays = kHomeAgentRoute + R"([[neighbour]]
address = "2001:db8:1::10"
mac = "02:00:00:00:00:99"
port = "lan"
)";

std::string home_agent_with_readable_sas(std::string_view more_of_sa1) {
  std::string text = "[crypto]\nallow = \"null\"\n" + kHomeLink +
                     "[[home_agent.nodes]]\nname = \"mn\"\nhome_address = \"2001:db8:1::10\"\n"
                     "payload = [\"tcp\", \"udp\"]\n" +
                     kSasOfPair + kWays;
  // Those of return routability must encrypt.
  for (const unsigned number : {1u, 2u, 5u, 6u, 7u, 8u}) {
    text += readable_sa(number, SeenBy::HomeAgent);
    if (number == 1) text += more_of_sa1;
  }
  return text + study_sa(3, "in") + study_sa(4, "out");
}

// A tunnel to a site that is a way to anywhere.
constexpr std::uint32_t kFromSite = 0x1009;
const Address kSite = Address::parse("2001:db8:5::5").value();
const Address kOuter = Address::parse("2001:db8:f::1").value();
const std::string kSiteTunnel =
    readable_sa(9, SeenBy::HomeAgent) + readable_sa(10, SeenBy::HomeAgent) + R"([[policy]]
name = "site"
local = "::/0"
remote = "::/0"
action = "protect"
protect = { endpoints = { local = "2001:db8:f::1", remote = "2001:db8:5::5" }, sas = ["sa10", "sa9"] }
)";

struct Update {
  Address care_of{kCareOf};
  std::uint16_t sequence{1};
  mip6::BindingLifetime lifetime{100};
  Address home_address{kHome};
};

PacketBytes message_of(const Update& update) {
  const mip6::BindingUpdate message{
      .sequence = update.sequence,
      .flags = {mip6::UpdateFlag::Acknowledge, mip6::UpdateFlag::HomeRegistration},
      .lifetime = update.lifetime,
      .options = {.alternate_care_of = update.care_of}};
  return mip6::build_message(message, update.home_address, kAgent).value();
}

class HomeAgentOnWires {
 public:
  // `more_of_sa1`: keys; `besides`: tables.
  explicit HomeAgentOnWires(std::string_view more_of_sa1 = {}, const std::string& besides = {})
      : gateway_(2, kHomeAgentWires, home_agent_with_readable_sas(more_of_sa1) + besides) {}

  // Out of the tunnel from a site, which may send from any address.
  void receive_by_site(std::uint32_t number, const PacketBytes& inner) {
    gateway_.receive(kVisitedPort, PacketBuilder(kSite, kOuter)
                                       .protocol(kProtocolEsp)
                                       .payload(sealed(kFromSite, number, kProtocolIpv6, inner))
                                       .build());
    gateway_.running().settle();
  }
  // As SA1 of the node protects it.
  void register_at(const Update& update) {
    receive(update, kProtocolEsp,
            sealed(to_agent_, ++esp_number_, kProtocolMobility, message_of(update)));
  }
  void register_unprotected(const Update& update) {
    receive(update, kProtocolMobility, message_of(update));
  }
  // From the home link, where the node is: no Home Address option.
  void register_at_home(const Update& update) {
    gateway_.receive(kHomePort, PacketBuilder(kHome, kAgent)
                                    .protocol(kProtocolEsp)
                                    .payload(sealed(to_agent_, ++esp_number_, kProtocolMobility,
                                                    message_of(update)))
                                    .build());
    gateway_.running().settle();
  }
  // ESP that has left for the home link.
  std::vector<PacketBytes> esp_at_home() {
    std::vector<PacketBytes> packets = gateway_.sent_datagrams(kHomePort);
    std::erase_if(packets, [](const PacketBytes& packet) { return packet[6] != kProtocolEsp; });
    return packets;
  }
  // The node has another SA for its updates from now on.
  void give_to_node(std::uint32_t spi) {
    to_agent_ = spi;
    esp_number_ = 0;
  }
  void pass(Duration time) {
    gateway_.running().clock().advance(time);
    gateway_.running().settle();
  }

  // What has left for the visited network.
  std::vector<PacketBytes> out() { return gateway_.sent_datagrams(kVisitedPort); }
  // Neighbour discovery about the home address that has left for the home link.
  std::vector<NeighbourMessage> at_home() {
    std::vector<NeighbourMessage> messages;
    for (const PacketBytes& datagram : gateway_.sent_datagrams(kHomePort)) {
      PacketSummary summary;
      REQUIRE(summarize(datagram, summary) == ParseVerdict::Good);
      if (!is_neighbour_discovery(summary)) continue;
      const auto message = parse_neighbour_message(datagram, summary);
      REQUIRE(message);
      if (message->target == kHome) messages.push_back(*message);
    }
    return messages;
  }
  void ask_at_home(const NeighbourMessage& question) {
    gateway_.receive(kHomePort, build_neighbour_message(question));
    gateway_.running().settle();
  }
  // A neighbour of the home link sends to the home address.
  void call_home() { call_home(PacketBuilder(kNeighbour, kHome).tcp(80, 1024).filler(40)); }
  void call_home_by_udp() { call_home(PacketBuilder(kNeighbour, kHome).udp(80, 1024).filler(40)); }
  // Of the home address.
  std::string care_of() {
    const Json rows = gateway_.running().rows("show.bindings");
    for (const Json& row : rows)
      if (row.at("state") == "valid" && row.at("home_address") == to_string(kHome))
        return row.at("care_of");
    return "none";
  }
  [[nodiscard]] WiredGateway& gateway() noexcept { return gateway_; }

 private:
  void call_home(PacketBuilder& packet) {
    gateway_.receive(kHomePort, packet.build());
    gateway_.running().settle();
  }
  void receive(const Update& update, std::uint8_t protocol, PacketBytes octets) {
    gateway_.receive(kVisitedPort,
                     PacketBuilder(update.care_of, kAgent)
                         .destination_options(home_address_option(update.home_address))
                         .protocol(protocol)
                         .payload(std::move(octets))
                         .build());
    gateway_.running().settle();
  }

  WiredGateway gateway_;
  std::uint32_t to_agent_{kToAgent};
  std::uint32_t esp_number_{};
};

// The one packet that has left for `care_of` is an acknowledgement, as SA2 protects it.
mip6::BindingAcknowledgement acknowledgement(const std::vector<PacketBytes>& packets,
                                             const Address& care_of) {
  REQUIRE(packets.size() == 1);
  const PacketBytes& packet = packets.front();
  CHECK(source_of(packet) == kAgent);
  CHECK(destination_of(packet) == care_of);
  REQUIRE(packet.size() > kIpBytes + kExtensionBytes);
  CHECK(packet[6] == kRouting);
  CHECK(packet[kIpBytes] == kProtocolEsp);
  CHECK(packet[kIpBytes + 2] == kType2Routing);
  CHECK(packet[kIpBytes + 3] == 1);  // segments left
  CHECK(Address::v6(ByteView(packet).subspan<kIpBytes + 8, 16>()) == kHome);
  const Opened esp = opened(packet, kIpBytes + kExtensionBytes);
  CHECK(esp.spi == kToNode);
  CHECK(esp.next == kProtocolMobility);
  const auto message = mip6::parse_message(esp.payload, kAgent, kHome);
  REQUIRE(message);
  return std::get<mip6::BindingAcknowledgement>(*message);
}

// The one packet that has left is in the tunnel of SA8 to `care_of`, from `kNeighbour`.
void check_tunnelled(const std::vector<PacketBytes>& packets, const Address& care_of) {
  REQUIRE(packets.size() == 1);
  const PacketBytes& packet = packets.front();
  CHECK(source_of(packet) == kAgent);
  CHECK(destination_of(packet) == care_of);
  CHECK(packet[6] == kProtocolEsp);
  const Opened esp = opened(packet, kIpBytes);
  CHECK(esp.spi == kPayload);
  CHECK(esp.next == kProtocolIpv6);
  REQUIRE(esp.payload.size() > kIpBytes);
  CHECK(source_of(esp.payload) == kNeighbour);
  CHECK(destination_of(esp.payload) == kHome);
}

void register_first(HomeAgentOnWires& agent) {
  agent.register_at({});
  agent.pass(std::chrono::seconds(1));
  CHECK(acknowledgement(agent.out(), kCareOf).status == mip6::BindingStatus::Accepted);
  REQUIRE(agent.care_of() == to_string(kCareOf));
}

}  // namespace

TEST_CASE(
    "HA-01, HA-06, MSEC-05, MSEC-06: a protected update is acknowledged by ESP once the home "
    "address is found unique") {
  HomeAgentOnWires agent;
  agent.register_at({});
  CHECK(agent.out().empty());
  const auto asked = agent.at_home();
  REQUIRE(asked.size() == 1);
  CHECK(asked.front().kind == NeighbourMessage::Kind::Solicitation);
  CHECK(asked.front().source.is_unspecified());
  CHECK(agent.care_of() == "none");
  agent.pass(std::chrono::seconds(1));
  const mip6::BindingAcknowledgement answer = acknowledgement(agent.out(), kCareOf);
  CHECK(answer.status == mip6::BindingStatus::Accepted);
  CHECK(answer.sequence == 1);
  CHECK(answer.lifetime == mip6::BindingLifetime{100});
  CHECK(agent.care_of() == to_string(kCareOf));
}

TEST_CASE("HA-06: a home address that somebody on the home link has is refused with 134") {
  HomeAgentOnWires agent;
  agent.register_at({});
  agent.ask_at_home({.kind = NeighbourMessage::Kind::Advertisement,
                     .source = kHome,
                     .destination = all_nodes(),
                     .target = kHome,
                     .link_address = MacAddress{{2, 0, 0, 0, 0, 0x42}},
                     .override = true});
  CHECK(acknowledgement(agent.out(), kCareOf).status == mip6::BindingStatus::DuplicateAddress);
  CHECK(agent.care_of() == "none");
}

TEST_CASE("HA-01, MSEC-06: an update without its node's SA comes to nothing") {
  HomeAgentOnWires agent;
  agent.register_unprotected({});
  agent.register_at({.home_address = kOther});  // SA1 is for another node
  agent.pass(std::chrono::seconds(2));
  CHECK(agent.out().empty());
  CHECK(agent.at_home().empty());
  CHECK(agent.care_of() == "none");
  register_first(agent);  // the same gateway takes what is right
}

TEST_CASE("HA-01, MSEC-37: who is behind a wide tunnel registers nobody's home address") {
  HomeAgentOnWires agent("", kSiteTunnel);
  const auto by_site = [&agent](std::uint32_t number, const Update& update) {
    agent.receive_by_site(number, PacketBuilder(kHome, kAgent)
                                      .protocol(kProtocolMobility)
                                      .payload(message_of(update))
                                      .build());
    agent.pass(std::chrono::seconds(1));
  };
  by_site(1, {.care_of = kNext});
  CHECK(agent.out().empty());
  CHECK(agent.care_of() == "none");
  register_first(agent);
  by_site(2, {.care_of = kNext, .sequence = 2});
  by_site(3, {.care_of = kNext, .sequence = 3, .lifetime = {}});
  CHECK(agent.out().empty());
  CHECK(agent.care_of() == to_string(kCareOf));
}

TEST_CASE("HA-15, MAPI-02: packets for the node follow it by the ESP tunnel, until it is home") {
  HomeAgentOnWires agent;
  agent.call_home();
  CHECK(agent.out().empty());
  register_first(agent);
  agent.call_home();
  check_tunnelled(agent.out(), kCareOf);
  agent.call_home_by_udp();  // another policy with the same SAs
  check_tunnelled(agent.out(), kCareOf);
  agent.register_at({.care_of = kNext, .sequence = 2});
  CHECK(acknowledgement(agent.out(), kNext).sequence == 2);
  CHECK(agent.care_of() == to_string(kNext));
  agent.call_home();
  check_tunnelled(agent.out(), kNext);
  agent.register_at({.care_of = kNext, .sequence = 3, .lifetime = {}});
  CHECK(acknowledgement(agent.out(), kNext).lifetime == mip6::BindingLifetime{});
  CHECK(agent.care_of() == "none");
  agent.call_home();
  CHECK(agent.out().empty());
}

TEST_CASE("MSEC-36: at home update and acknowledgement go by the same SAs, without extensions") {
  HomeAgentOnWires agent;
  register_first(agent);
  agent.esp_at_home();
  agent.register_at_home({.care_of = kHome, .sequence = 2, .lifetime = {}});
  CHECK(agent.care_of() == "none");
  CHECK(agent.out().empty());
  const auto packets = agent.esp_at_home();
  REQUIRE(packets.size() == 1);
  CHECK(source_of(packets.front()) == kAgent);
  CHECK(destination_of(packets.front()) == kHome);
  const Opened esp = opened(packets.front(), kIpBytes);
  CHECK(esp.spi == kToNode);
  const auto message = mip6::parse_message(esp.payload, kAgent, kHome);
  REQUIRE(message);
  const auto& answer = std::get<mip6::BindingAcknowledgement>(*message);
  CHECK(answer.status == mip6::BindingStatus::Accepted);
  CHECK(answer.sequence == 2);
}

TEST_CASE("MSEC-32: the operator gives a node's SA another one, under which registrations go on") {
  HomeAgentOnWires agent;
  register_first(agent);
  RunningGateway& gateway = agent.gateway().running();
  REQUIRE(gateway.ask("sa.remove", {{"name", "sa1"}}).contains("ok"));
  agent.register_at({.care_of = kNext, .sequence = 2});
  CHECK(agent.out().empty());
  CHECK(agent.care_of() == to_string(kCareOf));  // its binding does not end with the SA
  const std::string fresh = readable_sa(9, SeenBy::HomeAgent);  // another SPI and key
  const auto added = gateway.ask("sa.add", {{"toml", fresh}, {"policy", "mn-binding"}});
  INFO(added.dump());
  REQUIRE(added.contains("ok"));
  agent.give_to_node(0x1009);
  agent.register_at({.care_of = kNext, .sequence = 3});
  CHECK(acknowledgement(agent.out(), kNext).sequence == 3);
  CHECK(agent.care_of() == to_string(kNext));
}

TEST_CASE("MSEC-32: a configured SA of a node's ends when its lifetime does") {
  HomeAgentOnWires agent("hard = { time = \"5m\" }\n");
  register_first(agent);
  agent.pass(std::chrono::minutes(4));
  agent.register_at({.sequence = 2});
  CHECK(acknowledgement(agent.out(), kCareOf).sequence == 2);
  agent.pass(std::chrono::minutes(2));
  agent.register_at({.sequence = 3});
  CHECK(agent.out().empty());
}

}  // namespace sallyport::home_agent_packets_test
