// What comes to a multicast group on the home link goes to each of our mobile nodes that listen, in
// its tunnel (RFC 6275 10.4.2; HA-16, HA-18).
#pragma once

#include "dataplane/burst.h"
#include "dataplane/tables.h"
#include "dataplane/worker_context.h"

namespace sallyport {

// Takes the packets out that have listeners. Needs next hops. Each costs as many copies as its
// group has listeners, of which a worker makes half a million a second at most (GroupLimit).
void copy_to_listeners(Burst& burst, const Tables& now, WorkerContext& my) noexcept;

}  // namespace sallyport
