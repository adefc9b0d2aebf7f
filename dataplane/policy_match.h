// Which policy decides about each packet: flow cache first, SPD on a miss.
#pragma once

#include "dataplane/burst.h"
#include "dataplane/tables.h"
#include "dataplane/worker_context.h"

namespace sallyport {

// Sets policy and action of every packet, and counts it for its policy (RFC 4301 5.1, 5.2).
// Later fragments go where their first went, if its policy says so; what may not is dropped.
// The SPD is that of the packet's ingress port inbound, of its egress port outbound. True where all
// packets are known to be for protection.
template <Direction direction>
bool match_policies(Burst& burst, const Tables& now, WorkerContext& my) noexcept;

// The same for packets that another worker has judged, counted and given to this one: later
// fragments, whose first may have gone to another, keep its verdict while the policy stands.
void match_policies_again(Burst& burst, const Tables& now, WorkerContext& my) noexcept;

// The policy for these fields of the packet, in its tunnel if it comes out of one or goes into one.
// `scope` is the one without a tunnel.
[[nodiscard]] PolicyId match_scope(const Packet& packet, PolicyScope scope,
                                   const SelectorFields& fields, const Tables& now,
                                   const WorkerContext& my) noexcept;

// Drops what policy discards or no policy matched, and tells the source.
void drop_discarded(Packet& packet, WorkerContext& my) noexcept;

}  // namespace sallyport
