#include "dataplane/routes.h"

#include <catch2/catch.hpp>
#include <random>

#include "tests/support/eal.h"

namespace sallyport::routes_test {
namespace {

Address random_address(Family family, std::mt19937& random) {
  // Few first octets, so that prefixes nest and destinations hit them.
  Address address = Address::any(family);
  address.bytes[0] = static_cast<std::uint8_t>(0x20 + random() % 2);
  for (std::size_t i = 1; i < address.wire().size(); ++i)
    address.bytes[i] = static_cast<std::uint8_t>(random() % 4 == 0 ? random() : 0);
  return address;
}

std::vector<Route> random_routes(Family family, std::size_t count, std::mt19937& random) {
  std::vector<Route> routes;
  for (std::size_t i = 0; i < count; ++i) {
    const auto length = static_cast<std::uint8_t>(random() % (bits(family) + 1));
    routes.push_back(
        {{random_address(family, random), length},
         {NextHop::Kind::OnLink, PortId{static_cast<std::uint16_t>(i)}, Address::any(family)}});
  }
  return routes;
}

// The longest prefix that holds the address; of equal ones the last.
NextHop expected(std::span<const Route> routes, const Address& address) {
  const Route* best = nullptr;
  for (const Route& route : routes)
    if (route.destination.contains(address) &&
        (best == nullptr || route.destination.length >= best->destination.length))
      best = &route;
  return best == nullptr ? NextHop{} : best->next_hop;
}

// Asks for a burst of destinations and for each of them alone.
void check(const Routes& routes, std::span<const Route> list, std::span<const Address> asked) {
  PacketStore store;
  Burst burst;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    store[i].summary.family = asked[i].family;
    store[i].summary.destination = asked[i].bytes;
    burst.push(store[i]);
  }
  routes.look_up(burst);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    INFO(to_string(asked[i]));
    CHECK(*store[i].next_hop == expected(list, asked[i]));
    CHECK(routes.look_up(asked[i]) == expected(list, asked[i]));
  }
}

}  // namespace

TEST_CASE("routes: the longest prefix wins, for few routes and for many, in mixed bursts") {
  need_eal();
  std::mt19937 random(1);
  for (const std::size_t count : {0u, 1u, 5u, 64u, 65u, 300u}) {
    std::vector<Route> list = random_routes(Family::V4, count, random);
    const std::vector<Route> v6 = random_routes(Family::V6, count, random);
    list.insert(list.end(), v6.begin(), v6.end());
    const auto routes = Routes::build(list);
    REQUIRE(routes);
    for (unsigned round = 0; round < 50; ++round) {
      std::vector<Address> asked;
      for (unsigned i = 0; i < 1 + random() % kBurstSize; ++i)
        asked.push_back(random_address(random() % 2 == 0 ? Family::V4 : Family::V6, random));
      check(**routes, list, asked);
    }
  }
}

TEST_CASE("routes: a later route for the same prefix replaces the earlier one") {
  need_eal();
  const Prefix prefix = Prefix::parse("192.0.2.0/24").value();
  const auto to = [](std::uint16_t port) { return NextHop{NextHop::Kind::OnLink, {port}, {}}; };
  for (const std::size_t others : {0u, 100u}) {
    std::mt19937 random(2);
    std::vector<Route> list = random_routes(Family::V4, others, random);
    list.push_back({prefix, to(1000)});
    list.push_back({prefix, to(1001)});
    const auto routes = Routes::build(list);
    REQUIRE(routes);
    CHECK((*routes)->look_up(Address::v4(0xc0000201)) == to(1001));
  }
}

}  // namespace sallyport::routes_test
