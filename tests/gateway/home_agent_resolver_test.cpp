// Home agents by DNS, with a name server that the test plays itself.
#include "gateway/home_agent_resolver.h"

#include <catch2/catch.hpp>

#include "base/timer_wheel.h"
#include "tests/gateway/canned_dns.h"
#include "tests/gateway/fake_udp_sockets.h"
#include "tests/support/fixed_random.h"
#include "tests/support/manual_clock.h"

namespace sallyport::home_agent_resolver_test {

using namespace test;

namespace {

const Address kServer = Address::parse("2001:db8:b::53").value();
const Address kSecondServer = Address::parse("2001:db8:b::54").value();
const Address kCareOf = Address::parse("2001:db8:b::5").value();
const Address kAgent = Address::parse("2001:db8:1::1").value();

struct Scene {
  Scene() {
    sockets.source = kCareOf;
    resolver.set_servers({kServer});
  }
  // What `from` answers to the last question.
  void answer(const CannedDns& dns, const Address& from = kServer, std::uint16_t port = 53) {
    REQUIRE_FALSE(sockets.sent.empty());
    const auto& [question, octets] = sockets.sent.back();
    const auto handler = sockets.handlers.find(question.source_port);
    REQUIRE(handler != sockets.handlers.end());
    const std::vector<std::uint8_t> reply = dns.answer(octets);
    handler->second({.source = from,
                     .destination = question.source,
                     .source_port = port,
                     .destination_port = question.source_port,
                     .payload = reply},
                    clock.now());
    resolver.poll();
  }
  void ask_addresses(const std::string& name) {
    resolver.find_addresses(name, [this](auto found) { addresses.push_back(std::move(found)); });
  }
  void ask_services(const std::string& name) {
    resolver.find_services(name, [this](auto found) { services.push_back(std::move(found)); });
  }

