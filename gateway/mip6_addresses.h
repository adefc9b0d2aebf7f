// Addresses and routers that our mobile node has from the links that it visits: answers
// AddressSetup of mip6/ports.h. What becomes of them as routes is gateway/routing_plan's.
#pragma once

#include <functional>

#include "dataplane/dataplane.h"
#include "gateway/routing_plan.h"
#include "mip6/ports.h"

namespace sallyport {

// Control thread.
class Mip6Addresses final : public mip6::AddressSetup {
 public:
  // `changed` comes after each change; the data plane outlives it.
  Mip6Addresses(const Dataplane& dataplane, std::function<void()> changed)
      : dataplane_(dataplane), changed_(std::move(changed)) {}

  void add(PortId link, const Prefix& address) override;
  void remove(PortId link, const Address& address) override;
  void set_router(PortId link, const std::optional<Address>& router) override;
  [[nodiscard]] std::array<std::uint8_t, 8> interface_identifier(PortId link) const override;

  // The home address is ours on this link wherever we are; nullopt: there is none.
  void set_home_address(PortId link, const std::optional<Address>& home_address);
  // Nothing is left of any link.
  void clear();

  [[nodiscard]] const VisitedLinks& links() const noexcept { return links_; }

 private:
  const Dataplane& dataplane_;
  std::function<void()> changed_;
  VisitedLinks links_;
};

}  // namespace sallyport
