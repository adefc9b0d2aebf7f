// Packets that control gives to a worker: made here, or held until a neighbour was known.
#pragma once

#include "dataplane/burst.h"
#include "dataplane/tables.h"
#include "dataplane/worker_context.h"

namespace sallyport {

// Takes what waits in the ring from control, up to a burst.
[[nodiscard]] Burst receive_from_control(PacketStore& store, WorkerContext& my) noexcept;

// Sends each by its Envelope's purpose; what was made here meets outbound policy like any other
// packet (RFC 4301 5.1). Leaves nothing.
void forward_from_control(Burst& burst, const Tables& now, WorkerContext& my) noexcept;

}  // namespace sallyport
