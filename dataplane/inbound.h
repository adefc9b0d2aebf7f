// Across the boundary, inward (RFC 4301 5.2).
#pragma once

#include "dataplane/burst.h"
#include "dataplane/tables.h"
#include "dataplane/worker_context.h"

namespace sallyport {

// Takes packets that came in by an unprotected port; leaves those that may enter: opened and within
// their SA's selectors, or bypassed by SPD-I.
void inbound(Burst& burst, const Tables& now, WorkerContext& my) noexcept;

// Takes packets that came in by a protected port, where Mobile IPv6 is on: what nodes that have
// come home protect for us is opened as if they were away (RFC 6275 11.5.5). All else stays as it
// is.
void open_from_within(Burst& burst, const Tables& now, WorkerContext& my) noexcept;

// Drops clear packets that SPD-I has not said to bypass (RFC 4301 5.2 step 3b; INB-07).
void drop_unprotected(Burst& burst, WorkerContext& my) noexcept;

}  // namespace sallyport
