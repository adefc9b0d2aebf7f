// First verb of every turn: link header off, IP headers read once, lengths checked for good.
#pragma once

#include "dataplane/burst.h"
#include "dataplane/worker_context.h"

namespace sallyport {

// Leaves the IP packets that this station may handle, data at the IP header and cut to the length
// that it says; ARP goes to control; the rest is dropped. True where some have extensions of Mobile
// IPv6 (PacketSummary::mobility).
bool parse(Burst& burst, const Port& port, WorkerContext& my) noexcept;

// Reads the headers of a packet whose data is an IP datagram, and trims it to its own length.
[[nodiscard]] ParseVerdict summarize(Packet& packet, const SkippedHeaders& skipped,
                                     HeaderChecksum header = HeaderChecksum::Verify) noexcept;

}  // namespace sallyport
