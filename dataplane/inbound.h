// Across the boundary, inward (RFC 4301 5.2).
#pragma once

#include "dataplane/burst.h"
#include "dataplane/tables.h"
#include "dataplane/worker_context.h"

namespace sallyport {

// Takes packets that came in by an unprotected port; leaves those that may enter: opened and within
// their SA's selectors, or bypassed by SPD-I.
void inbound(Burst& burst, const Tables& now, WorkerContext& my) noexcept;

// Drops clear packets that SPD-I has not said to bypass (RFC 4301 5.2 step 3b; INB-07).
void drop_unprotected(Burst& burst, WorkerContext& my) noexcept;

}  // namespace sallyport
