#include "sad/dscp_maps.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport {

DscpMaps::DscpMaps(SaTable& table) : table_(table), uses_(table.capacity().dscp_maps) {
  Outer identity;
  std::ranges::copy(table.dscp_map(0), identity.begin());
  by_content_.emplace(identity, std::uint16_t{0});
  uses_[0] = 1;
}

Expected<std::uint16_t> DscpMaps::acquire(const DscpRule& rule) {
  std::uint16_t map = 0;
  if (rule.kind != DscpRule::Kind::Copy) {
    Outer outer;
    if (rule.kind == DscpRule::Kind::Fixed) outer.fill(rule.fixed);
    if (rule.kind == DscpRule::Kind::Map) std::ranges::copy(rule.map, outer.begin());
    const auto unused = std::ranges::find(uses_, 0u);
    if (const auto known = by_content_.find(outer); known != by_content_.end()) {
      map = known->second;
    } else if (unused != uses_.end()) {
      map = static_cast<std::uint16_t>(unused - uses_.begin());
      std::ranges::copy(outer, table_.writable_dscp_map(map).begin());
      by_content_.emplace(outer, map);
    } else {
      return fail(Error::Code::Exhausted,
                  fmt::format("there is room for {} different DSCP maps and no more", uses_.size()),
                  "let SAs share their maps");
    }
  }
  ++uses_[map];
  return map;
}

void DscpMaps::release(std::uint16_t map) noexcept {
  if (--uses_[map] != 0) return;
  Outer outer;
  std::ranges::copy(table_.dscp_map(map), outer.begin());
  by_content_.erase(outer);
}

}  // namespace sallyport
