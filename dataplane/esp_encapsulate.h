// Outbound: choose SAs; ESP: build headers and trailers (RFC 4303 3.3).
#pragma once

#include "dataplane/burst.h"
#include "dataplane/sa_runs.h"
#include "dataplane/tables.h"
#include "dataplane/worker_context.h"

namespace sallyport {

inline constexpr std::uint32_t kAnyLength = 0x10000;
struct Chosen {
  Burst cut_before;  // to be cut to `inner_mtu` first
  // Octets that no packet which stays has more of once it is sealed, as far as that is known.
  std::uint32_t longest{kAnyLength};
};
// Sets the SA of every packet by its handle and DSCP; what has none is acquired (SPD-15), what the
// SA may not or cannot carry is dropped (ARCH-03, ARCH-07, TUN-01, SAD-09).
[[nodiscard]] Chosen choose_sas(Burst& burst, const Tables& now, WorkerContext& my) noexcept;

// Zeros behind the datagram, whose own length tells the receiver where it ends (RFC 4303 2.7).
void pad_traffic_flow(Packet& packet, const OutboundSa& sa) noexcept;

// Over IPv6 the UDP checksum covers the ciphertext, so it comes after the engine (NAT-02).
[[nodiscard]] inline bool wants_udp_checksums(const OutboundSa& sa) noexcept {
  return sa.udp && sa.outer_family == Family::V6;
}
void write_udp_checksums(const SaRun& run, WorkerContext& my) noexcept;

// Largest packet whose result fits the SA's path MTU; 0: none does. `clear` octets of IP headers
// stay in front of ESP (transport mode). Worst-case padding is in it (RFC 4301 8.2.1; PMTU-02).
[[nodiscard]] std::uint32_t inner_mtu(const OutboundSa& sa, std::uint32_t clear = 0) noexcept;

}  // namespace sallyport
