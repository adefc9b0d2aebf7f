// The links of our own mobile node: which are up, what routers say there, and where the node is by
// that (RFC 6275 11.5.1).
#pragma once

#include <vector>

#include "base/rate_limit.h"
#include "dataplane/control_plane.h"
#include "dataplane/dataplane.h"
#include "gateway/config/mobility_config.h"
#include "gateway/mip6_addresses.h"
#include "gateway/mip6_neighbours.h"
#include "mip6/movement_detection.h"

namespace sallyport {

// Control thread.
class Mip6Links final : private mip6::MovementListener {
 public:
  // References to what outlives it.
  struct Surroundings {
    const Dataplane& dataplane;
    ControlPlane& control;
    Mip6Neighbours& neighbours;
    Mip6Addresses& addresses;
    const Clock& clock;
    Timers& timers;
    Random& random;
  };
  Mip6Links(const MobileNodeConfig& config, const Surroundings& surroundings);
  // Leaves nothing on any link.
  ~Mip6Links() override;
  Mip6Links(const Mip6Links&) = delete;
  Mip6Links& operator=(const Mip6Links&) = delete;

  // Who hears from now on where the node is, instead of another one, and at once if it is
  // somewhere. Once is enough.
  void tell(mip6::MovementListener& listener);
  void leave(const mip6::MovementListener& listener);
  // Links that have gone or come.
  void poll(Instant now);
  // Somebody who sees the link itself says that it may be another one now (RFC 6275 11.5.1).
  // NotFound: it is none of the node's.
  [[nodiscard]] Expected<void> link_moved(PortId link);
  void hear(PortId link, const mip6::RouterAdvertisement& advertisement);
  // What is home; empty: nobody knows yet.
  void set_home(std::vector<Prefix> prefixes) { movement_.set_home_prefixes(std::move(prefixes)); }

  [[nodiscard]] const std::optional<mip6::Attachment>& attachment() const noexcept {
    return movement_.attachment();
  }

 private:
  void arriving(const mip6::Attachment& attachment) override;
  void attached(const mip6::Attachment& attachment) override;
  void detached() override;

  struct Link {
    PortId port;
    bool up{};
    RateLimit advertisements;  // that are listened to: each may change addresses and routes
  };
  Surroundings my_;
  mip6::MovementListener* listener_{};
  mip6::MovementDetection movement_;
  std::vector<Link> links_;
  Instant next_look_{};
};

}  // namespace sallyport
