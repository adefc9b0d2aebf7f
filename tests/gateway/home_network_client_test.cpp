// Home agents by DHCPv6, with a server that the test plays itself.
#include "gateway/home_network_client.h"

#include <catch2/catch.hpp>

#include "base/timer_wheel.h"
#include "net/neighbour_discovery.h"
#include "tests/gateway/fake_udp_sockets.h"
#include "tests/mip6/dhcp_server.h"
#include "tests/support/fixed_random.h"
#include "tests/support/manual_clock.h"

namespace sallyport::home_network_client_test {

using namespace test;

namespace {

const MacAddress kMac{{2, 0, 0, 0, 0, 5}};
const Address kAgent = Address::parse("2001:db8:1::1").value();
const Address kNameServer = Address::parse("2001:db8:b::53").value();
const Address kServer = Address::parse("fe80::9").value();

struct Scene {
  Scene() { client.set_link({.port = PortId{1}, .mac = kMac}); }
  void find(const std::string& domain) {
    client.find(domain, [this](auto network) { found.push_back(std::move(network)); });
  }
  void pass(Duration time) {
    for (Duration step{}; step < time; step += std::chrono::milliseconds(100)) {
      clock.advance(std::chrono::milliseconds(100));
      timers.advance();
    }
  }
  void receive(const std::vector<std::uint8_t>& payload, const Address& to,
               std::uint16_t from_port = 547) {
    REQUIRE(sockets.handlers.contains(546));
    sockets.handlers.at(546)({.source = kServer,
                              .destination = to,
                              .source_port = from_port,
                              .destination_port = 546,
                              .payload = payload},
                             clock.now());
  }
  [[nodiscard]] std::vector<std::uint8_t> answer() const {
    mip6::test::DhcpServer server;
    server.networks = {
        {.code = 69, .id = "example.org", .home_agents = {kAgent}, .names = {"ha.example.org"}}};
    server.name_servers = {kNameServer};
    return server.answer(sockets.sent.back().payload);
  }

  ManualClock clock;
  TimerWheel timers{clock};
  FixedRandom random;
  FakeUdpSockets sockets;
  HomeNetworkClient client{{.sockets = sockets, .random = random, .timers = timers}};
  std::vector<Expected<mip6::HomeNetworks::HomeNetwork>> found;
};

constexpr auto kSecond = std::chrono::seconds(1);

}  // namespace

TEST_CASE("BOOT-09: all servers of the link are asked, from its link-local address") {
  Scene scene;
  scene.find("example.org");
  scene.pass(kSecond);
  REQUIRE(scene.sockets.sent.size() == 1);
  const UdpDatagram& sent = scene.sockets.sent.front().datagram;
  CHECK(sent.source == kMac.link_local());
  CHECK(to_string(sent.destination) == "ff02::1:2");
  CHECK(sent.source_port == 546);
  CHECK(sent.destination_port == 547);
  CHECK(sent.link == LinkDestination{PortId{1}, multicast_mac(sent.destination)});
  scene.receive(scene.answer(), kMac.link_local());
  REQUIRE(scene.found.size() == 1);
  REQUIRE(scene.found.front());
  CHECK(scene.found.front()->home_agents == std::vector{kAgent});
  CHECK(scene.found.front()->names == std::vector<std::string>{"ha.example.org"});
  // That was all.
  scene.pass(20 * kSecond);
  CHECK(scene.sockets.sent.size() == 1);
  scene.receive(scene.answer(), kMac.link_local());
  CHECK(scene.found.size() == 1);
}

TEST_CASE("BOOT-09: a link whose servers are silent is asked four times, ever more seldom") {
  Scene scene;
  scene.find("example.org");
  scene.pass(std::chrono::milliseconds(2200));
  CHECK(scene.sockets.sent.size() == 2);
  scene.pass(6 * kSecond);
  CHECK(scene.sockets.sent.size() >= 3);
  CHECK(scene.found.empty());
  scene.pass(12 * kSecond);
  CHECK(scene.sockets.sent.size() == HomeNetworkClient::kTries);
  REQUIRE(scene.found.size() == 1);
  CHECK_FALSE(scene.found.front());
}

TEST_CASE("BOOT-09: answers to somebody else, from elsewhere or to an older question are none") {
  Scene scene;
  scene.find("example.org");
  scene.pass(kSecond);
  REQUIRE_FALSE(scene.sockets.sent.empty());
  const auto answer = scene.answer();
  scene.receive(answer, kAgent);
  scene.receive(answer, kMac.link_local(), 546);
  scene.receive({}, kMac.link_local());
  CHECK(scene.found.empty());
  scene.find("example.org");
  scene.receive(answer, kMac.link_local());
  CHECK(scene.found.empty());
}

TEST_CASE("BOOT-09: name servers of the link are heard of by the same message") {
  Scene scene;
  std::vector<Address> servers;
  scene.client.find_servers([&](std::vector<Address> heard) { servers = std::move(heard); });
  scene.pass(kSecond);
  REQUIRE_FALSE(scene.sockets.sent.empty());
  scene.receive(scene.answer(), kMac.link_local());
  CHECK(servers == std::vector{kNameServer});
}

TEST_CASE("BOOT-09: the port is nobody's any more when the client goes") {
  FakeUdpSockets sockets;
  ManualClock clock;
  TimerWheel timers(clock);
  FixedRandom random;
  {
    HomeNetworkClient client({.sockets = sockets, .random = random, .timers = timers});
    client.find("", [](const auto&) {});
    CHECK(sockets.handlers.contains(546));
  }
  CHECK(sockets.handlers.empty());
}

}  // namespace sallyport::home_network_client_test
