// Standing in for nodes on their home link, between mip6 and the data plane: answers
// NeighbourProxy of mip6/ports.h.
#pragma once

#include "base/clock.h"
#include "dataplane/control_plane.h"
#include "mip6/ports.h"

namespace sallyport {

// Control thread.
class Mip6Neighbours final : public mip6::NeighbourProxy {
 public:
  // Both outlive it.
  Mip6Neighbours(ControlPlane& control, const Clock& clock) : control_(control), clock_(clock) {}

  void detect(PortId link, const Address& address, Detected detected) override;
  void serve(PortId link, const Address& address, Role role) override;
  void stop(PortId link, const Address& address) override;

 private:
  ControlPlane& control_;
  const Clock& clock_;
};

}  // namespace sallyport
