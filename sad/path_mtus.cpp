#include "sad/path_mtus.h"

#include <algorithm>

namespace sallyport {

PathMtus::PathMtus(SaTable& table) : table_(table), link_mtus_(table.capacity().outbound) {}

std::uint32_t PathMtus::index(SaSlot slot) const noexcept {
  return slot.value % static_cast<std::uint32_t>(link_mtus_.size());
}

PathMtu PathMtus::of(SaSlot slot) const {
  const std::uint32_t sa = index(slot);
  const auto found = learnt_.find(sa);
  if (found == learnt_.end()) return {link_mtus_[sa], std::nullopt};
  return {found->second.octets, found->second.at};
}

void PathMtus::publish(std::uint32_t sa) noexcept {
  const auto found = learnt_.find(sa);
  table_.set_path_mtu(SaSlot{sa}, found == learnt_.end() ? link_mtus_[sa] : found->second.octets);
}

void PathMtus::start(SaSlot slot, std::uint16_t link_mtu) {
  learnt_.erase(index(slot));
  link_mtus_[index(slot)] = link_mtu;
  publish(index(slot));
}

void PathMtus::set_link_mtu(SaSlot slot, std::uint16_t link_mtu) {
  const std::uint32_t sa = index(slot);
  link_mtus_[sa] = link_mtu;
  const auto found = learnt_.find(sa);
  if (found != learnt_.end() && found->second.octets >= link_mtu) learnt_.erase(found);
  publish(sa);
}

void PathMtus::forget(SaSlot slot) noexcept { learnt_.erase(index(slot)); }

bool PathMtus::lower(SaSlot slot, std::uint16_t octets, Instant now) {
  if (octets >= of(slot).octets) return false;
  learnt_.insert_or_assign(index(slot), Learnt{octets, now});
  publish(index(slot));
  return true;
}

void PathMtus::age(Instant now, Duration lifetime) {
  for (auto entry = learnt_.begin(); entry != learnt_.end();) {
    if (now - entry->second.at < lifetime) {
      ++entry;
      continue;
    }
    const std::uint32_t sa = entry->first;
    entry = learnt_.erase(entry);
    publish(sa);
  }
}

}  // namespace sallyport
