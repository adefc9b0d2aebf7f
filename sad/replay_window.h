// Anti-replay over an InboundState: a ring of words with a spare one, so that the right edge moves
// without shifting bits (RFC 6479; RPL-02, RPL-03). Windows of 32 to 65536 packets, constant cost.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <optional>

#include "base/types.h"
#include "sad/inbound_sa.h"

namespace sallyport {

// Words of bitmap that a window of `packets` needs (a power of two, the spare one included).
[[nodiscard]] constexpr std::size_t replay_words(std::uint32_t packets) noexcept {
  return packets == 0 ? 0 : std::bit_ceil((std::size_t{packets} + 62) / 64 + 1);
}

// Marks every number up to `state.highest` as seen and none above it: how a window starts. The
// bitmap is in its place.
void replay_reset(const InboundSa& sa, InboundState& state) noexcept;

// The 64-bit number that a received low half stands for; nullopt where RFC 4303 appendix A2 puts
// it outside the 64-bit space (RPL-04). Without ESN the low half itself. With the window off: the
// number nearest to the highest one.
[[nodiscard]] inline std::optional<SequenceNumber> infer_sequence(const InboundSa& sa,
                                                                  const InboundState& state,
                                                                  std::uint32_t low) noexcept {
  if (!sa.esn) return SequenceNumber{low};
  // A2 in one rule: the first number from the left edge on that ends in `low`.
  const std::uint32_t reach = (sa.window == 0 ? 1u << 31 : sa.window) - 1;
  const std::uint32_t ahead = low - static_cast<std::uint32_t>(state.highest) + reach;
  const std::uint64_t left = state.highest - reach;
  const std::uint64_t sequence = left + ahead;
  // Both or neither went round the end of the 64-bit space.
  if ((left > state.highest) == (sequence < left)) [[likely]]
    return SequenceNumber{sequence};
  if (sa.window != 0) return std::nullopt;
  return SequenceNumber{(state.highest & ~0xffffffffull) | low};
}

// Before the ICV is checked: neither left of the window nor seen, as 0 is from the start. Changes
// nothing.
[[nodiscard]] inline bool replay_check(const InboundSa& sa, const InboundState& state,
                                       SequenceNumber sequence) noexcept {
  const std::uint64_t number = sequence.value;
  if (number > state.highest || sa.window == 0) return true;
  if (state.highest - number >= sa.window) return false;
  return (state.bitmap[(number >> 6) & sa.replay_mask] >> (number & 63) & 1) == 0;
}

// After the ICV was good: checks again and marks the number as seen; false where it no longer fits
// (a duplicate in the same burst).
[[nodiscard]] inline bool replay_advance(const InboundSa& sa, InboundState& state,
                                         SequenceNumber sequence) noexcept {
  const std::uint64_t number = sequence.value;
  const std::uint64_t word = number >> 6;
  if (number > state.highest) {
    const std::uint64_t edge = state.highest >> 6;
    // Control reads the edge while we move it.
    std::atomic_ref(state.highest).store(number, std::memory_order_relaxed);
    if (sa.window == 0) return true;
    const std::uint64_t stale = std::min(word - edge, std::uint64_t{sa.replay_mask} + 1);
    for (std::uint64_t i = 0; i < stale; ++i) state.bitmap[(word - i) & sa.replay_mask] = 0;
  } else if (sa.window == 0) {
    return true;
  } else if (!replay_check(sa, state, sequence)) {
    return false;
  }
  state.bitmap[word & sa.replay_mask] |= 1ull << (number & 63);
  return true;
}

}  // namespace sallyport
