// Which of our bindings leads a packet, and where to (RFC 6275 9.3.2, 10.4.2, 11.3.1).
#pragma once

#include "dataplane/burst.h"
#include "dataplane/tables.h"
#include "dataplane/worker_context.h"

namespace sallyport {

// After routing, where Mobile IPv6 is on: what goes to a care-of address has the next hop of that,
// and says which extensions it is to have or whose tunnel it goes into. Policy decides by home
// addresses all the same. Drops what has no business in a tunnel.
void lead_by_bindings(Burst& burst, const Tables& now, WorkerContext& my) noexcept;
// Once more, for what was sealed in transport mode and routed by the address inside.
void lead_again(Burst& burst, const Tables& now, WorkerContext& my) noexcept;

// Into the tunnel between this home address and its home agent, whatever the packet's destination
// is; false where there is none now.
[[nodiscard]] bool lead_into_tunnel(Packet& packet, const Address& home_address, const Tables& now,
                                    const WorkerContext& my) noexcept;

// The same for what stands in the envelopes; what has no tunnel any more is dropped.
void lead_by_name(Burst& burst, const Tables& now, WorkerContext& my) noexcept;
// The home address of the tunnel that a packet has been led into by name, for its envelope.
[[nodiscard]] Address named_tunnel(const Packet& packet, const WorkerContext& my) noexcept;

// What no SA in tunnel mode carries gets its extensions, or goes into the tunnel.
void follow_bindings(Burst& burst, WorkerContext& my) noexcept;

// The other end of the tunnel that packet.tunnel names, as policies name it: the home address of a
// mobile node, or our own one's home agent (RFC 4877 7.2.4).
[[nodiscard]] Address tunnel_name(const Packet& packet, const WorkerContext& my) noexcept;

}  // namespace sallyport
