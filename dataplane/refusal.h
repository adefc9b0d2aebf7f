// Why routes and policies end a packet: one place for workers, who drop it, and for `explain`,
// which says so beforehand. No DPDK here.
#pragma once

#include <optional>

#include "dataplane/drop_reason.h"
#include "dataplane/next_hop.h"
#include "net/icmp_error.h"
#include "spd/policy.h"

namespace sallyport {

// Passes through the boundary that one packet may make in one direction; then NestingTooDeep.
inline constexpr std::uint8_t kMostPasses = 4;

// Nullopt where a packet that is led here goes on, or is for this node.
[[nodiscard]] constexpr std::optional<DropReason> dead_end(NextHop::Kind kind) noexcept {
  switch (kind) {
    case NextHop::Kind::None:
      return DropReason::NoRoute;
    case NextHop::Kind::Blackhole:
      return DropReason::Blackhole;
    case NextHop::Kind::Multicast:
      return DropReason::Multicast;
    case NextHop::Kind::Ours:
    case NextHop::Kind::LocalStack:
    case NextHop::Kind::OnLink:
    case NextHop::Kind::Gateway:
      break;
  }
  return std::nullopt;
}

// Of what an SA leads to: nothing that it made is for this node again (nesting.h).
[[nodiscard]] constexpr std::optional<DropReason> outer_dead_end(const NextHop& hop) noexcept {
  if (hop.leads_on()) [[likely]]
    return std::nullopt;
  return dead_end(hop.kind).value_or(DropReason::NoRoute);
}

// Of a packet that policy discards on its way out, or that none matches (RFC 4301 5.1, 6.2).
[[nodiscard]] inline DropReason outbound_refusal(PolicyId policy,
                                                 const PacketSummary& packet) noexcept {
  if (policy != kNoPolicy) return DropReason::PolicyDiscard;
  return is_icmp_error(packet) ? DropReason::IcmpNoSa : DropReason::NoPolicy;
}

// Of a clear packet that SPD-I does not bypass (RFC 4301 5.2 step 3b).
[[nodiscard]] constexpr DropReason plaintext_refusal(PolicyAction action,
                                                     PolicyId policy) noexcept {
  if (action == PolicyAction::Protect) return DropReason::PlaintextProtected;
  return policy == kNoPolicy ? DropReason::NoPolicy : DropReason::PolicyDiscard;
}

}  // namespace sallyport
