// Inbound look-up by SPI with the longest match of RFC 4301 4.1: SPI + destination + source, then
// SPI + destination, then SPI alone (SAD-04). One writer, any number of readers, no locks.
#pragma once

#include <atomic>
#include <memory_resource>
#include <span>

#include "base/error.h"
#include "sad/inbound_sa.h"

namespace sallyport {

class SaIndex {
 public:
  // Room for `capacity` SAs whose facts stand in `slots`; the table is at most half full.
  SaIndex(std::span<const InboundSa> slots, std::size_t capacity,
          std::pmr::memory_resource& memory);
  ~SaIndex();
  SaIndex(const SaIndex&) = delete;
  SaIndex& operator=(const SaIndex&) = delete;

  // Control thread. The slot must be filled before it is added; refuses a second SA with the same
  // look-up key.
  [[nodiscard]] Expected<void> add(SaSlot slot);
  void remove(SaSlot slot) noexcept;

  // Workers. The best match, or kNoSa.
  [[nodiscard]] SaSlot find(Spi spi, const Address& destination,
                            const Address& source) const noexcept;
  // Fetches the line where the search for `spi` begins.
  void prefetch(Spi spi) const noexcept;

 private:
  // SPI in the high half, slot + 2 in the low half; 0 empty, 1 removed.
  std::span<std::atomic<std::uint64_t>> entries_;
  std::span<const InboundSa> slots_;
  std::size_t mask_{};
  std::size_t used_{};
  std::pmr::memory_resource& memory_;
};

}  // namespace sallyport
