#include "dataplane/flow_cache.h"

#include <nmmintrin.h>

#include <algorithm>
#include <bit>
#include <new>

namespace sallyport {

FlowKey FlowKey::of(const PacketSummary& packet, SpdId spd, Direction direction) noexcept {
  FlowKey key;
  std::memcpy(&key.words[0], packet.source.data(), 16);
  std::memcpy(&key.words[2], packet.destination.data(), 16);
  const std::uint64_t kind = (packet.family == Family::V6 ? 1u : 0u) |
                             (packet.ports_visible ? 2u : 0u) |
                             (direction == Direction::Inbound ? 4u : 0u);
  key.words[4] = std::uint64_t{packet.source_port} | std::uint64_t{packet.destination_port} << 16 |
                 std::uint64_t{packet.protocol} << 32 | kind << 40 | std::uint64_t{spd.value} << 48;
  return key;
}

FlowCache::FlowCache(std::size_t capacity, std::uint64_t seed, std::pmr::memory_resource& memory)
    : memory_(memory), seed_(seed) {
  const std::size_t places = std::bit_ceil(std::max<std::size_t>(capacity, 2));
  void* const room = memory_.allocate(places * sizeof(Flow), alignof(Flow));
  flows_ = {new (room) Flow[places]{}, places};
  mask_ = static_cast<std::uint32_t>(places - 1);
}

FlowCache::~FlowCache() { memory_.deallocate(flows_.data(), flows_.size_bytes(), alignof(Flow)); }

std::uint32_t FlowCache::hash(const FlowKey& key) const noexcept {
  const std::uint64_t left = _mm_crc32_u64(_mm_crc32_u64(seed_, key.words[0]), key.words[1]);
  const std::uint64_t right = _mm_crc32_u64(_mm_crc32_u64(seed_ >> 32, key.words[2]), key.words[3]);
  return static_cast<std::uint32_t>(_mm_crc32_u64(left, right << 32 ^ key.words[4]));
}

Flow& FlowCache::place(std::uint32_t hash) noexcept {
  Flow& first = flows_[hash & mask_];
  if (first.version == 0) return first;
  Flow& second = flows_[(hash & mask_) ^ 1];
  if (second.version == 0) return second;
  evictions.add();
  return first;
}

}  // namespace sallyport
