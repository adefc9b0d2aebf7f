#include "dataplane/buffer_pool.h"

#include <fmt/format.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>

#include <atomic>
#include <cerrno>

#include "dataplane/envelope.h"

namespace sallyport {
namespace {

// Without hugepages DPDK puts no buffer across a page's end, so that one stands at the same place
// of every page, and all of them share few sets of the first-level cache. Side by side they use all
// sets, and two thirds of the room; but PCI devices want buffers whose pages they have been told.
unsigned pool_flags() noexcept {
  const bool as_devices_want = rte_eal_has_hugepages() != 0 || rte_eal_has_pci() != 0;
  return as_devices_want ? 0 : RTE_MEMPOOL_F_NO_IOVA_CONTIG;
}

// 0, or why not: an errno.
int populate(rte_mempool& pool, const BufferPoolShape& shape) {
  rte_pktmbuf_pool_private facts{};
  facts.mbuf_data_room_size = shape.room;
  facts.mbuf_priv_size = kPrivateBytes;
  const int chosen = rte_mempool_set_ops_byname(&pool, rte_mbuf_best_mempool_ops(), nullptr);
  if (chosen != 0) return -chosen;
  rte_pktmbuf_pool_init(&pool, &facts);
  const int populated = rte_mempool_populate_default(&pool);
  if (populated < 0) return -populated;
  rte_mempool_obj_iter(&pool, rte_pktmbuf_init, nullptr);
  return 0;
}

}  // namespace

Expected<BufferPool> make_buffer_pool(const std::string& kind, const BufferPoolShape& shape) {
  static std::atomic<unsigned> counter;
  const std::string name = fmt::format("{}-{}", kind, counter++);
  BufferPool pool(rte_mempool_create_empty(name.c_str(), static_cast<unsigned>(shape.buffers),
                                           static_cast<unsigned>(buffer_bytes(shape.room)),
                                           shape.worker_cache, sizeof(rte_pktmbuf_pool_private),
                                           SOCKET_ID_ANY, pool_flags()));
  const int fault = pool == nullptr ? ENOMEM : populate(*pool, shape);
  if (fault == 0) return pool;
  return fail(
      Error::Code::Exhausted,
      fmt::format("no memory for {} buffers ({}): {}", shape.buffers, kind, rte_strerror(fault)),
      std::string(shape.remedy));
}

std::size_t buffer_bytes(std::uint16_t room) noexcept {
  return sizeof(rte_mbuf) + kPrivateBytes + room;
}

}  // namespace sallyport
