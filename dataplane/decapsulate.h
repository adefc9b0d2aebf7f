// What ESP and AH have in common behind a good ICV: the window moves, headers come off, selectors
// are checked (RFC 4303 3.4, RFC 4302 3.4, RFC 4301 5.2).
#pragma once

#include "dataplane/sa_runs.h"
#include "dataplane/tables.h"
#include "dataplane/worker_context.h"

namespace sallyport {

// After the engine: drops what failed (an ESN SA may find its high half again, RPL-05), advances
// the window, takes ESP or AH off and leaves the packets that lie within their SA's selectors,
// their headers read anew (INB-04). Shortens the run.
void decapsulate(SaRun& run, std::span<CryptoJob> jobs, const Tables& now,
                 WorkerContext& my) noexcept;

}  // namespace sallyport
