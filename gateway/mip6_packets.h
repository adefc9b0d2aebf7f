// Mobility messages and bindings between mip6 and the data plane: answers PacketSender and
// BindingTable of mip6/ports.h.
#pragma once

#include <functional>

#include "dataplane/binding_table.h"
#include "dataplane/control_plane.h"
#include "mip6/ports.h"

namespace sallyport {

// Control thread.
class Mip6Packets final : public mip6::PacketSender, public mip6::BindingTable {
 public:
  // All outlive it.
  Mip6Packets(ControlPlane& control, sallyport::BindingTable& bindings, const Clock& clock)
      : control_(control), bindings_(bindings), clock_(clock) {}

  void send(const mip6::Departure& departure, ByteView octets) override;

  [[nodiscard]] Expected<void> set(const mip6::BindingTable::Binding& binding) override;
  void remove(mip6::BindingUse use, const Address& home_address,
              const std::optional<Address>& peer) override;
  [[nodiscard]] bool used(mip6::BindingUse use, const Address& home_address,
                          const std::optional<Address>& peer) override;

  // A binding of our own with such an address is its home registration.
  using IsHomeAgent = std::function<bool(const Address&)>;
  void tell_home_agents(IsHomeAgent is_home_agent) { is_home_agent_ = std::move(is_home_agent); }

 private:
  [[nodiscard]] BindingUse use_of(mip6::BindingUse use, const std::optional<Address>& peer) const;

  ControlPlane& control_;
  sallyport::BindingTable& bindings_;
  const Clock& clock_;
  IsHomeAgent is_home_agent_;
};

// How a message came, as mip6 asks.
[[nodiscard]] mip6::Arrival arrival_of(const MobilityMessage& message);
[[nodiscard]] mip6::Arrival arrival_of(const UnknownBinding& packet);

}  // namespace sallyport
