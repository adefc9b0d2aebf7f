#include "gateway/routing_plan.h"

#include <algorithm>

#include "mip6/unicast.h"

namespace sallyport {
namespace {

using Kind = NextHop::Kind;

Prefix whole(const Address& address) {
  return {address, static_cast<std::uint8_t>(bits(address.family))};
}

Prefix literal(std::string_view text) { return Prefix::parse(text).value(); }

// Link-local groups go to control, which answers neighbour discovery; other groups and broadcasts
// are not forwarded (RFC 1812 5.3.5, RFC 4291 2.5.6).
void add_fixed(std::vector<Route>& routes) {
  routes.push_back({literal("224.0.0.0/4"), {Kind::Multicast, kNoPort, {}}});
  routes.push_back({literal("224.0.0.0/24"), {Kind::Ours, kNoPort, {}}});
  routes.push_back({literal("255.255.255.255/32"), {Kind::Multicast, kNoPort, {}}});
  routes.push_back({literal("ff00::/8"), {Kind::Multicast, kNoPort, {}}});
  routes.push_back({literal("ff02::/16"), {Kind::Ours, kNoPort, {}}});
  routes.push_back({literal("fe80::/10"), {Kind::Blackhole, kNoPort, {}}});
}

void add_static(const Configuration& configuration, std::vector<Route>& routes) {
  for (const RouteConfig& route : configuration.routes) {
    NextHop next_hop{Kind::Blackhole, kNoPort, {}};
    if (route.action == RouteAction::Forward)
      next_hop = route.via ? NextHop{Kind::Gateway, route.port, *route.via}
                           : NextHop{Kind::OnLink, route.port, {}};
    routes.push_back({route.to, next_hop});
  }
}

// The subnet's broadcast address, where there is one (RFC 3021 knows none in a /31).
void add_broadcast(const Prefix& subnet, std::vector<Route>& routes) {
  if (subnet.address.family == Family::V4 && subnet.length < 31)
    routes.push_back({whole(subnet.last()), {Kind::Multicast, kNoPort, {}}});
}

void add_connected(const PortConfig& port, PortId id, std::vector<Route>& routes) {
  if (port.kind == PortKind::LocalStack) return;
  for (const Prefix& address : port.addresses) {
    routes.push_back({{address.first(), address.length}, {Kind::OnLink, id, {}}});
    add_broadcast(address, routes);
  }
}

void add_local(PortKind port, const std::vector<Prefix>& addresses, const PortStatus& status,
               std::vector<Route>& routes) {
  const Kind kind = port == PortKind::LocalStack ? Kind::LocalStack : Kind::Ours;
  for (const Prefix& address : addresses)
    routes.push_back({whole(address.address), {kind, status.id, {}}});
  routes.push_back({whole(status.mac.link_local()), {Kind::Ours, status.id, {}}});
}

// Who looks for a home agent asks there (RFC 6275 5.4; DHAAD-02).
void add_anycast(const Configuration& configuration, std::vector<Route>& routes) {
  if (!configuration.home_agent || !configuration.home_agent->discovery) return;
  for (const HomePrefixConfig& home : configuration.home_agent->prefixes)
    routes.push_back({whole(mip6::home_agents_anycast(home.prefix)),
                      {Kind::Ours, configuration.home_agent->link, {}}});
}

bool is_configured(const Configuration& configuration, const Address& address) {
  return std::ranges::any_of(configuration.ports, [&](const PortConfig& port) {
    return std::ranges::any_of(port.addresses,
                               [&](const Prefix& own) { return own.address == address; });
  });
}

bool overlap(const Prefix& left, const Prefix& right) {
  return left.contains(right.first()) || right.contains(left.first());
}

// Whoever advertises on a visited link does not get what is configured to be elsewhere.
bool is_elsewhere(const Configuration& configuration, PortId link, const Prefix& network) {
  for (std::size_t i = 0; i < configuration.ports.size(); ++i)
    if (i != link.value && configuration.ports[i].kind == PortKind::Link &&
        std::ranges::any_of(configuration.ports[i].addresses,
                            [&](const Prefix& own) { return overlap(own, network); }))
      return true;
  return std::ranges::any_of(configuration.routes, [&](const RouteConfig& route) {
    return route.to.length != 0 && overlap(route.to, network);
  });
}

void add_visited(const Configuration& configuration, const VisitedLinks& visited,
                 std::vector<Route>& routes) {
  for (const auto& [port, link] : visited.by_port) {
    for (const Prefix& address : link.addresses)
      if (!is_elsewhere(configuration, port, address))
        routes.push_back({{address.first(), address.length}, {Kind::OnLink, port, {}}});
    if (link.router) routes.push_back({literal("::/0"), {Kind::Gateway, port, *link.router}});
  }
}

}  // namespace

std::vector<std::vector<Prefix>> plan_addresses(const Configuration& configuration,
                                                const VisitedLinks& visited) {
  std::vector<std::vector<Prefix>> addresses;
  for (const PortConfig& port : configuration.ports) addresses.push_back(port.addresses);
  const auto add = [&](PortId port, const Prefix& address) {
    if (!is_configured(configuration, address.address)) addresses[port.value].push_back(address);
  };
  for (const auto& [port, link] : visited.by_port)
    for (const Prefix& address : link.addresses) add(port, address);
  if (visited.home_address) add(visited.home_link, whole(*visited.home_address));
  return addresses;
}

std::vector<Route> plan_routes(const Configuration& configuration,
                               const std::vector<PortStatus>& ports, const VisitedLinks& visited) {
  std::vector<Route> routes;
  add_fixed(routes);
  add_visited(configuration, visited, routes);
  for (const PortStatus& port : ports)
    add_connected(configuration.ports[port.id.value], port.id, routes);
  add_static(configuration, routes);
  add_anycast(configuration, routes);
  const auto addresses = plan_addresses(configuration, visited);
  for (const PortStatus& port : ports)
    add_local(configuration.ports[port.id.value].kind, addresses[port.id.value], port, routes);
  return routes;
}

}  // namespace sallyport
