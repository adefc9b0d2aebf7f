// Inbound ESP: find SAs, check replay, take headers off, check selectors (RFC 4303 3.4, RFC
// 4301 5.2).
#pragma once

#include "dataplane/burst.h"
#include "dataplane/sa_runs.h"
#include "dataplane/worker_context.h"

namespace sallyport {

// Takes out of `burst` what is IPsec for us: ESP, AH, and ESP in UDP on port 4500 (RFC 3948),
// with its ESP offset set, all that is for us made whole first. Keepalives end here. Needs
// next_hop.
[[nodiscard]] Burst take_ipsec_for_us(Burst& burst, WorkerContext& my) noexcept;

// Sets the SA of every packet by SPI and addresses; drops those without one, and those whose
// lengths no ICV could make good (SAD-04, INB-03, ESP-17).
void find_sas(Burst& burst, WorkerContext& my) noexcept;

// Infers each packet's 64-bit number and drops what was seen or is too old; changes no state
// (RFC 4303 3.4.3; INB-05). Shortens the run.
void check_replay(SaRun& run, WorkerContext& my) noexcept;

// Says what is to be opened. `jobs` has a place for each packet of the run.
void prepare_open(const SaRun& run, std::span<CryptoJob> jobs, WorkerContext& my) noexcept;

// After the engine: drops what failed (an ESN SA may find its high half again, RPL-05), advances
// the window, takes ESP off and leaves the packets that lie within their SA's selectors, their
// headers read anew (INB-04). Shortens the run.
void decapsulate(SaRun& run, std::span<CryptoJob> jobs, WorkerContext& my) noexcept;

}  // namespace sallyport
