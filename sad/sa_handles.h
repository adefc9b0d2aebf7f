// How a policy reaches its outbound SAs: a handle per policy, behind which a rekey swaps the SA
// and DSCP classes choose among equal ones (SAD-09, SAD-14, ARCH-05).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory_resource>
#include <span>

#include "base/prefetch.h"
#include "base/types.h"

namespace sallyport {

using SaHandle = Strong<struct SaHandleTag, std::uint32_t>;
// What has asked for SAs of its own and has none yet.
inline constexpr SaHandle kNoHandle{0xffffffff};

// The outbound SAs of one handle, chosen by DSCP.
struct SaChoice {
  std::array<SaSlot, 64> by_dscp;
};

// An outbound SA of a policy and the classes that it carries; none named: any.
struct SaForClasses {
  SaSlot slot;
  std::span<const std::uint8_t> dscp;
};
// For each class the first SA that names it, else the first that carries any, else the first of
// all: DSCP steers among equal SAs and denies nothing (ARCH-05, SAD-09). kNoSa where there is none.
[[nodiscard]] SaChoice choose_by_dscp(std::span<const SaForClasses> sas) noexcept;

class SaHandles {
 public:
  SaHandles(std::size_t capacity, std::pmr::memory_resource& memory);
  ~SaHandles();
  SaHandles(const SaHandles&) = delete;
  SaHandles& operator=(const SaHandles&) = delete;

  // What is behind a handle, for as long as a worker's turn lasts.
  class Sas {
   public:
    // kNoSa where there is no SA behind the handle, or no handle.
    [[nodiscard]] SaSlot of(std::uint8_t dscp) const noexcept {
      if (by_class_ != nullptr) [[unlikely]]
        return by_class_->by_dscp[dscp & 63u];
      return slot_;
    }

   private:
    friend SaHandles;
    const SaChoice* by_class_{};
    SaSlot slot_{kNoSa};
  };

  // Workers.
  [[nodiscard]] Sas behind(SaHandle handle) const noexcept {
    Sas found;
    if (handle == kNoHandle) [[unlikely]]
      return found;
    const Entry& entry = entries_[handle.value];
    found.by_class_ = entry.choice.load(std::memory_order_acquire);
    if (found.by_class_ == nullptr) [[likely]]
      found.slot_ = SaSlot{entry.slot.load(std::memory_order_acquire)};
    return found;
  }
  [[nodiscard]] SaSlot choose(SaHandle handle, std::uint8_t dscp) const noexcept {
    return behind(handle).of(dscp);
  }

  // Fetches what choose() reads.
  void prefetch(SaHandle handle) const noexcept {
    if (handle != kNoHandle) prefetch_line(&entries_[handle.value]);
  }

  // Control thread. One SA for every class; kNoSa empties the handle.
  void assign(SaHandle handle, SaSlot slot) noexcept;
  // Control thread. The caller keeps `choice` alive until it has been unread.
  void assign(SaHandle handle, const SaChoice* choice) noexcept;

 private:
  struct Entry {
    std::atomic<const SaChoice*> choice{};
    std::atomic<std::uint32_t> slot{kNoSa.value};
  };
  std::pmr::memory_resource& memory_;
  std::span<Entry> entries_;
};

}  // namespace sallyport
