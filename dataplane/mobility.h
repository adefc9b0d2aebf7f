// Home addresses in place of care-of addresses and back, at the two ends of a packet's way (RFC
// 6275 9.3.1, 9.3.2, 11.3; MIPPKT-01 to 14). Everything between sees the logical form alone.
#pragma once

#include <optional>

#include "dataplane/burst.h"
#include "dataplane/tables.h"
#include "dataplane/worker_context.h"

namespace sallyport {

// Right after parse. What is for us and has a Home Address option or a type 2 routing header gets
// its logical form, or is dropped: with a word to its source where its binding is not known, or
// where Mobile IPv6 is off and the option unknown.
void take_home_addresses(Burst& burst, const Tables& now, WorkerContext& my) noexcept;

// The same for a packet out of a tunnel, whose summary is new; why it has to go.
[[nodiscard]] std::optional<DropReason> take_inner_home_addresses(Packet& packet, const Tables& now,
                                                                  WorkerContext& my) noexcept;
// Why a packet that has left an SA in transport mode has to go: the SA must have hidden none of
// both. `before` are the marks that were there outside of it.
[[nodiscard]] std::optional<DropReason> reveal_fault(const Packet& packet,
                                                     std::uint8_t before) noexcept;

// Of a packet that has extensions of Mobile IPv6.
void finish_marked(Packet& packet, WorkerContext& my) noexcept;
// The last thing before a packet is sent or held for its neighbour: ours get the form of the wire,
// and the host behind a local-stack port gets packets without the extensions.
inline void finish_home_addresses(Packet& packet, WorkerContext& my) noexcept {
  if (packet.summary.mobility != 0) [[unlikely]]
    finish_marked(packet, my);
}
// The form of the wire, for a packet that leaves.
void put_on_wire(Packet& packet) noexcept;

// Puts extensions in, as packet.bound_destination and bound_source say, and forgets those. False
// where the packet had to go. Its next hop is known.
[[nodiscard]] bool insert_extensions(Packet& packet, WorkerContext& my) noexcept;

// The care-of address of a packet in logical form that has a type 2 routing header.
[[nodiscard]] Address routed_to(const Packet& packet) noexcept;

}  // namespace sallyport
