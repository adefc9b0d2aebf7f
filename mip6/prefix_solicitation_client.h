// Mobile prefix discovery on the mobile node's side (RFC 6275 11.4.2, 11.4.3; MPD-03..05).
#pragma once

#include "mip6/home_agent_discovery.h"
#include "mip6/mobile_node_registration.h"

namespace sallyport::mip6 {

class PrefixSolicitationClient {
 public:
  using Advertised = std::function<void(const MobilePrefixAdvertisement&)>;

  // The first three are to outlive it. `advertised` hears of those that were asked for.
  PrefixSolicitationClient(const MobileNodeSurroundings& surroundings,
                           const MobileNodeSettings& settings, MobileNodeRegistration& registration,
                           Advertised advertised);

  // Until it is answered; without effect while that lasts or where we are not registered.
  void solicit();
  void stop();
  // Before the home address becomes invalid then.
  void solicit_before(Instant end);
  // The same, unless it is about to, or does already.
  void resume_before(Instant end) {
    if (!due_.is_set() && !retry_.active()) solicit_before(end);
  }
  void receive(const Arrival& arrival, const MobilePrefixAdvertisement& advertisement);

 private:
  void send();

  const MobileNodeSurroundings& around_;
  const MobileNodeSettings& settings_;
  MobileNodeRegistration& registration_;
  Advertised advertised_;
  std::uint16_t identifier_{};
  Retransmission retry_;
  Alarm due_;
};

}  // namespace sallyport::mip6
