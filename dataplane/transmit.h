// Last verb, but for what seal() has sent on: MTU, neighbour, link header, transmit queue.
#pragma once

#include "dataplane/burst.h"
#include "dataplane/worker_context.h"

namespace sallyport {

// Takes packets with a next hop and leaves nothing: each is queued on its port, held by control
// until its neighbour is known, fragmented or dropped.
void transmit(Burst& burst, WorkerContext& my) noexcept;

// Puts the link header in front and queues the frame.
void send_to(Packet& packet, PortId port, const MacAddress& destination,
             WorkerContext& my) noexcept;

}  // namespace sallyport
