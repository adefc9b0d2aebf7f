#include "sad/sa_room.h"

#include <new>
#include <numeric>

#include "sad/compile_sa.h"
#include "sad/pmr_array.h"
#include "sad/replay_window.h"

namespace sallyport {

SaRoom::SaRoom(SaTable& table, KeyStore& keys) : table_(table), keys_(keys), dscp_maps_(table) {
  const SaTable::Capacity capacity = table.capacity();
  for (const auto& [direction, count] : {std::pair{Direction::Outbound, capacity.outbound},
                                         std::pair{Direction::Inbound, capacity.inbound}}) {
    std::vector<std::uint32_t>& free = free_[static_cast<std::size_t>(direction)];
    free.resize(count);
    std::iota(free.rbegin(), free.rend(), 0u);
  }
}

Expected<SaHolding> SaRoom::take(const Sa& sa) {
  SaHolding holding;
  auto taken = take(sa, holding);
  if (taken) return holding;
  give_back(holding);
  return std::unexpected(std::move(taken).error());
}

// On failure `holding` says what was taken so far.
Expected<void> SaRoom::take(const Sa& sa, SaHolding& holding) {
  std::vector<std::uint32_t>& free = free_[static_cast<std::size_t>(sa.direction)];
  if (free.empty())
    return fail(Error::Code::Exhausted, "every slot for SAs is taken, or still read by workers",
                "raise the limit of SAs in [limits], or change fewer at once");
  holding.direction = sa.direction;
  holding.slot = SaSlot{free.back()};
  free.pop_back();
  const auto key =
      keys_.install({sa.transform, sa.cipher_key.view(), sa.salt.view(), sa.integrity_key.view()});
  if (!key) return std::unexpected(key.error());
  holding.key = *key;
  if (sa.direction == Direction::Inbound) return take_arrays(sa, holding);
  const auto map = dscp_maps_.acquire(sa.header.dscp);
  if (!map) return std::unexpected(map.error());
  holding.dscp_map = *map;
  return {};
}

Expected<void> SaRoom::take_arrays(const Sa& sa, SaHolding& holding) {
  const std::size_t rows = compile_selectors(sa.selectors).size();
  const std::size_t words = replay_words(sa.replay_window);
  try {
    if (rows > table_.nearby_selectors(holding.slot).size())
      holding.selectors = make_array<CompiledSelector>(table_.memory(), rows);
    if (words > table_.nearby_bitmap(holding.slot).size())
      holding.bitmap = make_array<std::uint64_t>(table_.memory(), words);
  } catch (const std::bad_alloc&) {
    return fail(Error::Code::Exhausted, "no memory is left for selectors and replay windows",
                "raise the limit of SAs in [limits], or use smaller windows");
  }
  return {};
}

void SaRoom::give_back(const SaHolding& holding) noexcept {
  if (holding.key != kNoKey) keys_.retire(holding.key);
  if (holding.dscp_map) dscp_maps_.release(*holding.dscp_map);
  free_array(table_.memory(), holding.selectors);
  free_array(table_.memory(), holding.bitmap);
  if (holding.slot != kNoSa)
    free_[static_cast<std::size_t>(holding.direction)].push_back(holding.slot.value);
}

}  // namespace sallyport