  ManualClock clock;
  TimerWheel timers{clock};
  FixedRandom random;
  FakeUdpSockets sockets;
  HomeAgentResolver resolver{{.sockets = sockets, .random = random, .timers = timers}};
  std::vector<Expected<std::vector<Address>>> addresses;
  std::vector<Expected<std::vector<mip6::NameService::Service>>> services;
};

CannedDns usual() {
  CannedDns dns;
  dns.addresses["ha.example.org"] = {kAgent, kSecondServer};
  dns.services["_mip6._ipv6.example.org"] = {{10, 3, "a.example.org"}, {20, 0, "b.example.org"}};
  return dns;
}

}  // namespace

TEST_CASE("BOOT-02: a home agent's name is asked for as AAAA, from where we are") {
  Scene scene;
  scene.ask_addresses("ha.example.org");
  REQUIRE(scene.sockets.sent.size() == 1);
  const UdpDatagram& question = scene.sockets.sent.front().datagram;
  CHECK(question.source == kCareOf);
  CHECK(question.destination == kServer);
  CHECK(question.destination_port == 53);
  CHECK(question.source_port >= 49152);
  const CannedDns::Question read = CannedDns::read(scene.sockets.sent.front().payload);
  CHECK(read.name == "ha.example.org");
  CHECK(read.type == 28);
  scene.answer(usual());
  REQUIRE(scene.addresses.size() == 1);
  REQUIRE(scene.addresses.front());
  CHECK(*scene.addresses.front() == std::vector{kAgent, kSecondServer});
  // Its port is nobody's any more.
  CHECK(scene.sockets.handlers.empty());
}

TEST_CASE("BOOT-02: services are asked for by record type 33, with priority, weight and name") {
  Scene scene;
  scene.ask_services("_mip6._ipv6.example.org");
  REQUIRE(scene.sockets.sent.size() == 1);
  CHECK(CannedDns::read(scene.sockets.sent.front().payload).type == 33);
  scene.answer(usual());
  REQUIRE(scene.services.size() == 1);
  REQUIRE(scene.services.front());
  const auto& found = *scene.services.front();
  REQUIRE(found.size() == 2);
  CHECK(found[0].name == "a.example.org");
  CHECK(found[0].priority == 10);
  CHECK(found[0].weight == 3);
  CHECK(found[1].name == "b.example.org");
}

TEST_CASE("BOOT-02: a service of the name \".\" is none, and a name that is not there an error") {
  Scene scene;
  CannedDns dns;
  dns.services["_mip6._ipv6.example.org"] = {{0, 0, ""}};
  scene.ask_services("_mip6._ipv6.example.org");
  scene.answer(dns);
  REQUIRE(scene.services.size() == 1);
  REQUIRE(scene.services.front());
  CHECK(scene.services.front()->empty());
  scene.ask_addresses("nobody.example.org");
  scene.answer(dns);
  REQUIRE(scene.addresses.size() == 1);
  REQUIRE_FALSE(scene.addresses.front());
  CHECK(scene.addresses.front().error().code == Error::Code::NotFound);
}

TEST_CASE("BOOT-02: nothing from elsewhere is an answer, nor what answers another question") {
  Scene scene;
  scene.ask_addresses("ha.example.org");
  scene.answer(usual(), kSecondServer);
  scene.answer(usual(), kServer, 5353);
  CHECK(scene.addresses.empty());
  CannedDns other = usual();
  other.id_offset = 1;
  scene.answer(other);
  CHECK(scene.addresses.empty());
  scene.answer(usual());
  CHECK(scene.addresses.size() == 1);
}

TEST_CASE("BOOT-02: an answer that is no message of DNS ends in an error, not in anything else") {
  Scene scene;
  scene.ask_services("_mip6._ipv6.example.org");
  CannedDns dns = usual();
  SECTION("cut short") { dns.cut = GENERATE(13u, 30u, 50u, 70u); }
  SECTION("without records") { dns.services.begin()->second.clear(); }
  scene.answer(dns);
  scene.clock.advance(HomeAgentResolver::kPatience + std::chrono::seconds(1));
  scene.timers.advance();
  scene.resolver.poll();
  REQUIRE(scene.services.size() == 1);
  CHECK((!scene.services.front() || scene.services.front()->size() <= 2));
  CHECK(scene.sockets.handlers.empty());
}

TEST_CASE("BOOT-02: a server that is silent is waited for ten seconds in all") {
  Scene scene;
  scene.ask_addresses("ha.example.org");
  scene.clock.advance(HomeAgentResolver::kPatience - std::chrono::seconds(1));
  scene.timers.advance();
  scene.resolver.poll();
  CHECK(scene.addresses.empty());
  scene.clock.advance(std::chrono::seconds(2));
  scene.timers.advance();
  scene.resolver.poll();
  REQUIRE(scene.addresses.size() == 1);
  REQUIRE_FALSE(scene.addresses.front());
  CHECK(scene.addresses.front().error().what.find("imeout") != std::string::npos);
  CHECK(scene.sockets.handlers.empty());
}

TEST_CASE("BOOT-02: without a server, a way to it or a name that can be one, an error comes") {
  Scene scene;
  std::string name = "ha.example.org";
  SECTION("no server") { scene.resolver.set_servers({}); }
  SECTION("no way") { scene.sockets.source.reset(); }
  SECTION("no name") { name = "ha..example.org"; }
  scene.ask_addresses(name);
  scene.resolver.poll();
  REQUIRE(scene.addresses.size() == 1);
  CHECK_FALSE(scene.addresses.front());
  CHECK(scene.sockets.sent.empty());
}

TEST_CASE("BOOT-02: the next server is asked where one cannot") {
  Scene scene;
  scene.resolver.set_servers({kServer, kSecondServer});
  scene.ask_addresses("ha.example.org");
  CannedDns broken = usual();
  broken.code = 2;  // SERVFAIL
  scene.answer(broken);
  REQUIRE(scene.sockets.sent.size() == 2);
  CHECK(scene.sockets.sent.back().datagram.destination == kSecondServer);
  scene.answer(usual(), kSecondServer);
  REQUIRE(scene.addresses.size() == 1);
  CHECK(scene.addresses.front());
}

TEST_CASE("BOOT-02: so many names are asked for at a time, and the others fail at once") {
  Scene scene;
  for (std::size_t i = 0; i < HomeAgentResolver::kMostQuestions + 1; ++i)
    scene.ask_addresses("ha.example.org");
  REQUIRE(scene.addresses.size() == 1);
  CHECK(scene.addresses.front().error().code == Error::Code::Exhausted);
  CHECK(scene.sockets.sent.size() == HomeAgentResolver::kMostQuestions);
}

}  // namespace sallyport::home_agent_resolver_test
