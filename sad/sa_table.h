// Fixed-capacity slots of compiled SAs. Memory comes from outside (hugepages where there are any);
// control publishes slot by slot, workers read and write the state of the SAs that they own.
#pragma once

#include <memory_resource>
#include <span>

#include "base/prefetch.h"
#include "sad/inbound_sa.h"
#include "sad/outbound_sa.h"
#include "sad/sa_index.h"

namespace sallyport {

// What a live SA has done, read while its worker goes on.
struct SaCounters {
  SequenceNumber sequence;  // last sent, or highest accepted
  std::uint64_t packets{};
  std::uint64_t bytes{};
};

// Every SA has two editions of its compiled form and one state: an edit (SAD-11) fills the edition
// that nobody reads and publishes that. Slot n + capacity is the other edition of slot n, so slot
// numbers run to twice the capacity.
class SaTable {
 public:
  struct Capacity {
    std::size_t outbound{};
    std::size_t inbound{};
    std::size_t dscp_maps{1024};  // different ones, the identity included; at most 65 535
  };
  SaTable(Capacity capacity, std::pmr::memory_resource& memory);
  ~SaTable();
  SaTable(const SaTable&) = delete;
  SaTable& operator=(const SaTable&) = delete;

  [[nodiscard]] const OutboundSa& outbound(SaSlot slot) const noexcept {
    return outbound_[slot.value];
  }
  [[nodiscard]] OutboundState& outbound_state(SaSlot slot) const noexcept {
    return outbound_states_[first_edition(slot, outbound_states_.size()).value];
  }
  [[nodiscard]] const InboundSa& inbound(SaSlot slot) const noexcept {
    return inbound_[slot.value];
  }
  [[nodiscard]] InboundState& inbound_state(SaSlot slot) const noexcept {
    return inbound_states_[first_edition(slot, inbound_states_.size()).value];
  }
  // Workers fetch ahead what they will read: all that is found by the slot, and once that has come,
  // the selectors and the window that it leads to.
  void prefetch_outbound(SaSlot slot) const noexcept {
    prefetch_line(&outbound(slot));
    prefetch_line(&outbound(slot).spi);
    prefetch_line(&outbound_state(slot));
  }
  void prefetch_inbound(SaSlot slot) const noexcept {
    prefetch_line(&inbound(slot));
    prefetch_line(&inbound_state(slot));
  }
  void prefetch_checks(SaSlot slot) const noexcept {
    const CompiledSelector* const selectors = inbound(slot).selectors;
    prefetch_line(selectors);
    prefetch_line(&selectors->local_port_first);
    prefetch_line(inbound_state(slot).bitmap);
  }
  // The last number that the outbound SA may send now.
  [[nodiscard]] std::uint64_t sequence_limit(SaSlot slot) const noexcept {
    return outbound_state(slot).limit();
  }
  // Of both editions of an inbound SA.
  [[nodiscard]] SaSlot lasting_slot(SaSlot slot) const noexcept {
    return first_edition(slot, inbound_states_.size());
  }
  [[nodiscard]] const SaIndex& index() const noexcept { return index_; }
  // Outer DSCP by inner DSCP; map 0 is the identity (TUN-04).
  [[nodiscard]] std::span<const std::uint8_t, 64> dscp_map(std::uint16_t map) const noexcept {
    return dscp_maps_[map].outer;
  }
  [[nodiscard]] Capacity capacity() const noexcept {
    return {outbound_states_.size(), inbound_states_.size(), dscp_maps_.size()};
  }

  // For the control thread, which fills a slot before anything leads to it.
  [[nodiscard]] OutboundSa& writable_outbound(SaSlot slot) noexcept {
    return outbound_[slot.value];
  }
  [[nodiscard]] InboundSa& writable_inbound(SaSlot slot) noexcept { return inbound_[slot.value]; }
  [[nodiscard]] SaIndex& writable_index() noexcept { return index_; }
  [[nodiscard]] std::span<std::uint8_t, 64> writable_dscp_map(std::uint16_t map) noexcept {
    return dscp_maps_[map].outer;
  }
  // Room for a selector set of one row and for the bitmap of a window up to 449 packets, found
  // from the slot alone; larger ones come from memory(). Shared by both editions.
  [[nodiscard]] std::span<CompiledSelector> nearby_selectors(SaSlot slot) noexcept;
  [[nodiscard]] std::span<std::uint64_t> nearby_bitmap(SaSlot slot) noexcept;
  [[nodiscard]] std::pmr::memory_resource& memory() noexcept { return memory_; }

  // The slot that holds the other edition of the same SA.
  [[nodiscard]] SaSlot other_edition(Direction direction, SaSlot slot) const noexcept;
  // Control thread. Lets the outbound SA send up to this number; never lowers it, never goes past
  // the end of the SA's numbers (MAN-02, ESP-10).
  void raise_sequence_limit(SaSlot slot, SequenceNumber limit) noexcept;
  // Control thread. Of both editions, from the workers' next packet on.
  void set_path_mtu(SaSlot slot, std::uint16_t octets) noexcept;
  // Control thread. Nothing passes by the SA from then on; both editions know it (SAD-06).
  void set_expiry(Direction direction, SaSlot slot, Expiry expiry) noexcept;
  // Control thread.
  [[nodiscard]] SaCounters counters(Direction direction, SaSlot slot) const noexcept;

 private:
  struct alignas(64) DscpMap {
    std::array<std::uint8_t, 64> outer;
  };
  struct alignas(64) Bitmap {
    std::array<std::uint64_t, 8> words;
  };
  [[nodiscard]] static SaSlot first_edition(SaSlot slot, std::size_t capacity) noexcept {
    return slot.value < capacity ? slot : SaSlot{slot.value - static_cast<std::uint32_t>(capacity)};
  }

  std::pmr::memory_resource& memory_;
  std::span<OutboundSa> outbound_;  // both editions
  std::span<OutboundState> outbound_states_;
  std::span<InboundSa> inbound_;  // both editions
  std::span<InboundState> inbound_states_;
  std::span<CompiledSelector> selectors_;
  std::span<Bitmap> bitmaps_;
  std::span<DscpMap> dscp_maps_;
  SaIndex index_;
};

}  // namespace sallyport
