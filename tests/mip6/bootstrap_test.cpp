#include "mip6/bootstrap.h"

#include <catch2/catch.hpp>

#include "tests/mip6/fake_surroundings.h"

namespace sallyport::mip6::test::bootstrap_test {
namespace {

using std::chrono::seconds;
using Assigned = HomeAddressSource::Assigned;
using HomePrefix = HomeAddressSource::HomePrefix;
using Failure = HomeAddressSource::Failure;
using Wish = HomeAddressSource::Wish;

const Address kOtherAgent = ip("2001:db8:b::2");
const Address kThirdAgent = ip("2001:db8:b::3");
const Prefix kHomeAddress{kHome, 64};

struct FakeNames final : NameService {
  void find_addresses(const std::string& name, Addresses found) override {
    asked.push_back(name);
    const auto known = addresses.find(name);
    if (known == addresses.end()) return found(fail(Error::Code::NotFound, "no such name"));
    found(known->second);
  }
  void find_services(const std::string& name, Services found) override {
    asked.push_back(name);
    if (services.empty()) return found(fail(Error::Code::NotFound, "no such name"));
    found(services);
  }
  std::vector<std::string> asked;
  std::map<std::string, std::vector<Address>> addresses;
  std::vector<Service> services;
};
struct FakeNetworks final : HomeNetworks {
  void find(const std::string& domain, Found found) override {
    asked.push_back(domain);
    found(network);
  }
  std::vector<std::string> asked;
  HomeNetwork network;
};
// Home agents that are not named do not answer.
struct FakeSource final : HomeAddressSource {
  void request(const Request& asked, std::function<void(const Answer&)> answered) override {
    requests.push_back(asked);
    if (silent) return waiting.push_back(std::move(answered));
    const auto known = answers.find({asked.home_agent, asked.wish});
    answered(known == answers.end() ? Answer{Failure::NoAnswer} : known->second);
  }
  void protect(const Address& home_agent, const Address& home_address,
               std::function<void(Expected<void>)> ready) override {
    children.emplace_back(home_agent, home_address);
    ready(refuses ? Expected<void>(fail(Error::Code::Refused, "no")) : Expected<void>{});
  }
  void end(const Address& home_agent) override { ended.push_back(home_agent); }

  std::vector<Request> requests;
  std::map<std::pair<Address, Wish>, Answer> answers;
  std::vector<std::pair<Address, Address>> children;  // home agent, home address
  std::vector<Address> ended;
  std::vector<std::function<void(const Answer&)>> waiting;
  bool silent{};
  bool refuses{};
};

struct Scene {
  explicit Scene(Bootstrap::Settings settings)
      : bootstrap({.timers = fakes.timers,
                   .random = fakes.random,
                   .names = names,
                   .networks = networks,
                   .source = source,
                   .events = fakes.events},
                  std::move(settings),
                  [this](const Bootstrap::Result& result) { results.push_back(result); }) {}

  // The home agents that were asked for an address, in their order.
  [[nodiscard]] std::vector<Address> asked() const {
    std::vector<Address> home_agents;
    for (const auto& request : source.requests) home_agents.push_back(request.home_agent);
    return home_agents;
  }

