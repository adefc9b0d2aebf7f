// A home agent at work among strangers, and while its configuration changes.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "mip6/build_message.h"
#include "mip6/parse_message.h"
#include "mip6/return_routability.h"
#include "net/icmp.h"
#include "tests/gateway/readable_esp.h"
#include "tests/gateway/wired_gateway.h"
#include "tests/mip6/fake_surroundings.h"

namespace sallyport::home_agent_changes_test {

using namespace test;

namespace {

using std::chrono::seconds;

constexpr PortId kHomePort{0};
constexpr PortId kVisitedPort{1};
constexpr std::uint32_t kToAgent = 0x1001;
constexpr std::size_t kLifetimeAt = 6;  // of a router advertisement

const Address kCareOf = Address::parse("2001:db8:77::5").value();

const std::string kWan = R"([[port]]
name = "wan"
device = "wire1"
side = "unprotected"
addresses = ["2001:db8:f::1/64"]
)";

std::string wires(const std::string& more_of_lan = "") {
  return "[[port]]\nname = \"lan\"\ndevice = \"wire0\"\nside = \"protected\"\naddresses = "
         "[\"2001:db8:1::1/64\"" +
         more_of_lan + "]\n" + kWan;
}

// `more`: lines of [home_agent].
std::string home_agent(const std::string& more = "", const std::string& correspondent = "") {
  std::string text = "[crypto]\nallow = \"null\"\n" + kHomeLink + more + correspondent +
                     "[[home_agent.nodes]]\nname = \"mn\"\nhome_address = \"2001:db8:1::10\"\n"
                     "payload = \"tcp\"\n" +
                     kSasOfPair +
                     "[[route]]\nto = \"::/0\"\nvia = \"2001:db8:f::2\"\n[[neighbour]]\n"
                     "address = \"2001:db8:f::2\"\nmac = \"02:00:00:00:00:99\"\nport = \"wan\"\n";
  for (const unsigned number : {1u, 2u, 5u, 6u, 7u, 8u})
    text += readable_sa(number, SeenBy::HomeAgent);
  return text + study_sa(3, "in") + study_sa(4, "out");
}

class HomeAgentOfSome {
 public:
  explicit HomeAgentOfSome(const std::string& text) : gateway_(2, wires(), text) {}

  void reload(const std::string& text, const std::string& ports = wires()) {
    REQUIRE(gateway_.reload(ports, text));
    gateway_.running().settle();
  }
  void pass(Duration time) {
    gateway_.running().clock().advance(time);
    gateway_.running().settle();
  }
  // As SA1 protects it; and duplicate address detection after it.
  void register_node(std::uint16_t sequence) {
    const mip6::BindingUpdate message{
        .sequence = sequence,
        .flags = {mip6::UpdateFlag::Acknowledge, mip6::UpdateFlag::HomeRegistration},
        .lifetime = mip6::BindingLifetime{100},
        .options = {.alternate_care_of = kCareOf}};
    receive(PacketBuilder(kCareOf, kAgent)
                .destination_options(home_address_option(kHome))
                .protocol(kProtocolEsp)
                .payload(sealed(kToAgent, ++esp_number_, kProtocolMobility,
                                mip6::build_message(message, kHome, kAgent).value())));
    pass(seconds(2));
  }
  // It passes both tests, and registers with us as its correspondent.
  void register_stranger(const Address& home, const Address& care_of) {
    const auto home_test = asked<mip6::HomeTest>(home, mip6::HomeTestInit{});
    const auto care_of_test = asked<mip6::CareOfTest>(care_of, mip6::CareOfTestInit{});
    const mip6::ReturnRoutability routability(mip6::test::kSha1);
    auto octets = mip6::build_without_checksum(
                      mip6::BindingUpdate{
                          .sequence = 1,
                          .lifetime = mip6::BindingLifetime{100},
                          .options = {.nonce_indices =
                                          mip6::NonceIndices{.home = home_test.nonce_index,
                                                             .care_of = care_of_test.nonce_index},
                                      .authorization = mip6::Authenticator{}}})
                      .value();
    REQUIRE(routability.authorize(octets,
                                  routability.binding_key(home_test.token, care_of_test.token),
                                  {.care_of = care_of, .correspondent = kAgent}));
    mip6::set_checksum(octets, home, kAgent);
    receive(PacketBuilder(care_of, kAgent)
                .destination_options(home_address_option(home))
                .protocol(kProtocolMobility)
                .payload(octets));
  }
  void receive(const PacketBuilder& packet) {
    gateway_.receive(kVisitedPort, packet.build());
    gateway_.running().settle();
  }
  // Home addresses of valid bindings of this kind.
  std::vector<std::string> bindings(const std::string& kind) {
    std::vector<std::string> homes;
    const Json rows = gateway_.running().rows("show.bindings");
    for (const Json& row : rows)
      if (row.at("state") == "valid" && row.at("kind") == kind)
        homes.push_back(row.at("home_address"));
    return homes;
  }
  std::vector<PacketBytes> out() { return gateway_.sent_datagrams(kVisitedPort); }
  // Router advertisements on the home link since the last time: from where, and with what lifetime.
  std::vector<std::pair<Address, unsigned>> advertised() {
    std::vector<std::pair<Address, unsigned>> all;
    for (const PacketBytes& packet : gateway_.sent_datagrams(kHomePort))
      if (packet[6] == kProtocolIcmpv6 && packet[kIpBytes] == icmp6::kRouterAdvertisement)
        all.emplace_back(source_of(packet),
                         load_be<std::uint16_t>(&packet[kIpBytes + kLifetimeAt]));
    return all;
  }
  [[nodiscard]] WiredGateway& gateway() noexcept { return gateway_; }

