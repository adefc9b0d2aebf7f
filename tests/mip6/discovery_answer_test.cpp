// Home agents of a link: who is there, and what is answered to who looks for one.
#include "mip6/discovery_answer.h"

#include <catch2/catch.hpp>
#include <set>

#include "tests/mip6/fake_surroundings.h"

namespace sallyport::mip6::test::discovery_answer_test {
namespace {

using namespace std::chrono_literals;

const Address kFirst = ip("fe80::11");
const Address kSecond = ip("fe80::22");

PrefixInformation router_prefix(std::string_view address, std::uint32_t valid = 3600) {
  return {.prefix = {ip(address), 64},
          .flags = {PrefixFlag::OnLink, PrefixFlag::RouterAddress},
          .valid = PrefixLifetime{valid},
          .preferred = PrefixLifetime{valid}};
}
RouterAdvertisement advertisement(const Address& from = kFirst) {
  return {.source = from,
          .flags = {RouterFlag::HomeAgent},
          .lifetime = RouterLifetime{100},
          .prefixes = {router_prefix("2001:db8:b::11")}};
}

TEST_CASE("DHAAD-03: a home agent is listed by its link-local address, with defaults") {
  FakeSurroundings around;
  HomeAgentsList list(around.clock);
  list.hear(advertisement());
  const auto present = list.present();
  REQUIRE(present.size() == 1);
  CHECK(present[0].link_local == kFirst);
  CHECK(present[0].preference == 0);
  CHECK(present[0].ends == around.clock.now() + 100s);
  REQUIRE(present[0].addresses.size() == 1);
  CHECK(present[0].addresses[0].address == ip("2001:db8:b::11"));
}

TEST_CASE(
    "DHAAD-03, NEMO-05: lifetime, preference and R are those of option 8 where there is one") {
  FakeSurroundings around;
  HomeAgentsList list(around.clock);
  RouterAdvertisement told = advertisement();
  told.home_agent =
      HomeAgentInformation{.mobile_router = true, .preference = 7, .lifetime = RouterLifetime{50}};
  list.hear(told);
  CHECK(list.present().at(0).preference == 7);
  CHECK(list.present().at(0).mobile_router);
  around.pass(49s);
  CHECK(list.present().size() == 1);
  around.pass(2s);
  CHECK(list.present().empty());
}

TEST_CASE("DHAAD-03: an advertisement without H, or with a lifetime of 0, deletes the entry") {
  FakeSurroundings around;
  HomeAgentsList list(around.clock);
  RouterAdvertisement plain = advertisement();
  plain.flags = {};
  list.hear(plain);
  CHECK(list.present().empty());
  list.hear(advertisement());
  list.hear(advertisement(kSecond));
  list.hear(plain);
  REQUIRE(list.present().size() == 1);
  CHECK(list.present()[0].link_local == kSecond);
  RouterAdvertisement no_longer = advertisement(kSecond);
  no_longer.home_agent = HomeAgentInformation{};
  list.hear(no_longer);
  CHECK(list.present().empty());
}

TEST_CASE("DHAAD-03: only prefixes with the flag R tell addresses, for as long as they are valid") {
  FakeSurroundings around;
  HomeAgentsList list(around.clock);
  RouterAdvertisement told = advertisement();
  told.prefixes.push_back(router_prefix("2001:db8:b2::11", 10));
  told.prefixes.push_back(router_prefix("2001:db8:b3::11"));
  told.prefixes.back().flags = {PrefixFlag::OnLink};
  told.prefixes.push_back(router_prefix("fe80::11"));
  list.hear(told);
  CHECK(list.present().at(0).addresses.size() == 2);
  around.pass(11s);
  REQUIRE(list.present().at(0).addresses.size() == 1);
  // Addresses of earlier advertisements stay.
  told.prefixes = {router_prefix("2001:db8:b4::11")};
  list.hear(told);
  CHECK(list.present().at(0).addresses.size() == 2);
}

TEST_CASE("DHAAD-03: home agents and addresses are listed so many and no more") {
  FakeSurroundings around;
  HomeAgentsList list(around.clock);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    Address from = kFirst;
    store_be<std::uint32_t>(&from.bytes[12], i);
    RouterAdvertisement told = advertisement(from);
    for (std::uint32_t j = 0; j < 100; ++j) {
      told.prefixes.push_back(router_prefix("2001:db8:b::11"));
      store_be<std::uint32_t>(&told.prefixes.back().prefix.address.bytes[12], j);
    }
    list.hear(told);
  }
  const auto present = list.present();
  CHECK(present.size() == HomeAgentsList::kMost);
  CHECK(present.back().addresses.size() == HomeAgentsList::kMostAddresses);
}

KnownHomeAgent agent(std::uint16_t number, std::uint16_t preference, std::size_t addresses = 1) {
  KnownHomeAgent known{.preference = preference};
  for (std::size_t i = 0; i < addresses; ++i) {
    Address address = kHomeAgent;
    store_be<std::uint16_t>(&address.bytes[12], number);
    store_be<std::uint16_t>(&address.bytes[14], static_cast<std::uint16_t>(i));
    known.addresses.push_back({address});
  }
  return known;
}

TEST_CASE("DHAAD-04: the reply lists all addresses, the greatest preference first") {
  FixedRandom random;
  const auto reply =
      answer_discovery({.identifier = 9}, {agent(1, 0), agent(2, 9, 3), agent(3, 4)}, random);
  CHECK(reply.identifier == 9);
  CHECK_FALSE(reply.mobile_router);
  REQUIRE(reply.home_agents.size() == 5);
  const std::set<Address> first(reply.home_agents.begin(), reply.home_agents.begin() + 3);
  CHECK(first == std::set<Address>{agent(2, 9, 3).addresses[0].address,
                                   agent(2, 9, 3).addresses[1].address,
                                   agent(2, 9, 3).addresses[2].address});
  CHECK(reply.home_agents[3] == agent(3, 4).addresses[0].address);
}

TEST_CASE("DHAAD-04: home agents of one preference, and one's addresses, come in random order") {
  FixedRandom random;
  std::map<Address, int> firsts;
  for (int i = 0; i < 900; ++i)
    ++firsts[answer_discovery({}, {agent(1, 5), agent(2, 5), agent(3, 5)}, random).home_agents[0]];
  REQUIRE(firsts.size() == 3);
  for (const auto& [address, count] : firsts) CHECK(count > 200);
  firsts.clear();
  for (int i = 0; i < 900; ++i)
    ++firsts[answer_discovery({}, {agent(1, 5, 3)}, random).home_agents[0]];
  REQUIRE(firsts.size() == 3);
  for (const auto& [address, count] : firsts) CHECK(count > 200);
}

TEST_CASE("DHAAD-04: a reply fits the least packet: the most preferred addresses are kept") {
  FixedRandom random;
  const auto reply = answer_discovery({}, {agent(1, 0, 60), agent(2, 1, 60)}, random);
  CHECK(reply.home_agents.size() == 77);
  const Octets octets = build_discovery_message(reply, kHomeAgent, kCareOf);
  CHECK(40 + octets.size() <= 1280);
  CHECK(40 + octets.size() + 16 > 1280);
  const auto of_second = [](const Address& address) { return address.bytes[13] == 2; };
  CHECK(std::ranges::count_if(reply.home_agents, of_second) == 60);
}

TEST_CASE("NEMO-05: a router hears of home agents for routers, or where there are none of all") {
  FixedRandom random;
  KnownHomeAgent serves = agent(2, 0);
  serves.mobile_router = true;
  const auto some = answer_discovery({.mobile_router = true}, {agent(1, 9), serves}, random);
  CHECK(some.mobile_router);
  CHECK(some.home_agents == std::vector{serves.addresses[0].address});
  const auto none = answer_discovery({.mobile_router = true}, {agent(1, 9)}, random);
  CHECK_FALSE(none.mobile_router);
  CHECK(none.home_agents.size() == 1);
  CHECK_FALSE(answer_discovery({}, {serves}, random).mobile_router);
}

}  // namespace
}  // namespace sallyport::mip6::test::discovery_answer_test
