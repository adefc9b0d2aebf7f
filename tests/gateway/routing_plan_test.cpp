#include "gateway/routing_plan.h"

#include <catch2/catch.hpp>

#include "tests/gateway/config_support.h"

using namespace sallyport;
using namespace sallyport::test;
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
