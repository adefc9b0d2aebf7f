#include "dataplane/own_addresses.h"

#include <algorithm>

namespace sallyport {
namespace {

// Sources of ICMP errors where a node has no IPv4 address of its own (RFC 7600 4.8).
constexpr std::uint32_t kDummyAddress = 0xc0000008;
constexpr unsigned kPointToPoint = 31;  // no broadcast from this length on (RFC 3021)

bool has(const OwnPort& port, const Address& address) noexcept {
  return std::ranges::any_of(port.settings.addresses,
                             [&](const Prefix& own) { return own.address == address; });
}

bool is_host(const OwnPort& port) noexcept { return port.settings.kind == PortKind::LocalStack; }

// The port's address in the network of `address`.
const Prefix* in_network_of(const OwnPort& port, const Address& address) noexcept {
  const auto found = std::ranges::find_if(port.settings.addresses,
                                          [&](const Prefix& own) { return own.contains(address); });
  return found == port.settings.addresses.end() ? nullptr : &*found;
}

const Prefix* first_of(const OwnPort& port, Family family) noexcept {
  const auto found = std::ranges::find_if(
      port.settings.addresses, [&](const Prefix& own) { return own.address.family == family; });
  return found == port.settings.addresses.end() ? nullptr : &*found;
}

// What `pick` finds first among the ports for which `of` holds.
template <class Of, class Pick>
const Prefix* first_among(std::span<const OwnPort> ports, Of&& of, Pick&& pick) noexcept {
  for (const OwnPort& port : ports)
    if (of(port))
      if (const Prefix* const found = pick(port)) return found;
  return nullptr;
}

bool is_link(const OwnPort& port) noexcept { return !is_host(port); }

bool is_subnet_broadcast(const Prefix& own, const Address& address) noexcept {
  return own.address.family == Family::V4 && own.length < kPointToPoint && own.last() == address;
}

}  // namespace

bool OwnAddresses::is_local_stack(PortId id) const noexcept { return is_host(port(id)); }

bool OwnAddresses::speaks_for_hosts(PortId id) const noexcept {
  return port(id).settings.side == Side::Unprotected;
}

bool OwnAddresses::gateway_has(const Address& address) const noexcept {
  return std::ranges::any_of(ports_, [&](const OwnPort& port) {
    return (is_link(port) && has(port, address)) || port.mac.link_local() == address;
  });
}

bool OwnAddresses::host_has(const Address& address) const noexcept {
  return std::ranges::any_of(
      ports_, [&](const OwnPort& port) { return is_host(port) && has(port, address); });
}

bool OwnAddresses::answered_on(PortId id, const Address& target) const noexcept {
  if (target == link_local(id)) return true;
  // We are that host's only way out, so everything is behind us but itself and its link.
  if (is_local_stack(id))
    return !has(port(id), target) && !target.is_link_local() && !target.is_unspecified();
  return has(port(id), target) || (speaks_for_hosts(id) && host_has(target));
}

bool OwnAddresses::claimed_by_us(PortId id, const Address& address) const noexcept {
  return gateway_has(address) || (!is_local_stack(id) && host_has(address));
}

bool OwnAddresses::on_link(PortId id, const Address& address) const noexcept {
  if (address.family == Family::V6 && address.is_link_local()) return true;
  if (in_network_of(port(id), address) != nullptr) return true;
  return speaks_for_hosts(id) && first_among(ports_, is_host, [&](const OwnPort& port) {
                                   return in_network_of(port, address);
                                 }) != nullptr;
}

bool OwnAddresses::is_broadcast(const Address& address) const noexcept {
  if (address.family == Family::V6) return false;
  if (address == Address::v4(0xffffffff)) return true;
  return std::ranges::any_of(ports_, [&](const OwnPort& port) {
    return std::ranges::any_of(port.settings.addresses, [&](const Prefix& own) {
      return is_subnet_broadcast(own, address);
    });
  });
}

Address OwnAddresses::asks_for(PortId id, const Address& target) const noexcept {
  const OwnPort& asking = port(id);
  const auto near = [&](const OwnPort& port) { return in_network_of(port, target); };
  const auto any = [&](const OwnPort& port) { return first_of(port, target.family); };
  if (target.family == Family::V6 && target.is_link_local()) return link_local(id);
  if (is_link(asking)) {
    if (const Prefix* const own = near(asking)) return own->address;
    if (speaks_for_hosts(id))
      if (const Prefix* const host = first_among(ports_, is_host, near)) return host->address;
    if (const Prefix* const own = any(asking)) return own->address;
    if (speaks_for_hosts(id))
      if (const Prefix* const host = first_among(ports_, is_host, any)) return host->address;
  }
  return target.family == Family::V6 ? link_local(id) : Address::any(Family::V4);
}

Address OwnAddresses::reports_from(PortId id, Family family) const noexcept {
  const auto any = [&](const OwnPort& port) { return first_of(port, family); };
  if (is_link(port(id)))
    if (const Prefix* const own = any(port(id))) return own->address;
  if (const Prefix* const own = first_among(ports_, is_link, any)) return own->address;
  if (!is_local_stack(id))
    if (const Prefix* const host = first_among(ports_, is_host, any)) return host->address;
  return family == Family::V6 ? link_local(id) : Address::v4(kDummyAddress);
}

std::optional<Address> OwnAddresses::beside(const Address& address) const noexcept {
  const Prefix* const own = first_among(
      ports_, is_link, [&](const OwnPort& port) { return in_network_of(port, address); });
  return own == nullptr ? std::nullopt : std::optional(own->address);
}

}  // namespace sallyport
