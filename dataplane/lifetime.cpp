#include "dataplane/lifetime.h"

namespace sallyport {
namespace {

// Full rings lose events, but not these: the next run tries again.
template <class State>
void tell(Event& event, State& state, WorkerContext& my) noexcept {
  constexpr std::uint64_t kNever = ~0ull;
  const bool hard = is_used_up(state);
  event.kind = hard ? EventKind::HardLifetime : EventKind::SoftLifetime;
  event.ticks = my.ticks.now();
  event.worker = my.id;
  event.has_sequence = true;
  if (!my.events.push(event)) return;
  std::atomic_ref(state.notify_bytes)
      .store(hard ? kNever : state.hard_bytes, std::memory_order_relaxed);
  std::atomic_ref(state.notify_packets)
      .store(hard ? kNever : state.hard_packets, std::memory_order_relaxed);
}

template <class State>
LifeLimit limit_of(State& state) noexcept {
  const std::uint64_t bytes =
      is_used_up(state) ? state.hard_bytes : read_shared(state.notify_bytes);
  return read_shared(state.bytes) >= bytes ? LifeLimit::Bytes : LifeLimit::Packets;
}

bool runs_out_of_numbers(const OutboundSa& sa, std::uint64_t last_sent) noexcept {
  const std::uint64_t last = sa.esn ? ~0ull : 0xffffffffull;
  return last_sent >= last - kSequenceMargin;
}

}  // namespace

void tell_of_outbound_life(SaSlot slot, WorkerContext& my) noexcept {
  const OutboundSa& sa = my.sas.outbound(slot);
  OutboundState& state = my.sas.outbound_state(slot);
  const std::uint64_t last_sent = read_shared(state.last_sequence);
  LifeLimit limit = limit_of(state);
  if (!is_used_up(state) && runs_out_of_numbers(sa, last_sent)) limit = LifeLimit::Sequence;
  Event event{.sequence = last_sent,
              .spi = sa.spi,
              .sa = slot,
              .limit = limit,
              .direction = Direction::Outbound};
  tell(event, state, my);
}

void tell_of_inbound_life(SaSlot slot, WorkerContext& my) noexcept {
  InboundState& state = my.sas.inbound_state(slot);
  Event event{.sequence = state.highest,
              .spi = my.sas.inbound(slot).spi,
              .sa = slot,
              .limit = limit_of(state),
              .direction = Direction::Inbound};
  tell(event, state, my);
}

}  // namespace sallyport
