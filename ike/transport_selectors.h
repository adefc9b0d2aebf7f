// Transport mode across a NAT: selectors name the two hosts, and each host knows one of them by
// another address than the other does (RFC 7296 2.23.1; IKE-99). Pure.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "ike/nat_traversal.h"
#include "ike/traffic_selectors.h"

namespace sallyport::ike {

// What stands on the wire, with the addresses that packets have here: a side that is behind a NAT
// has that of the IKE SA. Nullopt where a side has more than one address, which no NAT can have
// changed in one way.
[[nodiscard]] std::optional<SelectorPair> seen_from_here(const SelectorPair& on_wire,
                                                         const Path& path, const NatFindings& nat);

// The part of `selectors` that goes between these two hosts, with all its protocols and ports.
[[nodiscard]] std::vector<Selector> between_hosts(std::span<const Selector> selectors,
                                                  const Address& local, const Address& remote);

}  // namespace sallyport::ike
