#include "gateway/routing_plan.h"

#include <catch2/catch.hpp>

#include "tests/gateway/config_mobility.h"
#include "tests/gateway/config_support.h"

namespace sallyport::routing_plan_test {

using namespace test;
using Kind = NextHop::Kind;

namespace {

constexpr MacAddress kMac{{2, 0, 0, 0, 0, 1}};

struct Plan {
  explicit Plan(const std::string& text, const VisitedLinks& visited = {})
      : configuration(parse(text).value()) {
    std::vector<PortStatus> ports;
    for (std::size_t i = 0; i < configuration.ports.size(); ++i) {
      PortStatus port;
      port.id = PortId{static_cast<std::uint16_t>(i)};
      port.mac = kMac;
      ports.push_back(port);
    }
    routes = plan_routes(configuration, ports, visited);
  }
  // The way to exactly this prefix: of several the last, which takes the place of those before.
  [[nodiscard]] NextHop to(std::string_view prefix) const {
    NextHop found{Kind::None, kNoPort, {}};
    for (const Route& route : routes)
      if (route.destination == Prefix::parse(prefix).value()) found = route.next_hop;
    return found;
  }

  Configuration configuration;
  std::vector<Route> routes;
};

const std::string kRoutes =
    "[[route]]\nto = \"10.9.0.0/16\"\nvia = \"192.0.2.2\"\n"
    "[[route]]\nto = \"10.8.0.0/16\"\naction = \"blackhole\"\n";

}  // namespace

TEST_CASE("networks of ports are on link, their addresses ours") {
  const Plan plan(kPorts);
  CHECK(plan.to("10.1.0.0/24").kind == Kind::OnLink);
  CHECK(plan.to("10.1.0.0/24").port == PortId{0});
  CHECK(plan.to("2001:db8:f::/64").port == PortId{1});
  CHECK(plan.to("10.1.0.1/32").kind == Kind::Ours);
  CHECK(plan.to("2001:db8:f::1/128").kind == Kind::Ours);
  CHECK(plan.to(to_string(kMac.link_local()) + "/128").kind == Kind::Ours);
}

TEST_CASE("broadcasts, groups and link-local addresses are not forwarded") {
  const Plan plan(kPorts);
  for (const char* prefix :
       {"10.1.0.255/32", "192.0.2.255/32", "255.255.255.255/32", "224.0.0.0/4", "ff00::/8"})
    CHECK(plan.to(prefix).kind == Kind::Multicast);
  CHECK(plan.to("fe80::/10").kind == Kind::Blackhole);
  CHECK(plan.to("224.0.0.0/24").kind == Kind::Ours);  // control answers there
  CHECK(plan.to("ff02::/16").kind == Kind::Ours);
}

TEST_CASE("a network of two addresses has no broadcast") {
  const Plan plan(replaced(kPorts, "10.1.0.1/24", "10.1.0.0/31"));
  CHECK(plan.to("10.1.0.0/31").kind == Kind::OnLink);
  CHECK(plan.to("10.1.0.1/32").kind == Kind::None);
}

TEST_CASE("static routes go by a gateway or nowhere") {
  const Plan plan(kPorts + kRoutes);
  const NextHop via = plan.to("10.9.0.0/16");
  CHECK(via.kind == Kind::Gateway);
  CHECK(via.port == PortId{1});
  CHECK(via.gateway == Address::parse("192.0.2.2").value());
  CHECK(plan.to("10.8.0.0/16").kind == Kind::Blackhole);
}

TEST_CASE("a local stack's addresses are its own, and no network lies behind it") {
  const Plan plan(kPorts +
                  "[[port]]\nname = \"apps\"\ndevice = \"net_tap0,iface=apps\"\n"
                  "kind = \"local-stack\"\naddresses = \"192.0.2.9/24\"\n");
  CHECK(plan.to("192.0.2.9/32").kind == Kind::LocalStack);
  CHECK(plan.to("192.0.2.9/32").port == PortId{2});
  CHECK(plan.to("192.0.2.0/24").port == PortId{1});
}

TEST_CASE(
    "DHAAD-02: the Home-Agents anycast address of a home link is ours, where we answer there") {
  const std::string anycast = "2001:db8:1:0:fdff:ffff:ffff:fffe/128";
  const std::string text = kPorts + kHomeLink;
  CHECK(Plan(text).to(anycast).kind == Kind::Ours);
  CHECK(Plan(text + "discovery = false\n").to(anycast).kind == Kind::None);
  CHECK(Plan(kPorts).to(anycast).kind == Kind::None);
}

TEST_CASE("MN-01: what a visited link gives goes behind what is configured") {
  const auto address = [](std::string_view text) { return Address::parse(text).value(); };
  VisitedLinks visited;
  visited.by_port[PortId{1}] = {.addresses = {Prefix::parse("2001:db8:b::7/64").value()},
                                .router = address("fe80::b")};
  visited.home_address = address("2001:db8:77::10");
  visited.home_link = PortId{1};
  const Plan plan(kPorts, visited);
  CHECK(plan.to("2001:db8:b::/64").kind == Kind::OnLink);
  CHECK(plan.to("2001:db8:b::7/128").kind == Kind::Ours);
  CHECK(plan.to("2001:db8:77::10/128").kind == Kind::Ours);  // wherever we are
  const NextHop beyond = plan.to("::/0");
  CHECK(beyond.kind == Kind::Gateway);
  CHECK(beyond.gateway == address("fe80::b"));
  CHECK(plan_addresses(plan.configuration, visited)[1].back() ==
        Prefix{*visited.home_address, 128});
  // A host's own address is the host's.
  const Plan behind(kPorts +
                        "[[port]]\nname = \"apps\"\ndevice = \"net_tap0,iface=apps\"\n"
                        "kind = \"local-stack\"\naddresses = \"2001:db8:77::10/128\"\n",
                    visited);
  CHECK(behind.to("2001:db8:77::10/128").kind == Kind::LocalStack);
  visited.by_port[PortId{1}].addresses.push_back(Prefix::parse("2001:db8:c::7/64").value());
  const Plan taken(kPorts + "[[route]]\nto = \"2001:db8:c::/48\"\naction = \"blackhole\"\n",
                   visited);
  CHECK(taken.to("2001:db8:c::/64").kind == Kind::None);
  CHECK(taken.to("2001:db8:b::/64").kind == Kind::OnLink);
  const Plan ruled(kPorts + "[[route]]\nto = \"::/0\"\nvia = \"2001:db8:f::2\"\n", visited);
  CHECK(ruled.to("::/0").gateway == address("2001:db8:f::2"));
}

}  // namespace sallyport::routing_plan_test
