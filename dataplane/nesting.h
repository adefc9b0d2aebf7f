// Protection inside protection: a packet goes round the boundary again (RFC 4301 4.3, 5.1 step 4,
// appendix E; ARCH-08). There is no bundle: policies and routes decide anew in each pass.
#pragma once

#include <algorithm>

#include "dataplane/burst.h"
#include "dataplane/refusal.h"
#include "dataplane/tables.h"
#include "dataplane/worker_context.h"
#include "net/protocol.h"
#include "net/udp.h"

namespace sallyport {

// Outward. Takes what SAs with `loop_back` have made. SPD-I must bypass it where it comes back in,
// as the interface that it would have left by has it; then outbound() decides about it like about
// any other packet of this node. Leaves what may go out and has not left.
void go_round(Burst& burst, const Tables& now, WorkerContext& my) noexcept;

// True for what may be IPsec once more after it has been opened: ESP, AH, UDP to port 4500.
[[nodiscard]] inline bool may_be_ipsec(const PacketSummary& summary) noexcept {
  return summary.protocol == kProtocolEsp || summary.protocol == kProtocolAh ||
         (summary.protocol == kProtocolUdp && summary.destination_port == kIkeNatPort);
}
[[nodiscard]] inline bool may_hold_ipsec(const Burst& opened) noexcept {
  return std::ranges::any_of(opened,
                             [](const Packet* packet) { return may_be_ipsec(packet->summary); });
}

// Inward. Takes out of `opened` what is IPsec for this node once more, in order and with its ESP
// offset set, and drops what has been opened often enough.
[[nodiscard]] Burst take_nested(Burst& opened, const Tables& now, WorkerContext& my) noexcept;

}  // namespace sallyport
