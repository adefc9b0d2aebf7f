// Packets whose buffer is in several pieces or too small move to another one (DP-03).
#pragma once

#include <expected>

#include "dataplane/drop_reason.h"
#include "dataplane/packet.h"

namespace sallyport {

struct WorkerContext;

// Octets that are needed in front of a packet and behind it.
struct BufferRoom {
  std::uint32_t front;
  std::uint32_t back;
};

// What the longest link header takes in front of a packet that leaves: Ethernet's with a VLAN tag.
inline constexpr std::uint32_t kLinkRoom = 18;

// Its octets and envelope once more, in one piece and with at least that room; or the reason why
// there is no such buffer.
[[nodiscard]] std::expected<rte_mbuf*, DropReason> copy_of(const Packet& packet,
                                                           const BufferRoom& room,
                                                           WorkerContext& my) noexcept;
// Nullopt: the packet is now in one piece with at least that room, its octets as they were. The
// reason why it cannot be otherwise; the caller drops it.
[[nodiscard]] std::optional<DropReason> move_to_larger_buffer(Packet& packet,
                                                              const BufferRoom& room,
                                                              WorkerContext& my) noexcept;
// The same for a chain of any split; cheap where the rest fits behind the first piece.
[[nodiscard]] std::optional<DropReason> join_pieces(Packet& packet, WorkerContext& my) noexcept;
// There is room in front for so many octets more and a link header; false where the packet had to
// go.
[[nodiscard]] bool make_room_in_front(Packet& packet, std::uint32_t octets,
                                      WorkerContext& my) noexcept;
// An IPv6 packet with so many octets more fits the port that it leaves by, or is of those that no
// source can make shorter (RFC 8200 5). False where it was dropped, and its source told what fits.
[[nodiscard]] bool may_grow(Packet& packet, std::uint32_t octets, WorkerContext& my) noexcept;

}  // namespace sallyport
