// Packets that another worker gives to the one that owns their SA or their queue.
#pragma once

#include "dataplane/burst.h"
#include "dataplane/tables.h"
#include "dataplane/worker_context.h"

namespace sallyport {

// Gives to their owners the packets whose inbound SA another worker owns. Needs find_sas.
void give_to_inbound_owners(Burst& burst, WorkerContext& my) noexcept;
// Likewise outbound; what any worker may send stays (DP-01). Needs choose_sas.
void give_to_outbound_owners(Burst& burst, const Tables& now, WorkerContext& my) noexcept;

// Gives to one worker, by the hash of what they have in common, all fragments of a datagram that is
// to be joined here, or that policies check as one (FRAG-04). Needs a next hop.
void give_to_fragment_owners(Burst& burst, const Tables& now, WorkerContext& my) noexcept;

// Goes on where the giver stopped, and decides anew what it had looked up: SAs, policies and routes
// may have changed meanwhile (DP-04). Leaves nothing.
void go_on_with(Burst& burst, const Tables& now, WorkerContext& my) noexcept;

}  // namespace sallyport
