// Unicast and anycast addresses that are made of prefixes, or stand for more than one node.
#pragma once

#include "net/address.h"

namespace sallyport::mip6 {

// One that every subnet has for its routers or home agents, which no node may have (RFC 4291 2.6.1,
// RFC 2526 2). For subnets of 64 bits.
[[nodiscard]] bool is_subnet_anycast(const Address& address) noexcept;

// The Mobile IPv6 Home-Agents anycast address of a prefix (RFC 2526 3): with the EUI-64 form where
// there is room for one, else all ones. 120 bits at most.
[[nodiscard]] Address home_agents_anycast(const Prefix& prefix) noexcept;

// fe80::/64 in place of the first 64 bits (RFC 6275 10.3.1, with the flag L).
[[nodiscard]] Address link_local_of(const Address& address) noexcept;

}  // namespace sallyport::mip6
