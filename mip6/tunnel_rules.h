// Which packets go through the tunnel between a home agent and its node, either way (RFC 6275
// 10.4.2, 10.4.5, RFC 3963 9, RFC 4877 4.3; HA-16, HA-17, HA-20, NEMO-04). Pure functions.
#pragma once

#include <span>

#include "mip6/binding_cache.h"

namespace sallyport::mip6 {

enum class Required : std::uint8_t { Nothing, Ipsec };

// What came out of a tunnel that ended here.
struct ReverseTunnelled {
  OuterHeader outer;
  Address source;  // the inner packet's, as its destination is
  Address destination;
  std::uint8_t protocol{};      // upper one
  std::uint16_t source_port{};  // as in PacketSummary: or type * 256 + code, or MH type * 256
  std::uint16_t destination_port{};
};
enum class ReverseVerdict : std::uint8_t {
  Discard,
  Forward,
  Deliver,  // is to an address of ours: we are its correspondent, or DHCPv6 or listener reports
};
struct ReverseRules {
  std::span<const Address> own;  // the home agent's addresses
  Required required{Required::Nothing};
  Required route_tests{Required::Nothing};  // of tests of return routability (10.4.6)
  bool route_optimization{true};            // the node's tests are carried
};
// `binding` is of the node that the SA names, or where there is none of the inner source.
[[nodiscard]] ReverseVerdict judge_reverse(const ReverseTunnelled& packet,
                                           const BindingEntry& binding, const ReverseRules& rules);

// What was intercepted on the home link, or came for a node in its absence.
enum class Interception : std::uint8_t {
  Tunnel,
  Discard,      // without a word
  Unreachable,  // with ICMPv6 destination unreachable, code 3
};
enum class Membership : std::uint8_t { None, Joined };  // of the node in a multicast group
// `destination` is an address of the node, of its networks, or a group's.
[[nodiscard]] Interception judge_intercepted(const Address& source, const Address& destination,
                                             Membership membership) noexcept;

}  // namespace sallyport::mip6
