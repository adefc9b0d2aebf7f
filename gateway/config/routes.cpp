#include <fmt/format.h>
#include <algorithm>

#include "gateway/config/loading.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

constexpr Words<RouteAction, 2> kRouteActions{
    {{"forward", RouteAction::Forward}, {"blackhole", RouteAction::Blackhole}}};

Expected<Prefix> read_destination(const Value& value) {
  auto prefix = read_prefix(value);
  if (!prefix || prefix->address == prefix->first()) return prefix;
  return wrong(value, shown(value) + " has bits behind its prefix",
               fmt::format("\"{}\"", to_string(Prefix{prefix->first(), prefix->length})));
}

// The port whose own network `gateway` is in, the longest prefix where several are.
PortId connected_port(const Configuration& configuration, const Address& gateway) {
  PortId found = kNoPort;
  int longest = -1;
  for (std::size_t i = 0; i < configuration.ports.size(); ++i) {
    for (const Prefix& prefix : configuration.ports[i].addresses) {
      if (!prefix.contains(gateway) || prefix.length <= longest) continue;
      longest = prefix.length;
      found = PortId{static_cast<std::uint16_t>(i)};
    }
  }
  return found;
}

bool is_on_network(const PortConfig& port, const Address& address) {
  return std::ranges::any_of(port.addresses,
                             [&](const Prefix& prefix) { return prefix.contains(address); });
}

void find_way(RouteConfig& route, TableReader& reader, const Configuration& configuration) {
  if (route.action == RouteAction::Blackhole) {
    if (route.via || reader.has("port")) {
      reader.error("action", "a blackhole route leads nowhere", "leave out via and port");
    }
    return;
  }
  if (!route.via) {
    if (!reader.has("port")) {
      reader.error("to", "the route leads nowhere", "via, port, or action = \"blackhole\"");
    }
    return;
  }
  const Address& via = *route.via;
  if (via.family != route.to.address.family) {
    reader.error("via", fmt::format("via: {} is of the other family", to_string(via)));
  } else if (via.is_multicast() || via.is_unspecified()) {
    reader.error("via", fmt::format("via: {} is no gateway", to_string(via)), "a unicast address");
  } else if (reader.has("port")) {
    const bool reachable = route.port == kNoPort || via.is_link_local() ||
                           is_on_network(configuration.ports[route.port.value], via);
    if (!reachable) {
      reader.error("via", fmt::format("via: {} is on no network of this port", to_string(via)),
                   "a gateway that the port's addresses reach");
    }
  } else if (via.is_link_local()) {
    reader.error("via", "via: a link-local gateway needs its port", "port = \"...\"");
  } else if ((route.port = connected_port(configuration, via)) == kNoPort) {
    reader.error("via", fmt::format("via: {} is on no port's network", to_string(via)),
                 "a gateway that a port's addresses reach");
  }
}

}  // namespace

void read_routes(Loading& loading) {
  std::map<Prefix, Position> taken;
  for (const Value* element : loading.elements("route")) {
    TableReader reader(*element, "[[route]]", loading.diagnostics);
    RouteConfig route;
    reader.require("to", route.to, read_destination, "the prefix it is for");
    reader.read("action", route.action, one_of(kRouteActions));
    reader.read("via", route.via, read_address);
    reader.read("port", route.port, PortReference{loading.configuration});
    find_way(route, reader, loading.configuration);
    const auto [first, fresh] = taken.try_emplace(route.to, reader.at("to"));
    if (!fresh) {
      reader.error(
          "to",
          fmt::format("to: {} has a route at {}", to_string(route.to), to_string(first->second)),
          {}, Error::Code::Exists);
    }
    loading.configuration.routes.push_back(route);
  }
}

void write_routes(const Configuration& configuration, std::string& out) {
  for (const RouteConfig& route : configuration.routes) {
    TomlFields fields;
    fields.add("to", to_string(route.to));
    fields.add("action", word_for(kRouteActions, route.action));
    if (route.via) fields.add("via", to_string(*route.via));
    if (route.port != kNoPort) fields.add("port", configuration.ports[route.port.value].name);
    out += fields.block("[[route]]");
  }
}

}  // namespace sallyport
