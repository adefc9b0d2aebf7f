#include "mip6/link_local_holders.h"

#include <algorithm>

#include "mip6/unicast.h"

namespace sallyport::mip6 {

void LinkLocalHolders::hold(const Address& home_address) {
  std::vector<Address>& all = holders_[link_local_of(home_address)];
  if (std::ranges::find(all, home_address) == all.end()) all.push_back(home_address);
}

void LinkLocalHolders::release(const Address& home_address) {
  const auto found = holders_.find(link_local_of(home_address));
  if (found == holders_.end()) return;
  std::erase(found->second, home_address);
  if (found->second.empty()) holders_.erase(found);
}

std::span<const Address> LinkLocalHolders::holders_of(const Address& link_local) const {
  const auto found = holders_.find(link_local);
  if (found == holders_.end()) return {};
  return found->second;
}

}  // namespace sallyport::mip6