 private:
  template <class Answer>
  Answer asked(const Address& source, const mip6::Message& question) {
    out();
    receive(PacketBuilder(source, kAgent)
                .protocol(kProtocolMobility)
                .payload(mip6::build_message(question, source, kAgent).value()));
    const auto packets = out();
    REQUIRE(packets.size() == 1);
    const auto message =
        mip6::parse_message(ByteView(packets.front()).subspan(kIpBytes), kAgent, source);
    REQUIRE(message);
    return std::get<Answer>(*message);
  }

  WiredGateway gateway_;
  std::uint32_t esp_number_{};
};

Address stranger(std::uint8_t number) {
  Address address = Address::parse("2001:db8:66::").value();
  address.bytes[15] = number;
  return address;
}

}  // namespace

TEST_CASE("HA-02, RR-10: strangers who pass return routability shut out no home registration") {
  HomeAgentOfSome agent(home_agent("max_bindings = 1\n", "[correspondent]\nmax_bindings = 2\n"));
  // More than workers have room for.
  for (std::uint8_t i = 1; i <= 80; ++i) agent.register_stranger(stranger(i), kCareOf);
  CHECK(agent.bindings("correspondent").size() == 2);
  agent.register_node(1);
  CHECK(agent.bindings("home") == std::vector{to_string(kHome)});
  CHECK(agent.bindings("correspondent").size() == 2);
}

TEST_CASE("HA-07, NDX-03: a reload that changes the home agent says goodbye to nobody") {
  HomeAgentOfSome agent(home_agent());
  agent.register_node(1);
  CHECK_FALSE(agent.advertised().empty());
  agent.reload(home_agent("max_lifetime = \"100s\"\n"));
  agent.pass(seconds(20));
  for (const auto& [from, lifetime] : agent.advertised()) CHECK(lifetime != 0);
  CHECK(agent.bindings("home") == std::vector{to_string(kHome)});
  // What is changed holds.
  agent.register_node(2);
  agent.reload(home_agent("discovery = false\n"));
  const auto last = agent.advertised();
  REQUIRE_FALSE(last.empty());
  CHECK(last.back().second == 0);
  CHECK(agent.bindings("home") == std::vector{to_string(kHome)});
}

TEST_CASE(
    "NDX-03: a port's other link-local address is advertised, though its section is as it was") {
  HomeAgentOfSome agent(home_agent());
  const auto before = agent.advertised();
  REQUIRE_FALSE(before.empty());
  const Address fresh = Address::parse("fe80::77").value();
  REQUIRE(before.front().first != fresh);
  agent.reload(home_agent(), wires(", \"fe80::77/64\""));
  const auto after = agent.advertised();
  REQUIRE(after.size() == 2);
  CHECK(after[0] == std::pair(before.front().first, 0u));
  CHECK(after[1].first == fresh);
  CHECK(after[1].second != 0);
}

TEST_CASE("MIPPKT-08: a home agent that is no correspondent tells of bindings that it has lost") {
  HomeAgentOfSome agent(home_agent("", "[correspondent]\nenabled = false\n"));
  agent.out();
  agent.receive(PacketBuilder(kCareOf, kAgent)
                    .destination_options(home_address_option(kHome))
                    .udp(5000, 5000));
  const auto packets = agent.out();
  REQUIRE(packets.size() == 1);
  CHECK(destination_of(packets.front()) == kCareOf);
  const auto message =
      mip6::parse_message(ByteView(packets.front()).subspan(kIpBytes), kAgent, kCareOf);
  REQUIRE(message);
  const auto& error = std::get<mip6::BindingError>(*message);
  CHECK(error.status == mip6::BindingErrorStatus::UnknownBinding);
  CHECK(error.home_address == kHome);
}

}  // namespace sallyport::home_agent_changes_test
