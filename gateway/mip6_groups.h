// Which nodes listen to which groups, told to workers: answers MulticastForwarding of mip6/ports.h.
#pragma once

#include <map>
#include <set>

#include "base/clock.h"
#include "dataplane/dataplane.h"
#include "mip6/ports.h"

namespace sallyport {

// Control thread.
class Mip6Groups final : public mip6::MulticastForwarding {
 public:
  // Both outlive it.
  Mip6Groups(Dataplane& dataplane, const Clock& clock) : dataplane_(dataplane), clock_(clock) {}

  // The home link, where groups are heard.
  void set_link(PortId link);
  [[nodiscard]] Expected<void> join(const Address& group, const Address& home_address) override;
  void leave(const Address& group, const Address& home_address) override;
  // Workers hear of what has changed, but not more often than every kPace: it costs as much as
  // there are groups, and as those that have changed have listeners.
  void poll();

  static constexpr Duration kPace = std::chrono::milliseconds(50);

 private:
  Dataplane& dataplane_;
  const Clock& clock_;
  std::map<Address, std::set<Address>> listeners_;  // by group, none of which is empty
  std::set<Address> changed_;                       // groups that workers know otherwise
  GroupListeners told_;
  Instant next_{};
};

}  // namespace sallyport
