// Exact-match cache of policy decisions, one per worker: a hit never touches the SPD.
#pragma once

#include <nmmintrin.h>

#include <cstdint>
#include <cstring>
#include <memory_resource>
#include <span>

#include "dataplane/counters.h"
#include "net/packet_summary.h"
#include "spd/policy.h"

namespace sallyport {

// SPD-ID, direction and all selector fields of a packet (SPD-07).
struct FlowKey {
  std::uint64_t words[5];

  [[nodiscard]] static FlowKey of(const PacketSummary& packet, SpdId spd,
                                  Direction direction) noexcept;
  friend bool operator==(const FlowKey&, const FlowKey&) = default;
};

struct alignas(64) Flow {
  FlowKey key;
  PolicyId policy;
  std::uint32_t generation;  // of the policy when it was asked (SPD-06)
  std::uint32_t version;     // of the PolicySet last compared; 0: an empty place
  PolicyAction action;
};
static_assert(sizeof(Flow) == 64);

class FlowCache {
 public:
  // `capacity` flows, rounded up to a power of two. Workers place flows by seeds of their own; that
  // is no defence, since which flows meet under a CRC is the same for every seed.
  FlowCache(std::size_t capacity, std::uint64_t seed, std::pmr::memory_resource& memory);
  ~FlowCache();
  FlowCache(const FlowCache&) = delete;
  FlowCache& operator=(const FlowCache&) = delete;

  [[nodiscard]] std::uint32_t hash(const FlowKey& key) const noexcept;
  void prefetch(std::uint32_t hash) const noexcept {
    __builtin_prefetch(&flows_[hash & mask_]);
    __builtin_prefetch(&flows_[(hash & mask_) ^ 1]);
  }
  // The flow with this key, or null.
  [[nodiscard]] Flow* find(const FlowKey& key, std::uint32_t hash) noexcept {
    Flow& first = flows_[hash & mask_];
    if (first.key == key && first.version != 0) return &first;
    Flow& second = flows_[(hash & mask_) ^ 1];
    return second.key == key && second.version != 0 ? &second : nullptr;
  }
  // The place for a new flow with this key: a free one of its two, else the one at its hash.
  [[nodiscard]] Flow& place(std::uint32_t hash) noexcept;

  Counter lookups;
  Counter misses;
  Counter stale;
  Counter evictions;
  [[nodiscard]] std::uint64_t hits() const noexcept {
    return lookups.read() - misses.read() - stale.read();
  }

 private:
  std::pmr::memory_resource& memory_;
  std::span<Flow> flows_;
  std::uint32_t mask_;
  std::uint64_t seed_;
};

inline FlowKey FlowKey::of(const PacketSummary& packet, SpdId spd, Direction direction) noexcept {
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

inline std::uint32_t FlowCache::hash(const FlowKey& key) const noexcept {
  const std::uint64_t left = _mm_crc32_u64(_mm_crc32_u64(seed_, key.words[0]), key.words[1]);
  const std::uint64_t right = _mm_crc32_u64(_mm_crc32_u64(seed_ >> 32, key.words[2]), key.words[3]);
  return static_cast<std::uint32_t>(_mm_crc32_u64(left, right << 32 ^ key.words[4]));
}

}  // namespace sallyport
