#include "gateway/mip6_groups.h"

namespace sallyport {

void Mip6Groups::set_link(PortId link) {
  if (std::exchange(told_.link, link) == link) return;
  for (const auto& [group, nodes] : listeners_) changed_.insert(group);
}

Expected<void> Mip6Groups::join(const Address& group, const Address& home_address) {
  if (listeners_[group].insert(home_address).second) changed_.insert(group);
  return {};
}

void Mip6Groups::leave(const Address& group, const Address& home_address) {
  const auto found = listeners_.find(group);
  if (found == listeners_.end() || found->second.erase(home_address) == 0) return;
  if (found->second.empty()) listeners_.erase(found);
  changed_.insert(group);
}

void Mip6Groups::poll() {
  const Instant now = clock_.now();
  if (changed_.empty() || now < next_) return;
  next_ = now + kPace;
  for (const Address& group : changed_) {
    const auto found = listeners_.find(group);
    if (found == listeners_.end())
      told_.by_group.erase(group);
    else
      told_.by_group[group] =
          std::make_shared<const std::vector<Address>>(found->second.begin(), found->second.end());
  }
  changed_.clear();
  dataplane_.set_listeners(told_.by_group.empty() ? nullptr
                                                  : std::make_shared<const GroupListeners>(told_));
}

}  // namespace sallyport
