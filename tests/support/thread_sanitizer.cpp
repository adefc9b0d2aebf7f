#include "tests/support/thread_sanitizer.h"

#if defined(__SANITIZE_THREAD__)

#include <rte_ethdev.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include <cstring>
#include <span>
#include <stdexcept>
#include <string>

namespace sallyport {
namespace {

rte_ring* ring_of(const rte_mempool* pool) { return static_cast<rte_ring*>(pool->pool_data); }

int make(rte_mempool* pool) {
  pool->pool_data = rte_ring_create(("visible-" + std::string(pool->name)).c_str(),
                                    rte_align32pow2(pool->size + 1), pool->socket_id, 0);
  return pool->pool_data == nullptr ? -rte_errno : 0;
}
void unmake(rte_mempool* pool) { rte_ring_free(ring_of(pool)); }
int put(rte_mempool* pool, void* const* objects, unsigned count) {
  return rte_ring_mp_enqueue_bulk(ring_of(pool), objects, count, nullptr) == 0 ? -ENOBUFS : 0;
}
int get(rte_mempool* pool, void** objects, unsigned count) {
  return rte_ring_mc_dequeue_bulk(ring_of(pool), objects, count, nullptr) == 0 ? -ENOBUFS : 0;
}
unsigned count(const rte_mempool* pool) { return rte_ring_count(ring_of(pool)); }

std::uint16_t received(std::uint16_t, std::uint16_t, rte_mbuf** frames, std::uint16_t count,
                       std::uint16_t, void*) {
  for (rte_mbuf* const frame : std::span(frames, count)) crosses_in(frame);
  return count;
}
std::uint16_t sending(std::uint16_t, std::uint16_t, rte_mbuf** frames, std::uint16_t count, void*) {
  for (rte_mbuf* const frame : std::span(frames, count)) crosses_out(frame);
  return count;
}

}  // namespace

void show_crossings(std::uint16_t device, unsigned queue_pairs) {
  for (std::uint16_t queue = 0; queue < queue_pairs; ++queue) {
    rte_eth_add_rx_callback(device, queue, received, nullptr);
    rte_eth_add_tx_callback(device, queue, sending, nullptr);
  }
}

void use_visible_pools() {
  rte_mempool_ops ops{};
  std::strcpy(ops.name, "visible");
  ops.alloc = make;
  ops.free = unmake;
  ops.enqueue = put;
  ops.dequeue = get;
  ops.get_count = count;
  if (rte_mempool_register_ops(&ops) < 0 || rte_mbuf_set_user_mempool_ops("visible") != 0)
    throw std::runtime_error("no pools that TSan sees through");
}

}  // namespace sallyport

#else

namespace sallyport {

void show_crossings(std::uint16_t, unsigned) {}
void use_visible_pools() {}

}  // namespace sallyport

#endif
