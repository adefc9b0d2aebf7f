// AH: what its ICV covers, out and in (RFC 4302 3.3, 3.4). An SA's protocol says when these verbs
// are called instead of those of ESP.
#pragma once

#include "dataplane/sa_runs.h"
#include "dataplane/worker_context.h"

namespace sallyport {

// Puts AH into each packet of a run, brings the headers in front of it into the form that the ICV
// covers, and says what is to be authenticated: how many octets. Drops what has malformed headers
// there.
std::uint64_t encapsulate_ah(SaRun& run, std::span<CryptoJob> jobs, const OutboundSa& sa,
                             WorkerContext& my) noexcept;

// The same for packets that came in; their lengths are checked here (AH-02, AH-03).
void prepare_ah(SaRun& run, std::span<CryptoJob> jobs, WorkerContext& my) noexcept;

// After the engine, for both: the headers are again what they were.
void restore_headers(const SaRun& run, WorkerContext& my) noexcept;

}  // namespace sallyport
