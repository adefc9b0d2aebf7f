// Which of our mobile nodes listen to which multicast groups (RFC 6275 10.4.2; HA-16, HA-18). No
// DPDK here.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "base/types.h"
#include "net/address.h"

namespace sallyport {

// A set that workers read; a change makes another one, which shares what has not changed.
struct GroupListeners {
  using HomeAddresses = std::shared_ptr<const std::vector<Address>>;

  PortId link{kNoPort};                         // the home link, where the groups are heard
  std::map<Address, HomeAddresses> by_group{};  // each home address once

  // Null: nobody.
  [[nodiscard]] const std::vector<Address>* of(const Address& group) const noexcept {
    const auto found = by_group.find(group);
    return found == by_group.end() ? nullptr : found->second.get();
  }
};

}  // namespace sallyport
