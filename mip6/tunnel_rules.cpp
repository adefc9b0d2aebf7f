#include "mip6/tunnel_rules.h"

#include <algorithm>

#include "mip6/mobility_header.h"
#include "mip6/unicast.h"
#include "net/protocol.h"

namespace sallyport::mip6 {
namespace {

constexpr unsigned kGlobalScope = 14;  // RFC 4291 2.7
constexpr std::uint16_t kDhcpClient = 546;
constexpr std::uint16_t kDhcpServer = 547;

unsigned scope_of(const Address& group) noexcept { return group.bytes[1] & 0x0fu; }

bool is_listener_message(const ReverseTunnelled& packet) noexcept {
  if (packet.protocol != kProtocolIcmpv6) return false;
  const int type = packet.source_port >> 8;
  return type == 131 || type == 132 || type == 143;  // report, done, report of version 2
}

bool is_dhcp(const ReverseTunnelled& packet) noexcept {
  return packet.protocol == kProtocolUdp && packet.source_port == kDhcpClient &&
         packet.destination_port == kDhcpServer;
}

// From the node's link-local address, which no tunnel but the SA's own says whose it is (10.4.3,
// MSEC-38).
bool is_link_message(const ReverseTunnelled& packet, const BindingEntry& binding) {
  return packet.outer.protection == Protection::Ipsec &&
         binding.flags.has(UpdateFlag::LinkLocalCompatible) &&
         packet.source == link_local_of(binding.home_address) &&
         (is_listener_message(packet) || is_dhcp(packet));
}

bool is_from_node(const ReverseTunnelled& packet, const BindingEntry& binding) {
  if (packet.source == binding.home_address) return true;
  return std::ranges::any_of(binding.networks, [&packet](const Prefix& network) {
    return network.contains(packet.source);
  });
}

bool is_home_test_init(const ReverseTunnelled& packet) noexcept {
  return packet.protocol == kProtocolMobility &&
         packet.source_port >> 8 == static_cast<int>(MessageType::HomeTestInit);
}

}  // namespace

// HoTI to ourselves and HoTI to others are told apart by the inner destination (RFC 4877 4.3).
ReverseVerdict judge_reverse(const ReverseTunnelled& packet, const BindingEntry& binding,
                             const ReverseRules& rules) {
  if (!binding.valid || binding.use != BindingUse::HomeAgent) return ReverseVerdict::Discard;
  const bool protection = packet.outer.protection == Protection::Ipsec;
  const bool test = is_home_test_init(packet);
  const Required required = test ? std::max(rules.required, rules.route_tests) : rules.required;
  if (required == Required::Ipsec && !protection) return ReverseVerdict::Discard;
  if (!protection && packet.outer.source != binding.care_of) return ReverseVerdict::Discard;
  if (packet.source.is_link_local())
    return is_link_message(packet, binding) ? ReverseVerdict::Deliver : ReverseVerdict::Discard;
  if (!is_from_node(packet, binding)) return ReverseVerdict::Discard;
  if (std::ranges::find(rules.own, packet.destination) != rules.own.end())
    return ReverseVerdict::Deliver;
  if (test && !rules.route_optimization) return ReverseVerdict::Discard;
  if (packet.destination.is_link_local()) return ReverseVerdict::Discard;
  if (packet.destination.is_multicast() && scope_of(packet.destination) < kGlobalScope)
    return ReverseVerdict::Discard;
  return ReverseVerdict::Forward;
}

Interception judge_intercepted(const Address& source, const Address& destination,
                               Membership membership) noexcept {
  if (destination.is_multicast())
    return membership == Membership::Joined && scope_of(destination) == kGlobalScope
               ? Interception::Tunnel
               : Interception::Discard;
  if (!destination.is_link_local()) return Interception::Tunnel;
  return source.is_multicast() || source.is_unspecified() ? Interception::Discard
                                                          : Interception::Unreachable;
}

}  // namespace sallyport::mip6
