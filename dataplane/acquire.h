// A packet that policy protects and for which there is no SA yet (RFC 4301 5.1 step 3b; SPD-15).
#pragma once

#include "dataplane/tables.h"
#include "dataplane/worker_context.h"

namespace sallyport {

// Ends the packet here: control takes it and asks the key manager, once for all packets that would
// share the SA. Where no key manager may be asked it is dropped as NoSa, which is audited (SPD-16).
void acquire_sa(Packet& packet, const Tables& now, WorkerContext& my) noexcept;

}  // namespace sallyport
