// ICMP errors that their own headers give no way through the boundary, judged by the packet that
// they carry (RFC 4301 6.2). For the branches where a packet would be dropped; slow.
#pragma once

#include "dataplane/packet.h"
#include "dataplane/tables.h"
#include "dataplane/worker_context.h"

namespace sallyport {

// Outbound, matched by no policy: adopts the policy that protects the return traffic of the packet
// that it carries. False where there is no such policy or it has no SA: none is made (ICMP-03).
[[nodiscard]] bool protect_by_payload(Packet& packet, const Tables& now,
                                      WorkerContext& my) noexcept;

// Out of an SA whose selectors it does not match: true where they match the packet that it carries,
// the other way round (ICMP-04).
[[nodiscard]] bool within_selectors_by_payload(const Packet& packet, const InboundSa& sa) noexcept;

}  // namespace sallyport
