// Our own mobile node at work: which link it is on, what it tells its home agent, and what comes
// for either (RFC 6275 11; docs/mobility.md).
#pragma once

#include <vector>

#include "base/rate_limit.h"
#include "dataplane/dataplane.h"
#include "gateway/config/mobility_config.h"
#include "gateway/mip6_addresses.h"
#include "gateway/mip6_neighbours.h"
#include "mip6/mobile_node.h"

namespace sallyport {

// Control thread.
class Mip6MobileNode {
 public:
  // References to what outlives it.
  struct Surroundings {
    const Dataplane& dataplane;
    ControlPlane& control;
    Mip6Neighbours& neighbours;
    Mip6Addresses& addresses;
    mip6::MobileNodeSurroundings node;
  };
  // Refuses what it cannot be without yet: a home address and a home agent.
  [[nodiscard]] static Expected<std::unique_ptr<Mip6MobileNode>> create(
      const MobileNodeConfig& config, const Surroundings& surroundings);
  // Ends the registration, as long as workers still send what it says of that; leaves nothing on
  // any link.
  ~Mip6MobileNode();
  Mip6MobileNode(const Mip6MobileNode&) = delete;
  Mip6MobileNode& operator=(const Mip6MobileNode&) = delete;

  // Looks for routers on all links.
  void start();
  // Links that have gone or come.
  void poll(Instant now);
  // Somebody who sees the link itself says that it may be another one now (RFC 6275 11.5.1).
  // NotFound: it is none of the node's.
  [[nodiscard]] Expected<void> link_moved(PortId link);
  void hear(PortId link, const mip6::RouterAdvertisement& advertisement);

  [[nodiscard]] mip6::MobileNode& node() noexcept { return node_; }
  [[nodiscard]] const std::optional<mip6::Attachment>& attachment() const noexcept {
    return movement_.attachment();
  }

 private:
  Mip6MobileNode(const MobileNodeConfig& config, const Surroundings& surroundings);

  struct Link {
    PortId port;
    bool up{};
  };
  Surroundings my_;
  mip6::MobileNode node_;
  mip6::MovementDetection movement_;
  std::vector<Link> links_;
  Instant next_look_{};
  RateLimit advertisements_;  // that are listened to: each may change addresses and routes
};

}  // namespace sallyport
