// A bounded lock-free ring of packets from one thread to another: a worker, or control.
#pragma once

#include <rte_ring.h>

#include <memory>
#include <span>

#include "base/error.h"
#include "dataplane/envelope.h"

namespace sallyport {

class PacketRing {
 public:
  // `capacity` packets, rounded up to a power of two; one producer thread, one consumer thread.
  [[nodiscard]] static Expected<PacketRing> create(std::size_t capacity);

  [[nodiscard]] bool push(rte_mbuf* mbuf) noexcept {
    return rte_ring_sp_enqueue(ring_.get(), mbuf) == 0;
  }
  // Pushes what there is room for, in order, and says how many.
  [[nodiscard]] unsigned push(std::span<rte_mbuf* const> mbufs) noexcept {
    return rte_ring_sp_enqueue_burst(ring_.get(), reinterpret_cast<void* const*>(mbufs.data()),
                                     static_cast<unsigned>(mbufs.size()), nullptr);
  }
  // Takes up to out.size() packets and says how many.
  [[nodiscard]] unsigned pop(std::span<rte_mbuf*> out) noexcept {
    return rte_ring_sc_dequeue_burst(ring_.get(), reinterpret_cast<void**>(out.data()),
                                     static_cast<unsigned>(out.size()), nullptr);
  }
  [[nodiscard]] unsigned size() const noexcept { return rte_ring_count(ring_.get()); }

 private:
  struct Free {
    void operator()(rte_ring* ring) const noexcept { rte_ring_free(ring); }
  };
  explicit PacketRing(rte_ring* ring) : ring_(ring) {}
  std::unique_ptr<rte_ring, Free> ring_;
};

}  // namespace sallyport