  FakeSurroundings fakes;
  FakeNames names;
  FakeNetworks networks;
  FakeSource source;
  std::vector<Bootstrap::Result> results;
  Bootstrap bootstrap;
};

TEST_CASE("BOOT-01, BOOT-02: a domain is enough: SRV, names, addresses, home address") {
  Scene scene({.domain = "example.org"});
  scene.names.services = {{.priority = 20, .name = "b.example.org"},
                          {.priority = 10, .name = "a.example.org"}};
  scene.names.addresses = {{"a.example.org", {kHomeAgent}}, {"b.example.org", {kOtherAgent}}};
  scene.source.answers[{kHomeAgent, Wish::Assigned}] = Assigned{{kHomeAddress}};
  scene.bootstrap.start(kCareOf);
  CHECK(scene.names.asked == std::vector<std::string>{"_mip6._ipv6.example.org", "a.example.org"});
  REQUIRE(scene.results.size() == 1);
  CHECK(scene.results[0].home_agent == kHomeAgent);
  CHECK(scene.results[0].home_addresses == std::vector{kHomeAddress});
  CHECK(scene.source.requests[0].care_of == kCareOf);
}

TEST_CASE("BOOT-02: addresses that came with the SRV answer are not looked up") {
  Scene scene({.domain = "example.org"});
  scene.names.services = {{.name = "a.example.org", .addresses = {kHomeAgent}}};
  scene.source.answers[{kHomeAgent, Wish::Assigned}] = Assigned{{kHomeAddress}};
  scene.bootstrap.start(kCareOf);
  CHECK(scene.names.asked.size() == 1);
  CHECK(scene.results.size() == 1);
}

TEST_CASE("BOOT-02: within a priority the weight decides, at random") {
  int heavy_first = 0;
  Scene scene({.domain = "example.org"});
  scene.names.services = {{.weight = 0, .name = "light", .addresses = {kOtherAgent}},
                          {.weight = 9, .name = "heavy", .addresses = {kHomeAgent}}};
  for (int i = 0; i < 500; ++i) {
    scene.source.requests.clear();
    scene.bootstrap.start(kCareOf);
    REQUIRE(scene.asked().size() == 2);
    if (scene.asked()[0] == kHomeAgent) ++heavy_first;
  }
  CHECK(heavy_first > 400);
  CHECK(heavy_first < 500);
}

TEST_CASE("BOOT-02, BOOT-09: configured address, configured name, service, DHCPv6: in this order") {
  Scene scene({.home_agents = {kHomeAgent},
               .home_agent_name = "ha.example.org",
               .domain = "example.org",
               .dhcp = Bootstrap::Settings::Dhcp::Asked});
  const Address fourth = ip("2001:db8:b::4");
  const Address fifth = ip("2001:db8:b::5");
  scene.names.addresses = {{"ha.example.org", {kOtherAgent}}, {"dhcp.example.org", {fifth}}};
  scene.names.services = {{.name = "c.example.org", .addresses = {kThirdAgent}}};
  scene.networks.network = {.home_agents = {fourth}, .names = {"dhcp.example.org"}};
  scene.bootstrap.start(kCareOf);
  CHECK(scene.asked() == std::vector{kHomeAgent, kOtherAgent, kThirdAgent, fourth, fifth});
  CHECK(scene.networks.asked == std::vector<std::string>{"example.org"});
  CHECK(scene.results.empty());
  // None answers: again after a while.
  scene.fakes.pass(seconds{59});
  CHECK(scene.asked().size() == 5);
  scene.fakes.pass(seconds{2});
  CHECK(scene.asked().size() == 10);
}

TEST_CASE("BOOT-02: the next home agent is tried where one does not answer or authenticate") {
  Scene scene({.home_agents = {kHomeAgent, kOtherAgent, kThirdAgent}});
  scene.source.answers[{kOtherAgent, Wish::Assigned}] = Failure::NotAuthenticated;
  scene.source.answers[{kThirdAgent, Wish::Assigned}] = Assigned{{kHomeAddress}};
  scene.bootstrap.start(kCareOf);
  CHECK(scene.asked() == std::vector{kHomeAgent, kOtherAgent, kThirdAgent});
  REQUIRE(scene.results.size() == 1);
  CHECK(scene.results[0].home_agent == kThirdAgent);
}

TEST_CASE("BOOT-03: a home address that we had is suggested, what is given counts") {
  Scene scene({.home_agents = {kHomeAgent}, .suggestion = kHome});
  const Prefix given{ip("2001:db8:b::777"), 64};
  const Prefix second{ip("2001:db8:b::778"), 64};
  scene.source.answers[{kHomeAgent, Wish::Assigned}] = Assigned{{given, second}};
  scene.bootstrap.start(kCareOf);
  CHECK(scene.source.requests[0].suggestion == kHome);
  REQUIRE(scene.results.size() == 1);
  CHECK(scene.results[0].home_addresses == std::vector{given, second});
  CHECK(scene.source.children.empty());  // the first child was for it
}

TEST_CASE("BOOT-03: an address that nobody can have is none") {
  Scene scene({.home_agents = {kHomeAgent}});
  scene.source.answers[{kHomeAgent, Wish::Assigned}] = Assigned{{{ip("ff0e::1"), 64}}};
  scene.bootstrap.start(kCareOf);
  CHECK(scene.results.empty());
}

TEST_CASE("BOOT-04: a home prefix, an address formed of it, SAs for that one") {
  Scene scene({.home_agents = {kHomeAgent}, .wish = Wish::HomePrefix});
  scene.source.answers[{kHomeAgent, Wish::HomePrefix}] =
      HomePrefix{.prefix = {ip("2001:db8:b::"), 64}, .lifetime = seconds{1000}};
  scene.bootstrap.start(kCareOf);
  REQUIRE(scene.results.size() == 1);
  CHECK(scene.results[0].home_addresses == std::vector{kHomeAddress});
  CHECK(scene.source.children == std::vector{std::pair{kHomeAgent, kHome}});
  CHECK_FALSE(scene.source.requests[0].suggestion);
}

TEST_CASE("BOOT-04: an address given instead of a prefix is used, with SAs of its own") {
  Scene scene({.home_agents = {kHomeAgent}, .wish = Wish::HomePrefix});
  const Prefix given{ip("2001:db8:b::777"), 64};
  scene.source.answers[{kHomeAgent, Wish::HomePrefix}] = Assigned{{given}};
  scene.bootstrap.start(kCareOf);
  REQUIRE(scene.results.size() == 1);
  CHECK(scene.results[0].home_addresses == std::vector{given});
  CHECK(scene.source.children == std::vector{std::pair{kHomeAgent, given.address}});
}

TEST_CASE("BOOT-04, MN-10: a duplicate is replaced by another address under the same IKE SA") {
  Scene scene({.home_agents = {kHomeAgent, kOtherAgent}, .wish = Wish::HomePrefix});
  scene.source.answers[{kHomeAgent, Wish::HomePrefix}] =
      HomePrefix{.prefix = {ip("2001:db8:b::"), 64}, .lifetime = seconds{1000}};
  scene.bootstrap.start(kCareOf);
  scene.bootstrap.home_address_lost();
  REQUIRE(scene.results.size() == 2);
  const Prefix second = scene.results[1].home_addresses.at(0);
  CHECK(second.address != kHome);
  CHECK(Prefix{ip("2001:db8:b::"), 64}.contains(second.address));
  CHECK(scene.source.requests.size() == 1);
  CHECK(scene.source.children.size() == 2);
  // After three the next home agent is asked.
  scene.bootstrap.home_address_lost();
  CHECK(scene.results.size() == 3);
  scene.bootstrap.home_address_lost();
  CHECK(scene.results.size() == 3);
  CHECK(scene.asked() == std::vector{kHomeAgent, kOtherAgent});
  CHECK(scene.source.ended == std::vector{kHomeAgent});
}

TEST_CASE("BOOT-04: a duplicate that was given is asked for anew") {
  Scene scene({.home_agents = {kHomeAgent}, .suggestion = kHome});
  scene.source.answers[{kHomeAgent, Wish::Assigned}] = Assigned{{kHomeAddress}};
  scene.bootstrap.start(kCareOf);
  scene.bootstrap.home_address_lost();
  REQUIRE(scene.source.requests.size() == 2);
  CHECK_FALSE(scene.source.requests[1].suggestion);
  CHECK(scene.results.size() == 2);
}

TEST_CASE(
    "BOOT-04: a prefix that leaves no room for an identifier, or no SAs: the next home agent") {
  Scene scene({.home_agents = {kHomeAgent, kOtherAgent}, .wish = Wish::HomePrefix});
  scene.source.answers[{kHomeAgent, Wish::HomePrefix}] =
      HomePrefix{.prefix = {ip("2001:db8:b::"), 64}, .lifetime = seconds{1000}};
  SECTION("too long") {
    scene.source.answers[{kHomeAgent, Wish::HomePrefix}] =
        HomePrefix{.prefix = {ip("2001:db8:b::"), 96}, .lifetime = seconds{1000}};
  }
  SECTION("no SAs") { scene.source.refuses = true; }
  scene.bootstrap.start(kCareOf);
  CHECK(scene.results.empty());
  CHECK(scene.source.ended == std::vector{kHomeAgent});
  CHECK(scene.asked() == std::vector{kHomeAgent, kOtherAgent});
}

TEST_CASE("BOOT-05: without an address to give, that IKE SA ends and a prefix is asked for") {
  Scene scene({.home_agents = {kHomeAgent, kOtherAgent}});
  scene.source.answers[{kHomeAgent, Wish::Assigned}] = Failure::NoAddress;
  SECTION("which there is") {
    scene.source.answers[{kHomeAgent, Wish::HomePrefix}] =
        HomePrefix{.prefix = {ip("2001:db8:b::"), 64}, .lifetime = seconds{1000}};
    scene.bootstrap.start(kCareOf);
    CHECK(scene.results.size() == 1);
    CHECK(scene.asked() == std::vector{kHomeAgent, kHomeAgent});
    CHECK(scene.source.ended == std::vector{kHomeAgent});
  }
  SECTION("which there is not: the next home agent") {
    scene.source.answers[{kHomeAgent, Wish::HomePrefix}] = Failure::NoAddress;
    scene.source.answers[{kOtherAgent, Wish::Assigned}] = Assigned{{kHomeAddress}};
    scene.bootstrap.start(kCareOf);
    CHECK(scene.asked() == std::vector{kHomeAgent, kHomeAgent, kOtherAgent});
    REQUIRE(scene.results.size() == 1);
    CHECK(scene.results[0].home_agent == kOtherAgent);
  }
}

TEST_CASE("BOOT-06: when the IKE SA ends all begins anew, with the address that we had as a wish") {
  Scene scene({.home_agents = {kHomeAgent}});
  scene.source.answers[{kHomeAgent, Wish::Assigned}] = Assigned{{kHomeAddress}};
  scene.bootstrap.start(kCareOf);
  scene.bootstrap.ike_ended();
  REQUIRE(scene.source.requests.size() == 2);
  CHECK(scene.source.requests[1].suggestion == kHome);
  CHECK(scene.results.size() == 2);
}

TEST_CASE("BOOT-01: answers to a question of before change nothing") {
  Scene scene({.home_agents = {kHomeAgent}});
  scene.source.silent = true;
  scene.bootstrap.start(kCareOf);
  const bool stopped = GENERATE(true, false);
  if (stopped)
    scene.bootstrap.stop();
  else
    scene.bootstrap.start(kCareOf);
  scene.source.waiting[0](Assigned{{kHomeAddress}});
  CHECK(scene.results.empty());
  CHECK_FALSE(scene.bootstrap.result());
}

TEST_CASE("BOOT-04, BOOT-06: what was found before a stop is not lost a second time") {
  Scene scene({.home_agents = {kHomeAgent}});
  scene.source.answers[{kHomeAgent, Wish::Assigned}] = Assigned{{kHomeAddress}};
  scene.bootstrap.start(kCareOf);
  REQUIRE(scene.bootstrap.result());
  scene.bootstrap.stop();
  CHECK_FALSE(scene.bootstrap.result());
  scene.bootstrap.home_address_lost();
  scene.bootstrap.ike_ended();
  CHECK(scene.source.requests.size() == 1);
}

TEST_CASE("BOOT-02: without anything to go by nothing is asked, and it goes on trying") {
  Scene scene({});
  scene.bootstrap.start(kCareOf);
  CHECK(scene.names.asked.empty());
  CHECK(scene.networks.asked.empty());
  CHECK(scene.source.requests.empty());
  CHECK(scene.fakes.events.count(EventKind::Refused) == 1);
  scene.fakes.pass(seconds{61});
  CHECK(scene.fakes.events.count(EventKind::Refused) == 2);
}

}  // namespace
}  // namespace sallyport::mip6::test::bootstrap_test
