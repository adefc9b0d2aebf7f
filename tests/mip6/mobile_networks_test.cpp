// Mobile routers at their home agent (RFC 3963 6).
#include "mip6/mobile_networks.h"

#include <catch2/catch.hpp>

#include "tests/mip6/home_agent_scene.h"

namespace sallyport::mip6::test::mobile_networks_test {
namespace {

using Status = BindingStatus;

Arrival router_away(const Address& care_of = kCareOf) { return from_away(care_of, kRouterHome); }
BindingUpdate router_update(std::uint16_t sequence, std::vector<MobileNetworkPrefix> networks = {},
                            const Address& care_of = kCareOf) {
  BindingUpdate update = with_flag(home_update(sequence, care_of), UpdateFlag::MobileRouter);
  update.options.mobile_network_prefixes = std::move(networks);
  return update;
}
std::vector<Prefix> networks_of(const HomeAgentScene& s) {
  const auto found = s.around.bindings.bindings.find({BindingUse::HomeAgent, {kRouterHome, {}}});
  if (found == s.around.bindings.bindings.end()) return {};
  return found->second.networks;
}
MobileNetworkPrefix option(const Prefix& prefix) { return {prefix.address, prefix.length}; }

TEST_CASE("NEMO-01, NEMO-03: without prefix options a router has the networks of its entry") {
  HomeAgentScene s;
  const auto answer = s.ask(router_away(), router_update(1));
  REQUIRE(answer);
  CHECK(answer->status == Status::Accepted);
  CHECK(answer->flags.has(AcknowledgementFlag::MobileRouter));
  CHECK(networks_of(s) == std::vector{kNetwork, kOtherNetwork});
}

TEST_CASE("NEMO-03: with prefix options a router has those, each once") {
  HomeAgentScene s;
  const MobileNetworkPrefix part{ip("2001:db8:e:7::9"), 64};
  CHECK(s.status(router_away(), router_update(1, {option(kNetwork), part, option(kNetwork)})) ==
        Status::Accepted);
  CHECK(networks_of(s) == std::vector{kNetwork, Prefix{ip("2001:db8:e:7::"), 64}});
}

TEST_CASE("NEMO-01: the flag R is of a home registration, at an agent that serves routers: 140") {
  HomeAgentScene s;
  const auto plain = s.ask(from_away(), with_flag(home_update(1), UpdateFlag::MobileRouter));
  REQUIRE(plain);
  CHECK(plain->status == Status::MobileRouterNotPermitted);
  CHECK_FALSE(plain->flags.has(AcknowledgementFlag::MobileRouter));
  BindingUpdate no_home = router_update(2);
  no_home.flags = {UpdateFlag::MobileRouter};
  CHECK(s.status(router_away(), no_home) == Status::MobileRouterNotPermitted);
  CHECK(s.cache.size() == 0);
}

TEST_CASE("NEMO-03: one bad prefix refuses all: 141 invalid, 142 not its own") {
  struct Row {
    MobileNetworkPrefix bad;
    Status status;
  };
  for (const Row& row :
       {Row{{ip("2001:db8:d:100::"), 129}, Status::InvalidPrefix},
        Row{{ip("::"), 0}, Status::InvalidPrefix}, Row{{ip("fe80::"), 64}, Status::InvalidPrefix},
        Row{{ip("ff0e::"), 64}, Status::InvalidPrefix},
        Row{{ip("2001:db8:d::"), 48}, Status::PrefixNotAuthorized},
        Row{{ip("2001:db8:f::"), 48}, Status::PrefixNotAuthorized}}) {
    HomeAgentScene s;
    CHECK(s.status(router_away(), router_update(1, {option(kNetwork), row.bad})) == row.status);
    CHECK(s.cache.size() == 0);
    CHECK(networks_of(s).empty());
  }
}

TEST_CASE("NEMO-03: more prefixes than can be set up are refused with 141") {
  HomeAgentConfig config = home_agent_config();
  config.most_networks = 1;
  HomeAgentScene s(config);
  CHECK(s.status(router_away(), router_update(1, {option(kNetwork), option(kOtherNetwork)})) ==
        Status::InvalidPrefix);
}

TEST_CASE("NEMO-03: without prefix options and without networks: 143") {
  HomeAgentConfig config = home_agent_config();
  config.nodes[2].networks.clear();
  HomeAgentScene s(config);
  CHECK(s.status(router_away(), router_update(1)) == Status::ForwardingSetupFailed);
}

TEST_CASE("NEMO-04: networks move with the binding and go with it") {
  HomeAgentScene s;
  REQUIRE(s.status(router_away(), router_update(1)) == Status::Accepted);
  REQUIRE(s.status(router_away(kOtherCareOf), router_update(2, {}, kOtherCareOf)) ==
          Status::Accepted);
  CHECK(s.place(kRouterHome) == kOtherCareOf);
  CHECK(networks_of(s).size() == 2);
  REQUIRE(s.status(from_home(kRouterHome), deletion(3)) == Status::Accepted);
  CHECK(networks_of(s).empty());
  REQUIRE(s.status(router_away(), router_update(4)) == Status::Accepted);
  s.around.pass(std::chrono::seconds(241));
  CHECK(networks_of(s).empty());
}

TEST_CASE("NEMO-06: a node does not become a router by a refresh, nor a router a node: 139") {
  HomeAgentScene s;
  REQUIRE(s.status(router_away(), router_update(1)) == Status::Accepted);
  CHECK(s.status(router_away(), home_update(2)) == Status::TypeChangeDisallowed);
  CHECK(networks_of(s).size() == 2);
  REQUIRE(s.status(from_away(), home_update(1)) == Status::Accepted);
  CHECK(s.status(from_away(), with_flag(home_update(2), UpdateFlag::MobileRouter)) ==
        Status::TypeChangeDisallowed);
}

TEST_CASE("NEMO-06: a deletion is taken with or without R, and its prefixes are not looked at") {
  HomeAgentScene s;
  REQUIRE(s.status(router_away(), router_update(1)) == Status::Accepted);
  BindingUpdate update = deletion(2);  // without R
  update.options.mobile_network_prefixes = {{ip("2001:db8:f::"), 200}};
  CHECK(s.status(from_home(kRouterHome), update) == Status::Accepted);
  CHECK_FALSE(s.place(kRouterHome));
}

TEST_CASE("NEMO-06, HA-12: a router's care-of address that is its home address deletes") {
  HomeAgentScene s;
  REQUIRE(s.status(router_away(), router_update(1)) == Status::Accepted);
  CHECK(s.status(from_home(kRouterHome), router_update(2, {}, kRouterHome)) == Status::Accepted);
  CHECK_FALSE(s.place(kRouterHome));
}

TEST_CASE("NEMO-06: a router is advertised as one") {
  HomeAgentScene s;
  REQUIRE(s.status(router_away(), router_update(1)) == Status::Accepted);
  CHECK(s.around.neighbours.served.at({kHomePort, kRouterHome}) == NeighbourProxy::Role::Router);
}

TEST_CASE("NEMO-06: prefixes absent from a refresh lose forwarding") {
  HomeAgentScene s;
  REQUIRE(s.status(router_away(), router_update(1, {option(kNetwork), option(kOtherNetwork)})) ==
          Status::Accepted);
  REQUIRE(s.status(router_away(), router_update(2, {option(kOtherNetwork)})) == Status::Accepted);
  CHECK(networks_of(s) == std::vector{kOtherNetwork});
}

TEST_CASE("NEMO-03: a home address of a router's own network is on no link of ours, and served") {
  const Address inside = ip("2001:db8:d:101::1");
  HomeAgentConfig config = home_agent_config();
  config.nodes = {{.home_addresses = {inside, 128},
                   .services = {Service::MobileRouter},
                   .networks = {kNetwork}}};
  HomeAgentScene s(config);
  CHECK(s.status(from_away(kCareOf, inside), router_update(1)) == Status::Accepted);
  HomeAgentScene host(config);
  CHECK(host.status(from_away(kCareOf, inside), home_update(1)) == Status::NotHomeSubnet);
}

TEST_CASE("HA-05: a router in its own network, or in that of one in its own, leads back: 174") {
  HomeAgentScene s;
  const Address inside = ip("2001:db8:d:101::1");
  CHECK(s.status(router_away(), router_update(1, {}, inside)) == Status::InvalidCareOfAddress);
  // A node in the network of a router that is away is well reached, a tunnel in a tunnel.
  REQUIRE(s.status(router_away(), router_update(2)) == Status::Accepted);
  CHECK(s.status(from_away(inside), home_update(1, inside)) == Status::Accepted);

  HomeAgentConfig config = home_agent_config();
  const Prefix third{ip("2001:db8:e0::"), 48};
  config.nodes[0] = {
      .home_addresses = {kHome, 128}, .services = {Service::MobileRouter}, .networks = {third}};
  HomeAgentScene two(config);
  REQUIRE(two.status(from_away(inside), with_flag(home_update(1, inside),
                                                  UpdateFlag::MobileRouter)) == Status::Accepted);
  const Address in_third = ip("2001:db8:e0::1");
  CHECK(two.status(router_away(in_third), router_update(1, {}, in_third)) ==
        Status::InvalidCareOfAddress);
}

TEST_CASE("NEMO-03: a prefix table that contradicts itself is refused") {
  const auto code = [](std::vector<ServedNode> nodes) {
    const auto served = ServedNodes::of(std::move(nodes), 1);
    return served ? std::nullopt : std::optional(served.error().code);
  };
  const Flags<Service> router{Service::MobileRouter};
  const ServedNode first{
      .home_addresses = {kRouterHome, 128}, .services = router, .networks = {kNetwork}};
  ServedNode second{
      .home_addresses = {kOtherHome, 128}, .services = router, .networks = {kOtherNetwork}};
  CHECK_FALSE(code({first, second}));
  CHECK(code({first, first}) == Error::Code::Exists);
  for (const Prefix& overlap :
       {kNetwork, Prefix{ip("2001:db8:d:180::"), 64}, Prefix{ip("2001:db8:d::"), 48}}) {
    second.networks = {overlap};
    CHECK(code({first, second}) == Error::Code::Exists);
  }
  CHECK(code({{.home_addresses = {kHome, 64}, .services = router, .networks = {kNetwork}}}) ==
        Error::Code::Invalid);
  CHECK(code({{.home_addresses = {kHome, 128}, .networks = {kNetwork}}}) == Error::Code::Invalid);
}

}  // namespace
}  // namespace sallyport::mip6::test::mobile_networks_test
