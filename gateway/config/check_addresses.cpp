#include <fmt/format.h>

#include <algorithm>

#include "gateway/config/loading.h"

namespace sallyport {
namespace {

struct Owned {
  Prefix prefix;
  const PortConfig* port;
  const Value* element;
};

// Two links may not share an address or a network: the way to it would be ambiguous. A local
// stack's addresses lie in the unprotected network by design. Link-local networks are per link.
bool clash(const Owned& left, const Owned& right) {
  if (left.port == right.port || left.prefix.address.is_link_local()) return false;
  if (left.prefix.address == right.prefix.address) return true;
  const bool links = left.port->kind == PortKind::Link && right.port->kind == PortKind::Link;
  return links &&
         (left.prefix.contains(right.prefix.address) || right.prefix.contains(left.prefix.address));
}

std::vector<Owned> owned_addresses(const Loading& loading) {
  std::vector<Owned> owned;
  const auto elements = loading.elements("port");
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const PortConfig& port = loading.configuration.ports[i];
    for (const Prefix& prefix : port.addresses) owned.push_back({prefix, &port, elements[i]});
  }
  return owned;
}

void check_gateways(Loading& loading) {
  const auto elements = loading.elements("route");
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const auto& via = loading.configuration.routes[i].via;
    if (!via || !is_own_address(loading.configuration, *via)) continue;
    loading.diagnostics.error(place(*elements[i], "via"),
                              fmt::format("via: {} is an address of our own", to_string(*via)),
                              "the address of the next gateway");
  }
}

}  // namespace

bool is_own_address(const Configuration& configuration, const Address& address) noexcept {
  return std::ranges::any_of(configuration.ports, [&](const PortConfig& port) {
    return std::ranges::find(port.addresses, address, &Prefix::address) != port.addresses.end();
  });
}

void check_addresses(Loading& loading) {
  const auto owned = owned_addresses(loading);
  for (std::size_t i = 0; i < owned.size(); ++i) {
    const auto earlier = std::span(owned).first(i);
    const auto found =
        std::ranges::find_if(earlier, [&](const Owned& other) { return clash(other, owned[i]); });
    if (found == earlier.end()) continue;
    loading.diagnostics.error(place(*owned[i].element, "addresses"),
                              fmt::format("addresses: {} of port \"{}\" overlaps {} of port \"{}\"",
                                          to_string(owned[i].prefix), owned[i].port->name,
                                          to_string(found->prefix), found->port->name),
                              "a network of its own for each port");
  }
  check_gateways(loading);
}

}  // namespace sallyport
