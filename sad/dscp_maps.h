// Gives out the DSCP maps of a slot table: equal maps are one, unused ones are used again (TUN-04).
#pragma once

#include <array>
#include <map>
#include <vector>

#include "base/error.h"
#include "sad/sa_table.h"
#include "spd/policy.h"

namespace sallyport {

// Control thread only.
class DscpMaps {
 public:
  explicit DscpMaps(SaTable& table);

  // The map that does what the rule says; refuses where the table is full.
  [[nodiscard]] Expected<std::uint16_t> acquire(const DscpRule& rule);
  // Once for each acquire, when no worker can read the map through that SA any more.
  void release(std::uint16_t map) noexcept;

 private:
  using Outer = std::array<std::uint8_t, 64>;
  SaTable& table_;
  std::map<Outer, std::uint16_t> by_content_;
  std::vector<std::uint32_t> uses_;  // by map
};

}  // namespace sallyport
