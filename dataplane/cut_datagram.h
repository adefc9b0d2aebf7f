// Cuts datagrams into fragments (RFC 791 3.2, RFC 8200 4.5).
#pragma once

#include <span>

#include "dataplane/burst.h"

namespace sallyport {

struct WorkerContext;

inline constexpr unsigned kMostFragments = kBurstSize;

// Into copies of at most `mtu` octets, each with a buffer of its own; the packet stays as it is.
// Their number; 0 where it needs more than there is room for in `out`, or buffers ran out. That it
// may be cut, the caller knows.
[[nodiscard]] unsigned cut_datagram(const Packet& packet, std::uint16_t mtu,
                                    std::span<rte_mbuf*> out, WorkerContext& my) noexcept;

// An IPv4 packet that was matched to an SA and is too long for it, into fragments that fit, in
// `store`; the packet itself ends here (RFC 4301 5.1; OUT-05).
[[nodiscard]] Burst cut_inner(Packet& packet, PacketStore& store, WorkerContext& my) noexcept;

}  // namespace sallyport
