#include "dataplane/event_ring.h"

#include <fmt/format.h>
#include <rte_errno.h>

#include <atomic>
#include <bit>

namespace sallyport {

Expected<EventRing> EventRing::create(std::size_t capacity) {
  static std::atomic<unsigned> counter;
  const std::string name = fmt::format("events-{}", counter++);
  rte_ring* const ring = rte_ring_create_elem(name.c_str(), sizeof(Event),
                                              static_cast<unsigned>(std::bit_ceil(capacity + 1)),
                                              SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
  if (ring == nullptr)
    return fail(Error::Code::Exhausted, fmt::format("no memory for a ring of {} events: {}",
                                                    capacity, rte_strerror(rte_errno)));
  return EventRing(ring);
}

}  // namespace sallyport
