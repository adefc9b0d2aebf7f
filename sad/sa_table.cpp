#include "sad/sa_table.h"

#include <algorithm>
#include <numeric>

#include "sad/pmr_array.h"

namespace sallyport {
namespace {

std::uint64_t read_live(std::uint64_t& counter) {
  return std::atomic_ref(counter).load(std::memory_order_relaxed);
}

}  // namespace

SaTable::SaTable(Capacity capacity, std::pmr::memory_resource& memory)
    : memory_(memory),
      outbound_(make_array<OutboundSa>(memory, 2 * capacity.outbound)),
      outbound_states_(make_array<OutboundState>(memory, capacity.outbound)),
      inbound_(make_array<InboundSa>(memory, 2 * capacity.inbound)),
      inbound_states_(make_array<InboundState>(memory, capacity.inbound)),
      selectors_(make_array<CompiledSelector>(memory, capacity.inbound)),
      bitmaps_(make_array<Bitmap>(memory, capacity.inbound)),
      dscp_maps_(
          make_array<DscpMap>(memory, std::clamp<std::size_t>(capacity.dscp_maps, 1, 65535))),
      index_(inbound_, capacity.inbound, memory) {
  std::iota(dscp_maps_[0].outer.begin(), dscp_maps_[0].outer.end(), std::uint8_t{0});
}

SaTable::~SaTable() {
  free_array(memory_, dscp_maps_);
  free_array(memory_, bitmaps_);
  free_array(memory_, selectors_);
  free_array(memory_, inbound_states_);
  free_array(memory_, inbound_);
  free_array(memory_, outbound_states_);
  free_array(memory_, outbound_);
}

std::span<CompiledSelector> SaTable::nearby_selectors(SaSlot slot) noexcept {
  return selectors_.subspan(first_edition(slot, selectors_.size()).value, 1);
}

std::span<std::uint64_t> SaTable::nearby_bitmap(SaSlot slot) noexcept {
  return bitmaps_[first_edition(slot, bitmaps_.size()).value].words;
}

SaSlot SaTable::other_edition(Direction direction, SaSlot slot) const noexcept {
  const auto capacity = static_cast<std::uint32_t>(
      direction == Direction::Outbound ? outbound_states_.size() : inbound_states_.size());
  return SaSlot{slot.value < capacity ? slot.value + capacity : slot.value - capacity};
}

void SaTable::raise_sequence_limit(SaSlot slot, SequenceNumber limit) noexcept {
  const std::uint64_t end = outbound(slot).esn ? ~0ull : 0xffffffffull;
  const std::atomic_ref present(outbound_state(slot).sequence_limit);
  const std::uint64_t raised =
      std::max(present.load(std::memory_order_relaxed), std::min(limit.value, end));
  present.store(raised, std::memory_order_relaxed);
}

void SaTable::set_path_mtu(SaSlot slot, std::uint16_t octets) noexcept {
  for (const SaSlot edition : {slot, other_edition(Direction::Outbound, slot)})
    std::atomic_ref(outbound_[edition.value].live_path_mtu)
        .store(octets, std::memory_order_relaxed);
}

void SaTable::set_expiry(Direction direction, SaSlot slot, Expiry expiry) noexcept {
  for (const SaSlot edition : {slot, other_edition(direction, slot)}) {
    Expiry& expires = direction == Direction::Outbound ? outbound_[edition.value].live_expiry
                                                       : inbound_[edition.value].live_expiry;
    std::atomic_ref(expires).store(expiry, std::memory_order_relaxed);
  }
}

SaCounters SaTable::counters(Direction direction, SaSlot slot) const noexcept {
  if (direction == Direction::Outbound) {
    OutboundState& state = outbound_state(slot);
    return {{read_live(state.last_sequence)}, read_live(state.packets), read_live(state.bytes)};
  }
  InboundState& state = inbound_state(slot);
  return {{read_live(state.highest)}, read_live(state.packets), read_live(state.bytes)};
}

}  // namespace sallyport
