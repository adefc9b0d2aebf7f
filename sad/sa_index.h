// Inbound look-up by SPI with the longest match of RFC 4301 4.1: SPI + destination + source, then
// SPI + destination, then SPI alone (SAD-04). One writer, any number of readers, no locks.
#pragma once

#include <atomic>
#include <memory_resource>
#include <span>

#include "base/error.h"
#include "base/prefetch.h"
#include "sad/inbound_sa.h"

namespace sallyport {

class SaIndex {
 public:
  // Room for `capacity` SAs whose facts stand in `slots`, fewer than 2^29; the table is at most
  // half full.
  SaIndex(std::span<const InboundSa> slots, std::size_t capacity,
          std::pmr::memory_resource& memory);
  ~SaIndex();
  SaIndex(const SaIndex&) = delete;
  SaIndex& operator=(const SaIndex&) = delete;

  // Control thread. The slot must be filled before it is added; refuses a second SA with the same
  // look-up key.
  [[nodiscard]] Expected<void> add(SaSlot slot);
  void remove(SaSlot slot) noexcept;
  // Control thread. `to`, filled and of the same SPI and look-up, takes the place of `from` at
  // once.
  void replace(SaSlot from, SaSlot to) noexcept;
  // Control thread. True where any SA has this SPI, whatever else it is looked up by (SAD-03).
  [[nodiscard]] bool contains(Spi spi) const noexcept;

  // Workers. The best match, or kNoSa.
  [[nodiscard]] SaSlot find(Spi spi, const Address& destination,
                            const Address& source) const noexcept {
    for (;;) {
      const std::uint32_t before = moves_.load(std::memory_order_acquire);
      const SaSlot found = search(spi, destination, source);
      // Where the writer moved entries meanwhile, one may have been behind us.
      if (moves_.load(std::memory_order_relaxed) == before) [[likely]]
        return found;
    }
  }
  // The SA that is known to have this SPI alone, whatever the addresses. kNoSa: find() is to be
  // asked.
  [[nodiscard]] SaSlot find_alone(Spi spi) const noexcept {
    for (std::size_t i = home(spi);; i = (i + 1) & mask_) {
      const Entry entry = entries_[i].load(std::memory_order_acquire);
      if (entry == 0) return kNoSa;
      if (spi_of(entry) == spi) return (entry & kAlone) != 0 ? slot_of(entry) : kNoSa;
    }
  }
  // Fetches the line where the search for `spi` begins.
  void prefetch(Spi spi) const noexcept { prefetch_line(&entries_[home(spi)]); }

 private:
  // SPI in bits 32 to 63, how specific the look-up is (1 to 3) in 30 and 31, the slot in 0 to 28; 0
  // is empty. No empty entry stands between an entry and its home.
  using Entry = std::uint64_t;
  // Looked up by SPI alone, and no other SA has the SPI: the search may stop here.
  static constexpr Entry kAlone = 1ull << 29;
  static constexpr Entry kSlotMask = kAlone - 1;
  [[nodiscard]] static Spi spi_of(Entry entry) noexcept {
    return Spi{static_cast<std::uint32_t>(entry >> 32)};
  }
  [[nodiscard]] static unsigned rank_of(Entry entry) noexcept { return entry >> 30 & 3; }
  [[nodiscard]] static SaSlot slot_of(Entry entry) noexcept {
    return SaSlot{static_cast<std::uint32_t>(entry & kSlotMask)};
  }
  [[nodiscard]] Entry entry_of(SaSlot slot) const noexcept;
  [[nodiscard]] std::size_t home(Spi spi) const noexcept {
    return (spi.value * 0x9e3779b97f4a7c15ull >> 32) & mask_;
  }
  [[nodiscard]] std::size_t position_of(SaSlot slot) const noexcept;

  [[nodiscard]] bool addresses_match(Entry entry, const Address& destination,
                                     const Address& source) const noexcept {
    const InboundSa& sa = slots_[slot_of(entry).value];
    return rank_of(entry) == 1 ||
           (sa.destination == destination && (rank_of(entry) == 2 || sa.source == source));
  }
  [[nodiscard]] SaSlot search(Spi spi, const Address& destination,
                              const Address& source) const noexcept {
    SaSlot best = kNoSa;
    unsigned best_rank = 0;
    for (std::size_t i = home(spi);; i = (i + 1) & mask_) {
      const Entry entry = entries_[i].load(std::memory_order_acquire);
      if (entry == 0) return best;
      if (spi_of(entry) != spi) continue;
      if ((entry & kAlone) != 0) [[likely]]
        return slot_of(entry);
      if (rank_of(entry) <= best_rank || !addresses_match(entry, destination, source)) continue;
      best = slot_of(entry);
      best_rank = rank_of(entry);
    }
  }

  std::span<std::atomic<Entry>> entries_;
  std::span<const InboundSa> slots_;
  std::size_t mask_{};
  std::atomic<std::uint32_t> moves_{};
  std::size_t used_{};
  std::size_t capacity_{};
  std::pmr::memory_resource& memory_;
};

}  // namespace sallyport
