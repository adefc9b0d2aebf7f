// Across the boundary, outward (RFC 4301 5.1).
#pragma once

#include "dataplane/burst.h"
#include "dataplane/tables.h"
#include "dataplane/worker_context.h"

namespace sallyport {

// Takes packets whose way leads out of an unprotected port. Protected ones may leave at once;
// leaves those that are still to go out, with the next hop of what they have become.
void outbound(Burst& burst, const Tables& now, WorkerContext& my) noexcept;

// The same for packets that another worker's policies have counted.
void outbound_again(Burst& burst, const Tables& now, WorkerContext& my) noexcept;
// Gives each packet to the SA that its policy has for it; leaves those still to go out. What
// outbound() does for traffic and control for dummy packets.
void protect(Burst& burst, const Tables& now, WorkerContext& my) noexcept;

}  // namespace sallyport
