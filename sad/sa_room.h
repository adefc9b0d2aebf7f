// What an SA occupies in the tables that workers read: a slot, its keys, a DSCP map, arrays. Takes
// all of it or nothing.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "sad/dscp_maps.h"
#include "sad/key_store.h"
#include "sad/sa.h"
#include "sad/sa_table.h"

namespace sallyport {

struct SaHolding {
  Direction direction{};
  SaSlot slot{kNoSa};  // first edition
  KeySlot key{kNoKey};
  std::optional<std::uint16_t> dscp_map;
  std::span<CompiledSelector> selectors;  // where they do not fit nearby
  std::span<std::uint64_t> bitmap;        // likewise
};

// Control thread only.
class SaRoom {
 public:
  // Both outlive it.
  SaRoom(SaTable& table, KeyStore& keys);

  // `sa` has passed validate(). Refuses where slots, key slots, DSCP maps or memory run out.
  [[nodiscard]] Expected<SaHolding> take(const Sa& sa);
  // No worker reads any of it any more.
  void give_back(const SaHolding& holding) noexcept;

 private:
  [[nodiscard]] Expected<void> take(const Sa& sa, SaHolding& holding);
  [[nodiscard]] Expected<void> take_arrays(const Sa& sa, SaHolding& holding);

  SaTable& table_;
  KeyStore& keys_;
  DscpMaps dscp_maps_;
  std::array<std::vector<std::uint32_t>, 2> free_;  // by direction; the next one at the end
};

}  // namespace sallyport
