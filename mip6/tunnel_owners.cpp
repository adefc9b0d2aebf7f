#include "mip6/tunnel_owners.h"

namespace sallyport::mip6 {

void TunnelOwners::put(const Address& home_address, const Address& care_of) {
  const auto known = places_.find(home_address);
  if (known != places_.end() && known->second.first == care_of) return;
  erase(home_address);
  const Place place{care_of, ++last_};
  places_.emplace(home_address, place);
  home_addresses_.emplace(place, home_address);
}

void TunnelOwners::erase(const Address& home_address) {
  const auto known = places_.find(home_address);
  if (known == places_.end()) return;
  home_addresses_.erase(known->second);
  places_.erase(known);
}

const BindingEntry* TunnelOwners::owner_of(const OuterHeader& tunnel) const {
  if (tunnel.home_address) return registered(*tunnel.home_address);
  const auto first = home_addresses_.lower_bound({tunnel.source, 0});
  if (first == home_addresses_.end() || first->first.first != tunnel.source) return nullptr;
  return registered(first->second);
}

const BindingEntry* TunnelOwners::registered(const Address& home_address) const {
  const BindingEntry* const entry = cache_.home_registration(home_address);
  return entry != nullptr && entry->valid ? entry : nullptr;
}

}  // namespace sallyport::mip6
