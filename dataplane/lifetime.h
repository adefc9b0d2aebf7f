// The end of an SA's life as its worker sees it: once a run (RFC 4301 4.4.2.1; SAD-06, SAD-13).
#pragma once

#include <atomic>

#include "dataplane/worker_context.h"

namespace sallyport {

// Several workers may send by one SA.
[[nodiscard]] inline std::uint64_t read_shared(std::uint64_t& value) noexcept {
  return std::atomic_ref(value).load(std::memory_order_relaxed);
}

// What the SA may carry in octets and packets has been carried.
template <class State>
[[nodiscard]] bool is_used_up(State& state) noexcept {
  return read_shared(state.bytes) >= state.hard_bytes ||
         read_shared(state.packets) >= state.hard_packets;
}

// Its time is over. Control removes it then; this holds where control is late.
[[nodiscard]] inline bool is_out_of_time(Expiry expiry, const WorkerContext& my) noexcept {
  return !expiry.is_never() && expiry.has_passed(my.ticks.now());
}

// After a run: whether control is to be told, each once (of a spread SA perhaps once a worker),
// that the SA has come to its soft limit or near its last number, and then that it has come to its
// hard limit.
template <class State>
[[nodiscard]] bool is_to_be_told(State& state) noexcept {
  return read_shared(state.bytes) >= read_shared(state.notify_bytes) ||
         read_shared(state.packets) >= read_shared(state.notify_packets);
}
void tell_of_outbound_life(SaSlot slot, WorkerContext& my) noexcept;
void tell_of_inbound_life(SaSlot slot, WorkerContext& my) noexcept;

}  // namespace sallyport
