// What routers say of packets in a home tunnel of ours is told to who sent the packet inside (RFC
// 2473 8, RFC 6275 9.3.4; HA-22).
#pragma once

#include "base/clock.h"
#include "base/rate_limit.h"
#include "dataplane/binding_table.h"
#include "dataplane/control_sender.h"
#include "dataplane/delivery.h"

namespace sallyport {

// Control thread.
class TunnelErrors {
 public:
  // References to what outlives it.
  struct Surroundings {
    const BindingTable& bindings;
    ControlSender& sender;
  };
  TunnelErrors(const Surroundings& surroundings, std::uint32_t per_second);

  // True where the error is about a packet of a tunnel that a binding has; told where that is due,
  // and no more often than the rate says.
  [[nodiscard]] bool take(const Delivery& error, Instant now);

 private:
  Surroundings my_;
  RateLimit limit_;
};

}  // namespace sallyport
