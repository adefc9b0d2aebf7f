// What workers know of home addresses (RFC 6275 9.1, 11.1). No DPDK here.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/types.h"
#include "dataplane/next_hop.h"
#include "net/address.h"

namespace sallyport {

enum class BindingUse : std::uint8_t {
  HomeAgent,      // we are its home agent: packets to it go into a tunnel, ours by routing header
  Correspondent,  // a peer of ours: our packets to it have a type 2 routing header
  MobileNode,     // our own, with the correspondent `peer`: its packets have a Home Address option
  HomeRegistration,  // our own, with its home agent `peer`: the same, and all others go by a tunnel
};

// Every address is IPv6.
struct Binding {
  BindingUse use{};
  Address home_address{Address::any(Family::V6)};
  Address care_of{Address::any(Family::V6)};
  // MobileNode and HomeRegistration: who knows of it. HomeAgent: our own address, where the tunnel
  // to the mobile node begins. Correspondent: our own address that the mobile node speaks with.
  Address peer{Address::any(Family::V6)};
  // Of HomeAgent. Served besides, but nothing goes into the tunnel for it (10.4.2).
  std::optional<Address> link_local{};
  // Of HomeAgent and HomeRegistration: behind a mobile router (RFC 3963 6.5).
  std::vector<Prefix> networks{};
};

// A binding as packets refer to it, until the end of their worker's turn. 0: there is none.
using BindingId = Strong<struct BindingIdTag, std::uint32_t>;
inline constexpr BindingId kNoBinding{0};

// What holds for all bindings.
struct MobilityFacts {
  // Of our own mobile nodes, with or without a binding: type 2 routing headers may name them (RFC
  // 6275 11.3.3). A few.
  std::vector<Address> home_addresses{};
  // The host behind us that they are of gets what an SA with its home agent brings for its groups
  // and its link-local address (RFC 6275 10.4.3, 10.4.4).
  std::optional<NextHop> host{};
  // Control is told who reaches them by way of their home agent.
  bool tells_tunnelled_peers{};
};

}  // namespace sallyport
