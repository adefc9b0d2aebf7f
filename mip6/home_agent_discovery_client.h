// Dynamic home agent address discovery on the mobile node's side (RFC 6275 11.4.1; DHAAD-05).
#pragma once

#include "mip6/home_agent_discovery.h"
#include "mip6/mobile_node_settings.h"
#include "mip6/retransmission.h"

namespace sallyport::mip6 {

class HomeAgentDiscoveryClient {
 public:
  // Home agents in their order of preference; none where nobody has answered.
  using Found = std::function<void(std::vector<Address>)>;

  // Both references are to outlive it.
  HomeAgentDiscoveryClient(const MobileNodeSurroundings& surroundings,
                           const MobileNodeSettings& settings, Found found);

  // Asks from there, even where it has asked from elsewhere already; without effect while it waits
  // for an answer there.
  void start(const Address& care_of);
  void stop() { retry_.stop(); }
  void receive(const Arrival& arrival, const HomeAgentDiscoveryReply& reply);

 private:
  void send();

  const MobileNodeSurroundings& around_;
  const MobileNodeSettings& settings_;
  Found found_;
  Address care_of_{Address::any(Family::V6)};
  std::uint16_t identifier_{};
  Retransmission retry_;
};

}  // namespace sallyport::mip6
