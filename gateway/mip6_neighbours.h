// Neighbour discovery between mip6 and the data plane: answers NeighbourProxy and
// NeighbourDiscovery of mip6/ports.h.
#pragma once

#include <map>

#include "base/timer_wheel.h"
#include "dataplane/control_plane.h"
#include "dataplane/dataplane.h"
#include "mip6/ports.h"

namespace sallyport {

// Control thread.
class Mip6Neighbours final : public mip6::NeighbourProxy, public mip6::NeighbourDiscovery {
 public:
  // All outlive it.
  Mip6Neighbours(ControlPlane& control, const Dataplane& dataplane, TimerWheel& timers,
                 const Clock& clock)
      : control_(control), dataplane_(dataplane), timers_(timers), clock_(clock) {}

  void detect(PortId link, const Address& address, Detected detected) override;
  void serve(PortId link, const Address& address, Role role) override;
  void stop(PortId link, const Address& address) override;

  // Three times, until heard() (RFC 4861 6.3.7).
  void solicit(PortId link) override;
  void probe(PortId link, const Address& router, Probed probed) override;
  void find_defender(PortId link, const Address& address, Found found) override;
  void announce(PortId link, const Address& address) override;

  // A router of the link has spoken: none needs to be asked for.
  void heard(PortId link);

 private:
  struct Soliciting {
    unsigned left{};
    TimerId timer{kNoTimer};
  };
  void send_solicitation(PortId link);

  ControlPlane& control_;
  const Dataplane& dataplane_;
  TimerWheel& timers_;
  const Clock& clock_;
  std::map<PortId, Soliciting> soliciting_;
};

}  // namespace sallyport
