// Fixed-capacity slots of compiled SAs. Memory comes from outside (hugepages where there are any);
// control publishes slot by slot, workers read and write the state of the SAs that they own.
#pragma once

#include <memory_resource>
#include <span>

#include "sad/inbound_sa.h"
#include "sad/outbound_sa.h"
#include "sad/sa_index.h"

namespace sallyport {

class SaTable {
 public:
  struct Capacity {
    std::size_t outbound{};
    std::size_t inbound{};
  };
  SaTable(Capacity capacity, std::pmr::memory_resource& memory);
  ~SaTable();
  SaTable(const SaTable&) = delete;
  SaTable& operator=(const SaTable&) = delete;

  [[nodiscard]] const OutboundSa& outbound(SaSlot slot) const noexcept { return outbound_[slot.value]; }
  [[nodiscard]] OutboundState& outbound_state(SaSlot slot) const noexcept {
    return outbound_states_[slot.value];
  }
  [[nodiscard]] const InboundSa& inbound(SaSlot slot) const noexcept { return inbound_[slot.value]; }
  [[nodiscard]] InboundState& inbound_state(SaSlot slot) const noexcept {
    return inbound_states_[slot.value];
  }
  [[nodiscard]] const SaIndex& index() const noexcept { return index_; }
  [[nodiscard]] Capacity capacity() const noexcept { return {outbound_.size(), inbound_.size()}; }

  // For the control thread, which fills a slot before anything leads to it.
  [[nodiscard]] OutboundSa& writable_outbound(SaSlot slot) noexcept { return outbound_[slot.value]; }
  [[nodiscard]] InboundSa& writable_inbound(SaSlot slot) noexcept { return inbound_[slot.value]; }
  [[nodiscard]] SaIndex& writable_index() noexcept { return index_; }
  [[nodiscard]] std::pmr::memory_resource& memory() noexcept { return memory_; }

 private:
  std::pmr::memory_resource& memory_;
  std::span<OutboundSa> outbound_;
  std::span<OutboundState> outbound_states_;
  std::span<InboundSa> inbound_;
  std::span<InboundState> inbound_states_;
  SaIndex index_;
};

}  // namespace sallyport
