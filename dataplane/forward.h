// What a router does (RFC 1812, RFC 8200), with the boundary on the way out (RFC 4301 5.1 step 1:
// route first, so that the egress port decides whether policy is met).
#pragma once

#include "dataplane/burst.h"
#include "dataplane/tables.h"
#include "dataplane/worker_context.h"

namespace sallyport {

// Takes packets inside the boundary and leaves nothing: each is queued on a port, given to control
// or dropped.
void forward(Burst& burst, const Tables& now, WorkerContext& my) noexcept;

// The same for packets that another worker has forwarded up to their outbound SA: their hop limit
// is taken and their policy counted.
void forward_again(Burst& burst, const Tables& now, WorkerContext& my) noexcept;

// The same two for packets that lead_into_tunnel() has led.
void forward_into_tunnels(Burst& burst, const Tables& now, WorkerContext& my) noexcept;
void forward_into_tunnels_again(Burst& burst, const Tables& now, WorkerContext& my) noexcept;

}  // namespace sallyport
