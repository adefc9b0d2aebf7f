// The tunnel between a home agent and a mobile node: IPv6 in IPv6 (RFC 2473, RFC 6275 10.4.2,
// 10.4.5, 11.3.3), for what policy does not protect.
#pragma once

#include "dataplane/burst.h"
#include "dataplane/tables.h"
#include "dataplane/worker_context.h"

namespace sallyport {

// Puts the header of packet.tunnel in front; false where the packet had to go.
[[nodiscard]] bool enter_home_tunnel(Packet& packet, WorkerContext& my) noexcept;

// Takes the outer header off what a tunnel has brought for us, where Mobile IPv6 is on, and routes
// what was inside. A home agent takes it from the care-of address that is registered for the inner
// source, a mobile node from its home agent (HA-17, MN-08); all else is dropped. Needs next hops.
void leave_home_tunnels(Burst& burst, const Tables& now, WorkerContext& my) noexcept;

}  // namespace sallyport
