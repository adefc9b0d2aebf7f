// Exact-match cache of policy decisions, one per worker: a hit never touches the SPD
// (RFC 4301 4.4.1; SPD-07). Bounded, and keyed so that nobody can aim at a place in it.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory_resource>
#include <span>

#include "base/prefetch.h"
#include "dataplane/counters.h"
#include "dataplane/flow_cache_settings.h"
#include "dataplane/keyed_hash.h"
#include "net/packet_summary.h"
#include "sad/sa_handles.h"
#include "spd/spd.h"

namespace sallyport {

// Scope (SPD-ID and local user), direction and all selector fields of a packet.
struct FlowKey {
  std::uint64_t words[5];  // source, destination, and the rest

  // What `words[4]` has besides the packet's own: scope and direction, in bits that
  // PacketSummary::other_selectors() leaves free.
  [[nodiscard]] static constexpr std::uint64_t mark(PolicyScope scope,
                                                    Direction direction) noexcept {
    const std::uint64_t value = scope.value;
    return (direction == Direction::Inbound ? kInbound : 0) | (value & 0x8000) << 31 |
           (value & 0x7fff) << 49;
  }
  [[nodiscard]] static FlowKey of(const PacketSummary& packet, std::uint64_t mark) noexcept {
    FlowKey key;
    packet.addresses().store(key.words);
    key.words[4] = packet.other_selectors() | mark;
    return key;
  }
  [[nodiscard]] static FlowKey of(const PacketSummary& packet, PolicyScope scope,
                                  Direction direction) noexcept {
    return of(packet, mark(scope, direction));
  }
  [[nodiscard]] Direction direction() const noexcept {
    return (words[4] & kInbound) != 0 ? Direction::Inbound : Direction::Outbound;
  }
  // Of the packets that answer, in the scope that they are asked in.
  [[nodiscard]] FlowKey reversed(PolicyScope scope) const noexcept;
  friend bool operator==(const FlowKey& left, const FlowKey& right) noexcept {
    return left.words[4] == right.words[4] &&
           Octets32::load(left.words) == Octets32::load(right.words);
  }

 private:
  static constexpr std::uint64_t kInbound = std::uint64_t{1} << 47;
  static constexpr std::uint64_t kScope = std::uint64_t{0xfffe} << 48 | std::uint64_t{1} << 46;
};

struct alignas(64) Flow {
  FlowKey key;
  PolicyId policy;
  SaHandle handle;           // where the action is Protect
  std::uint32_t generation;  // of the policy when it was asked (SPD-06)
  std::uint32_t version;     // of the PolicySet last compared; 0: an empty place, without a key
  std::uint32_t expires;     // on the cache's clock
  std::uint16_t used;        // last, by its slow hand
  PolicyAction action;
};
static_assert(sizeof(Flow) == 64);

class FlowCache {
 public:
  // `capacity` flows, rounded up to a power of two. Ticks come `ticks_per_second` a second.
  FlowCache(std::size_t capacity, const FlowCacheSettings& settings, const KeyedHash& hash,
            std::uint64_t ticks_per_second, std::pmr::memory_resource& memory);
  ~FlowCache();
  FlowCache(const FlowCache&) = delete;
  FlowCache& operator=(const FlowCache&) = delete;

  // What find() and place() go by, until the next call.
  void set_clock(std::uint64_t ticks) noexcept {
    now_ = static_cast<std::uint32_t>(ticks >> tick_shift_);
  }
  [[nodiscard]] std::uint32_t hash(const FlowKey& key) const noexcept {
    return hash_(Octets32::load(key.words), key.words[4]);
  }
  // Of the flow's two places the first one: a few flows are in the other.
  void prefetch(std::uint32_t hash) const noexcept { prefetch_line(&flows_[hash & mask_]); }
  // The flow with this key, from now on in use; null where there is none. Its life may be over.
  [[nodiscard]] Flow* find(const FlowKey& key, std::uint32_t hash) noexcept {
    Flow* flow = &flows_[hash & mask_];
    if (flow->key != key) {
      flow = &flows_[(hash & mask_) ^ 1];
      if (flow->key != key) return nullptr;
    }
    if (flow->used != slow_hand()) flow->used = slow_hand();
    return flow;
  }
  [[nodiscard]] bool is_over(const Flow& flow) const noexcept {
    return static_cast<std::int32_t>(now_ - flow.expires) >= 0;
  }
  // The place for a new flow: a free one of its two, else that of the one which has not been used
  // for longer; null where both have been used too lately to go.
  [[nodiscard]] Flow* place(std::uint32_t hash) noexcept;
  // What a policy of this set has decided about packets of `key`, from now on.
  struct Decision {
    PolicyId policy;
    PolicyEntry entry;
    SaHandle handle;
    std::uint32_t version;  // of the PolicySet
  };
  void fill(Flow& flow, const FlowKey& key, const Decision& decision) const noexcept;
  static void forget(Flow& flow) noexcept { flow = {}; }

  Counter lookups;
  Counter misses;     // nothing here, or its life was over
  Counter stale;      // its policy has been edited since
  Counter evictions;  // for which another flow had to go
  Counter refused;    // not cached, since both places were in use
  [[nodiscard]] std::uint64_t hits() const noexcept {
    return lookups.read() - misses.read() - stale.read();
  }

 private:
  static constexpr unsigned kSlowHandShift = 6;
  [[nodiscard]] std::uint16_t slow_hand() const noexcept {
    return static_cast<std::uint16_t>(now_ >> kSlowHandShift);
  }
  [[nodiscard]] std::uint16_t unused_for(const Flow& flow) const noexcept {
    return static_cast<std::uint16_t>(slow_hand() - flow.used);
  }

  std::pmr::memory_resource& memory_;
  KeyedHash hash_;
  std::span<Flow> flows_;
  std::uint32_t mask_;
  unsigned tick_shift_;  // a unit of the clock is the largest power of two under 1 ms
  std::uint32_t life_;   // in those
  std::uint32_t keep_;   // in 64 of those
  std::uint32_t now_{1};
};

inline FlowKey FlowKey::reversed(PolicyScope scope) const noexcept {
  constexpr std::uint64_t kBothPorts = 0xffff'ffff;
  const std::uint64_t ports = (words[4] << 16 & 0xffff0000) | (words[4] >> 16 & 0xffff);
  const Direction other =
      direction() == Direction::Inbound ? Direction::Outbound : Direction::Inbound;
  return {{words[2], words[3], words[0], words[1],
           ports | (words[4] & ~(kBothPorts | kScope | kInbound)) | mark(scope, other)}};
}

}  // namespace sallyport
