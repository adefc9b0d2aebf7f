#include "dataplane/ring.h"

#include <fmt/format.h>
#include <rte_errno.h>

#include <atomic>
#include <bit>

namespace sallyport {

Expected<PacketRing> PacketRing::create(std::size_t capacity) {
  static std::atomic<unsigned> counter;
  const std::string name = fmt::format("packets-{}", counter++);
  rte_ring* const ring =
      rte_ring_create(name.c_str(), static_cast<unsigned>(std::bit_ceil(capacity + 1)),
                      SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
  if (ring == nullptr)
    return fail(Error::Code::Exhausted, fmt::format("no memory for a ring of {} packets: {}",
                                                    capacity, rte_strerror(rte_errno)));
  return PacketRing(ring);
}

}  // namespace sallyport
