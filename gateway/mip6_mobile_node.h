// Our own mobile node at work: what it tells its home agent, and what comes for it (RFC 6275 11;
// docs/mobility.md).
#pragma once

#include <functional>

#include "dataplane/mobility_service.h"
#include "gateway/config/mobility_config.h"
#include "gateway/mip6_links.h"
#include "mip6/mobile_node.h"

namespace sallyport {

// Control thread.
class Mip6MobileNode {
 public:
  // References to what outlives it.
  struct Surroundings {
    Mip6Links& links;
    Mip6Addresses& addresses;
    mip6::MobileNodeSurroundings node;
  };
  // Refuses what it cannot be without: a home address and a home agent.
  [[nodiscard]] static Expected<std::unique_ptr<Mip6MobileNode>> create(
      const MobileNodeConfig& config, const Surroundings& surroundings);
  // Ends the registration, as long as workers still send what it says of that.
  ~Mip6MobileNode();
  Mip6MobileNode(const Mip6MobileNode&) = delete;
  Mip6MobileNode& operator=(const Mip6MobileNode&) = delete;

  // Goes by what its links say.
  void start();
  // Called when the home agent says that somebody else has the home address, which is not ours from
  // then on; where it is configured on a port, it stays there.
  void on_home_address_lost(std::function<void()> lost) { lost_ = std::move(lost); }
  // Somebody could not read a packet of this host.
  void take(const ParameterProblem& problem);

  [[nodiscard]] mip6::MobileNode& node() noexcept { return node_; }

 private:
  Mip6MobileNode(const MobileNodeConfig& config, const Surroundings& surroundings);

  Surroundings my_;
  PortId home_port_;
  mip6::MobileNode node_;
  std::function<void()> lost_;
};

}  // namespace sallyport
