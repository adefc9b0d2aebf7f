#include "sad/sequence_numbers.h"

namespace sallyport {
namespace {

struct Range {
  std::uint64_t before;
  std::uint64_t count;
};

// Relaxed: the counter orders nothing but itself.
Range raise_within(std::atomic_ref<std::uint64_t> counter, std::uint64_t limit,
                   std::uint64_t wanted) noexcept {
  std::uint64_t before = counter.load(std::memory_order_relaxed);
  for (;;) {
    const std::uint64_t count = before >= limit ? 0 : std::min(wanted, limit - before);
    if (count == 0 ||
        counter.compare_exchange_weak(before, before + count, std::memory_order_relaxed))
      return {before, count};
  }
}

}  // namespace

NumberGrant reserve_numbers(OutboundState& state, std::uint64_t limit,
                            std::uint64_t wanted) noexcept {
  const std::atomic_ref packets(state.packets);
  const bool over =
      std::atomic_ref(state.bytes).load(std::memory_order_relaxed) >= state.hard_bytes;
  const std::uint64_t allowed = over ? 0 : raise_within(packets, state.hard_packets, wanted).count;
  const Range numbers = raise_within(std::atomic_ref(state.last_sequence), limit, allowed);
  if (numbers.count < allowed)
    packets.fetch_sub(allowed - numbers.count, std::memory_order_relaxed);
  return {numbers.before + 1, numbers.count, numbers.before + numbers.count >= limit};
}

}  // namespace sallyport
