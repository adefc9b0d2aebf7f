// The numbers of an outbound SA (RFC 4303 3.3.3): none twice, none past the limit, whoever takes
// them (DP-01, ESP-10, ALG-20).
#pragma once

#include <algorithm>
#include <atomic>

#include "sad/outbound_sa.h"

namespace sallyport {

// Numbers first, first + 1, ...; `exhausted` where the last of them, if any, is the limit.
struct NumberGrant {
  std::uint64_t first{};
  std::uint64_t count{};
  bool exhausted{};
};

// A counter that the calling thread alone writes and others read.
inline void set_counter(std::uint64_t& counter, std::uint64_t value) noexcept {
  std::atomic_ref(counter).store(value, std::memory_order_relaxed);
}
inline void count_up(std::uint64_t& counter, std::uint64_t by) noexcept {
  set_counter(counter, counter + by);
}

// For the owner of the SA: up to `wanted`, as far as `limit` and the lifetime reach.
[[nodiscard]] inline NumberGrant take_numbers(OutboundState& state, std::uint64_t limit,
                                              std::uint64_t wanted) noexcept {
  const std::uint64_t last = state.last_sequence;
  const bool over = state.bytes >= state.hard_bytes || state.packets >= state.hard_packets;
  const std::uint64_t left = over ? 0 : std::min(limit - last, state.hard_packets - state.packets);
  const std::uint64_t count = std::min(wanted, left);
  count_up(state.last_sequence, count);
  count_up(state.packets, count);
  return {last + 1, count, last + count == limit};
}

// The same for an SA that several workers send by at once. Packets are taken first and numbers
// after, each by one exchange that cannot pass its bound; packets for which no number is left are
// given back, numbers never.
[[nodiscard]] NumberGrant reserve_numbers(OutboundState& state, std::uint64_t limit,
                                          std::uint64_t wanted) noexcept;

}  // namespace sallyport
