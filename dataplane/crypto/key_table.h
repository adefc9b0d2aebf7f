// The expanded keys of all SAs: one slot each, of fixed capacity, apart from the SAs themselves.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <memory_resource>
#include <vector>

#include "base/prefetch.h"
#include "base/random.h"
#include "dataplane/crypto/expanded_key.h"
#include "sad/key_store.h"

namespace sallyport {

// install() and retire() belong to the control thread; workers read slots that were published to
// them and are not retired, without locks.
class KeyTable final : public KeyStore {
 public:
  // `memory` gives one block of about 1.1 KiB a slot and must outlive the table.
  [[nodiscard]] static Expected<std::unique_ptr<KeyTable>> create(std::size_t capacity,
                                                                  std::pmr::memory_resource& memory,
                                                                  Random& random);
  ~KeyTable() override;
  KeyTable(const KeyTable&) = delete;
  KeyTable& operator=(const KeyTable&) = delete;

  // Refuses wrong lengths, weak keys, pairs that may not stand together, and a full table.
  [[nodiscard]] Expected<KeySlot> install(const KeyMaterial& keys) override;
  void retire(KeySlot slot) noexcept override;

  [[nodiscard]] const ExpandedKey& at(KeySlot slot) const noexcept { return slots_[slot.value]; }
  // Fetches the lines that a packet with this much text will read; `transform` is the slot's.
  void prefetch(KeySlot slot, Transform transform, std::uint32_t text_bytes) const noexcept;
  [[nodiscard]] std::size_t in_use() const noexcept { return fresh_ - free_.size(); }

 private:
  // Which lines a packet reads: the first ones, and of the GCM tables one hash key power a block,
  // counted back from their end.
  struct Footprint {
    std::uint8_t first_lines;
    std::uint8_t bytes_per_block;
  };

  KeyTable(std::size_t capacity, std::pmr::memory_resource& memory, Random& random,
           IpsecMb instance);
  [[nodiscard]] Footprint footprint(Transform transform) const noexcept;

  std::pmr::memory_resource& memory_;
  Random& random_;
  IpsecMb instance_;
  std::size_t capacity_;
  ExpandedKey* slots_;
  std::array<std::array<Footprint, kIntegrityCount>, kCipherCount> footprints_;
  std::size_t fresh_{};  // slots from here on were never used
  std::pmr::vector<std::uint32_t> free_;
};

inline void KeyTable::prefetch(KeySlot slot, Transform transform,
                               std::uint32_t text_bytes) const noexcept {
  constexpr std::uint32_t kPowers = 48;
  constexpr std::size_t kRoundKeyLines = 3;  // of AES-128, the fewest
  const Footprint lines = footprints_[static_cast<std::size_t>(transform.cipher)]
                                     [static_cast<std::size_t>(transform.integrity)];
  const auto* const key = reinterpret_cast<const std::uint8_t*>(slots_ + slot.value);
  for (std::size_t line = 0; line < kRoundKeyLines; ++line)
    prefetch_far_line(key + line * kCacheLine);
  for (std::size_t line = kRoundKeyLines; line < lines.first_lines; ++line) [[unlikely]]
    prefetch_far_line(key + line * kCacheLine);
  // Of the hash keys one power a block, and one each for the associated data and the lengths. The
  // last line, with the first powers, is everyone's.
  const std::uint32_t blocks = std::min(text_bytes / 16 + 3, kPowers);
  const std::uint8_t* line = key + kGcmTableBytes / kCacheLine * kCacheLine;
  const std::uint8_t* const first = key + kGcmTableBytes - blocks * lines.bytes_per_block;
  do {
    prefetch_far_line(line);
    line -= kCacheLine;
  } while (line + kCacheLine > first);
}

}  // namespace sallyport
