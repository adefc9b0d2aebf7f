// A route and where it leads; no DPDK, so that configuration and control can speak of them.
#pragma once

#include "base/types.h"
#include "net/address.h"

namespace sallyport {

// What a route leads to. Addressed by workers through Packet::next_hop.
struct NextHop {
  enum class Kind : std::uint8_t {
    None,        // no route
    Blackhole,   // a route that discards
    Multicast,   // not forwarded
    Ours,        // an address of this gateway: control gets it
    LocalStack,  // the address of the host behind a local-stack port: ours, delivered there
    OnLink,      // the destination is a neighbour on `port`
    Gateway,     // `gateway` is the neighbour on `port`
  };
  Kind kind{Kind::None};
  PortId port{kNoPort};
  Address gateway;

  // IPsec addressed to it is for us (INB-02).
  [[nodiscard]] constexpr bool ours() const noexcept {
    return kind == Kind::Ours || kind == Kind::LocalStack;
  }
  // A neighbour on `port`.
  [[nodiscard]] constexpr bool is_neighbour() const noexcept { return kind >= Kind::OnLink; }
  // A packet may be sent there.
  [[nodiscard]] constexpr bool leads_on() const noexcept { return kind >= Kind::LocalStack; }
  friend auto operator<=>(const NextHop&, const NextHop&) = default;
};

struct Route {
  Prefix destination;
  NextHop next_hop;
};

}  // namespace sallyport
