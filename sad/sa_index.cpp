#include "sad/sa_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <string>

#include "sad/pmr_array.h"

namespace sallyport {

SaIndex::SaIndex(std::span<const InboundSa> slots, std::size_t capacity,
                 std::pmr::memory_resource& memory)
    : entries_(make_array<std::atomic<Entry>>(
          memory, std::bit_ceil(std::max<std::size_t>(2 * capacity, 8)))),
      slots_(slots),
      mask_(entries_.size() - 1),
      capacity_(capacity),
      memory_(memory) {}

SaIndex::~SaIndex() { free_array(memory_, entries_); }

SaIndex::Entry SaIndex::entry_of(SaSlot slot) const noexcept {
  const InboundSa& sa = slots_[slot.value];
  return Entry{sa.spi.value} << 32 | (Entry{static_cast<std::uint8_t>(sa.lookup)} + 1) << 30 |
         slot.value;
}

std::size_t SaIndex::position_of(SaSlot slot) const noexcept {
  const Entry wanted = entry_of(slot);
  std::size_t i = home(spi_of(wanted));
  while ((entries_[i].load(std::memory_order_relaxed) & ~kAlone) != wanted) i = (i + 1) & mask_;
  return i;
}

Expected<void> SaIndex::add(SaSlot slot) {
  if (used_ == capacity_)
    return fail(Error::Code::Exhausted,
                fmt::format("there is room for {} inbound SAs and no more", capacity_),
                "raise the limit of SAs in [limits]");
  const Entry added = entry_of(slot);
  const InboundSa& sa = slots_[slot.value];
  std::size_t namesakes = 0;
  std::size_t i = home(sa.spi);
  for (;; i = (i + 1) & mask_) {
    const Entry entry = entries_[i].load(std::memory_order_relaxed);
    if (entry == 0) break;
    if (spi_of(entry) != sa.spi) continue;
    if (rank_of(entry) == rank_of(added) && addresses_match(entry, sa.destination, sa.source))
      return fail(
          Error::Code::Exists,
          fmt::format("another inbound SA is already looked up by SPI {:#010x}{}", sa.spi.value,
                      sa.lookup == SaLookup::Spi ? "" : " and the same addresses"),
          "choose another SPI, or a look-up by addresses that differ");
    entries_[i].store(entry & ~kAlone, std::memory_order_release);
    ++namesakes;
  }
  const bool alone = namesakes == 0 && sa.lookup == SaLookup::Spi;
  entries_[i].store(added | (alone ? kAlone : 0), std::memory_order_release);
  ++used_;
  return {};
}

void SaIndex::remove(SaSlot slot) noexcept {
  std::size_t hole = position_of(slot);
  for (std::size_t i = (hole + 1) & mask_;; i = (i + 1) & mask_) {
    const Entry entry = entries_[i].load(std::memory_order_relaxed);
    if (entry == 0) break;
    const std::size_t from_home = (i - home(spi_of(entry))) & mask_;
    const std::size_t from_hole = (i - hole) & mask_;
    if (from_home < from_hole) continue;
    // The entry stands twice until its old place is overwritten; before that, the count tells
    // readers that have passed the hole to search again.
    entries_[hole].store(entry, std::memory_order_release);
    moves_.fetch_add(1, std::memory_order_release);
    hole = i;
  }
  entries_[hole].store(0, std::memory_order_release);
  --used_;
}

void SaIndex::replace(SaSlot from, SaSlot to) noexcept {
  std::atomic<Entry>& entry = entries_[position_of(from)];
  const Entry alone = entry.load(std::memory_order_relaxed) & kAlone;
  entry.store(entry_of(to) | alone, std::memory_order_release);
}

bool SaIndex::contains(Spi spi) const noexcept {
  for (std::size_t i = home(spi);; i = (i + 1) & mask_) {
    const Entry entry = entries_[i].load(std::memory_order_relaxed);
    if (entry == 0) return false;
    if (spi_of(entry) == spi) return true;
  }
}

}  // namespace sallyport
