// Pools of packet buffers.
#pragma once

#include <rte_mempool.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sallyport {

struct FreePool {
  void operator()(rte_mempool* pool) const noexcept { rte_mempool_free(pool); }
};
using BufferPool = std::unique_ptr<rte_mempool, FreePool>;

struct BufferPoolShape {
  std::size_t buffers;
  std::uint16_t room;       // octets of each, headroom included
  unsigned worker_cache;    // buffers that a worker keeps at hand
  std::string_view remedy;  // where there is no memory for it
};

// Named `kind` ("packets") and a number. Each buffer has an Envelope. Error: no memory for it.
[[nodiscard]] Expected<BufferPool> make_buffer_pool(const std::string& kind,
                                                    const BufferPoolShape& shape);
// Octets that a buffer with `room` takes, but for what the pool itself puts in front.
[[nodiscard]] std::size_t buffer_bytes(std::uint16_t room) noexcept;

}  // namespace sallyport
