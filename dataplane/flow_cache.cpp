#include "dataplane/flow_cache.h"

#include <algorithm>
#include <bit>
#include <new>

namespace sallyport {
namespace {

// Of whole units, at least one.
std::uint32_t units(Duration time, std::uint64_t ticks_per_second, unsigned shift) noexcept {
  const double ticks =
      std::chrono::duration<double>(time).count() * static_cast<double>(ticks_per_second);
  return static_cast<std::uint32_t>(ticks / static_cast<double>(std::uint64_t{1} << shift)) + 1;
}

}  // namespace

FlowCache::FlowCache(std::size_t capacity, const FlowCacheSettings& settings, const KeyedHash& hash,
                     std::uint64_t ticks_per_second, std::pmr::memory_resource& memory)
    : memory_(memory),
      hash_(hash),
      tick_shift_(static_cast<unsigned>(
          std::bit_width(std::max<std::uint64_t>(ticks_per_second / 1000, 2)) - 1)),
      life_(units(std::min(settings.life, kLongestFlowLife), ticks_per_second, tick_shift_)),
      keep_(settings.keep_active == Duration{}
                ? 0
                : units(std::min(settings.keep_active, kLongestKeepActive), ticks_per_second,
                        tick_shift_ + kSlowHandShift)) {
  const std::size_t places = std::bit_ceil(std::max<std::size_t>(capacity, 2));
  void* const room = memory_.allocate(places * sizeof(Flow), alignof(Flow));
  flows_ = {new (room) Flow[places]{}, places};
  mask_ = static_cast<std::uint32_t>(places - 1);
}

FlowCache::~FlowCache() { memory_.deallocate(flows_.data(), flows_.size_bytes(), alignof(Flow)); }

Flow* FlowCache::place(std::uint32_t hash) noexcept {
  Flow& first = flows_[hash & mask_];
  if (first.version == 0) return &first;
  Flow& second = flows_[(hash & mask_) ^ 1];
  if (second.version == 0) return &second;
  Flow& longer = unused_for(first) >= unused_for(second) ? first : second;
  if (unused_for(longer) < keep_) {
    refused.add();
    return nullptr;
  }
  evictions.add();
  return &longer;
}

void FlowCache::fill(Flow& flow, const FlowKey& key, const Decision& decision) const noexcept {
  flow = Flow{.key = key,
              .policy = decision.policy,
              .handle = decision.handle,
              .generation = decision.entry.generation,
              .version = decision.version,
              .expires = now_ + life_,
              .used = slow_hand(),
              .action = decision.entry.action};
}

}  // namespace sallyport
