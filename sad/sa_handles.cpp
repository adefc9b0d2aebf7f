#include "sad/sa_handles.h"

#include <algorithm>

#include "sad/pmr_array.h"

namespace sallyport {

SaChoice choose_by_dscp(std::span<const SaForClasses> sas) noexcept {
  const auto carries_any = [](const SaForClasses& sa) { return sa.dscp.empty(); };
  auto fallback = std::ranges::find_if(sas, carries_any);
  if (fallback == sas.end()) fallback = sas.begin();
  SaChoice choice;
  for (std::size_t dscp = 0; dscp < choice.by_dscp.size(); ++dscp) {
    const auto named = std::ranges::find_if(
        sas, [dscp](const SaForClasses& sa) { return std::ranges::count(sa.dscp, dscp) != 0; });
    const auto chosen = named != sas.end() ? named : fallback;
    choice.by_dscp[dscp] = chosen != sas.end() ? chosen->slot : kNoSa;
  }
  return choice;
}

SaHandles::SaHandles(std::size_t capacity, std::pmr::memory_resource& memory)
    : memory_(memory), entries_(make_array<Entry>(memory, capacity)) {}

SaHandles::~SaHandles() { free_array(memory_, entries_); }

void SaHandles::assign(SaHandle handle, SaSlot slot) noexcept {
  Entry& entry = entries_[handle.value];
  entry.slot.store(slot.value, std::memory_order_release);
  entry.choice.store(nullptr, std::memory_order_release);
}

void SaHandles::assign(SaHandle handle, const SaChoice* choice) noexcept {
  entries_[handle.value].choice.store(choice, std::memory_order_release);
}

}  // namespace sallyport
