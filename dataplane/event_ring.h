// A bounded lock-free ring of events from one thread to control.
#pragma once

#include <rte_ring_elem.h>

#include <memory>
#include <span>

#include "base/error.h"
#include "dataplane/counters.h"
#include "dataplane/event.h"

namespace sallyport {

class EventRing {
 public:
  // `capacity` events, rounded up to a power of two; one producer thread, one consumer thread.
  [[nodiscard]] static Expected<EventRing> create(std::size_t capacity);

  // False where the ring is full: the event is lost, and counted.
  bool push(const Event& event) noexcept {
    if (rte_ring_sp_enqueue_elem(ring_.get(), const_cast<Event*>(&event), sizeof event) == 0)
      return true;
    lost_.add();
    return false;
  }
  // Takes up to out.size() events and says how many.
  [[nodiscard]] unsigned pop(std::span<Event> out) noexcept {
    return rte_ring_sc_dequeue_burst_elem(ring_.get(), out.data(), sizeof(Event),
                                          static_cast<unsigned>(out.size()), nullptr);
  }
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_.read(); }

 private:
  struct Free {
    void operator()(rte_ring* ring) const noexcept { rte_ring_free(ring); }
  };
  explicit EventRing(rte_ring* ring) : ring_(ring) {}
  std::unique_ptr<rte_ring, Free> ring_;
  Counter lost_;
};

}  // namespace sallyport
