#include "dataplane/flow_cache.h"

#include <algorithm>
#include <bit>
#include <new>

namespace sallyport {

FlowCache::FlowCache(std::size_t capacity, std::uint64_t seed, std::pmr::memory_resource& memory)
    : memory_(memory), seed_(seed) {
  const std::size_t places = std::bit_ceil(std::max<std::size_t>(capacity, 2));
  void* const room = memory_.allocate(places * sizeof(Flow), alignof(Flow));
  flows_ = {new (room) Flow[places]{}, places};
  mask_ = static_cast<std::uint32_t>(places - 1);
}

FlowCache::~FlowCache() { memory_.deallocate(flows_.data(), flows_.size_bytes(), alignof(Flow)); }

Flow& FlowCache::place(std::uint32_t hash) noexcept {
  Flow& first = flows_[hash & mask_];
  if (first.version == 0) return first;
  Flow& second = flows_[(hash & mask_) ^ 1];
  if (second.version == 0) return second;
  evictions.add();
  return first;
}

}  // namespace sallyport
