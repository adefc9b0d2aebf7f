// Packets whose buffer is in several pieces or too small move to another one (DP-03).
#pragma once

#include "dataplane/drop_reason.h"
#include "dataplane/packet.h"

namespace sallyport {

struct WorkerContext;

// Octets that are needed in front of a packet and behind it.
struct BufferRoom {
  std::uint32_t front;
  std::uint32_t back;
};

// Nullopt: the packet is now in one piece with at least that room, its octets as they were. The
// reason why it cannot be otherwise; the caller drops it.
[[nodiscard]] std::optional<DropReason> move_to_larger_buffer(Packet& packet,
                                                              const BufferRoom& room,
                                                              WorkerContext& my) noexcept;
// The same for a chain of any split; cheap where the rest fits behind the first piece.
[[nodiscard]] std::optional<DropReason> join_pieces(Packet& packet, WorkerContext& my) noexcept;

}  // namespace sallyport
