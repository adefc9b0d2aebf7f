// Hands packets that need more than a worker to control, over the worker's ring.
#pragma once

#include "dataplane/burst.h"
#include "dataplane/worker_context.h"

namespace sallyport {

// An ARP frame; data still starts at the link header.
void punt_arp(Packet& packet, const Port& port, WorkerContext& my) noexcept;
// Of the frame that the packet came in, whose header is still in front; none where it has come by
// an SA or a tunnel, or not from a link.
[[nodiscard]] MacAddress link_source_of(const Packet& packet, const WorkerContext& my) noexcept;
// For an address of ours, or for control's own protocols.
void punt_delivery(Packet& packet, WorkerContext& my) noexcept;
// Ready to leave by `port` for `next_hop`, whose link address is not known: control holds it.
void punt_unresolved(Packet& packet, PortId port, const Address& next_hop,
                     WorkerContext& my) noexcept;
// Judged, and without an SA: control holds it until there is one.
void punt_acquire(Packet& packet, std::uint32_t policy_generation, WorkerContext& my) noexcept;
// Drops the packet for `reason` and, rate permitting, has control tell its source (RFC 1812 4.3,
// RFC 4443), or that its binding is not known (RFC 6275 9.3.3). `purpose` is one of those from
// HopLimit to UnknownBinding; `mtu` goes with TooBig.
struct IcmpCause {
  DropReason reason;
  Purpose purpose;
  std::uint16_t mtu{};
};
void drop_and_tell(Packet& packet, const IcmpCause& cause, WorkerContext& my) noexcept;

}  // namespace sallyport
