// Inbound: find SAs and check replay; ESP: say what is to be opened (RFC 4303 3.4, RFC 4301 5.2).
#pragma once

#include "dataplane/burst.h"
#include "dataplane/sa_runs.h"
#include "dataplane/tables.h"
#include "dataplane/worker_context.h"

namespace sallyport {

// Takes out of `burst` what is IPsec for us: ESP, AH, and ESP in UDP on port 4500 (RFC 3948),
// with its ESP offset set, all that is for us made whole first. Keepalives end here. Needs
// next_hop.
[[nodiscard]] Burst take_ipsec_for_us(Burst& burst, WorkerContext& my) noexcept;

// True where all of a burst is whole ESP for us with one SPI, which one SA alone has: of a tunnel
// that fills bursts everything is found once. ESP offset, SA and next hop are then set. False:
// whatever is set of them means nothing.
[[nodiscard]] bool have_one_sa(const Burst& burst, const Tables& now, WorkerContext& my) noexcept;

// Sets the SA of every packet by SPI and addresses; drops those without one (SAD-04).
void find_sas(Burst& burst, WorkerContext& my) noexcept;

// Drops what is not of the SA's protocol or has a length that no ICV could make good (INB-03,
// ESP-17); infers each packet's 64-bit number and drops what was seen or is too old; changes no
// state (RFC 4303 3.4.3; INB-05). Shortens the run.
void check_replay(SaRun& run, WorkerContext& my) noexcept;

// The same for a run of ESP, and says what is to be opened. `jobs` has a place for each packet.
void prepare_esp(SaRun& run, CryptoJob* jobs, WorkerContext& my) noexcept;

}  // namespace sallyport
