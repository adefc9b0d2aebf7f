// The roles of Mobile IPv6 that the configuration has: correspondent, home agent and mobile node,
// each fed with what comes for it.
#pragma once

#include <functional>
#include <memory>

#include "base/random.h"
#include "base/timer_wheel.h"
#include "dataplane/dataplane.h"
#include "gateway/config/configuration.h"
#include "gateway/mip6_addresses.h"
#include "gateway/mip6_bootstrap.h"
#include "gateway/mip6_dhcp_server.h"
#include "gateway/mip6_groups.h"
#include "gateway/mip6_mobile_node.h"
#include "gateway/mip6_neighbours.h"
#include "gateway/mip6_packets.h"
#include "gateway/mip6_service.h"
#include "mip6/correspondent.h"
#include "mip6/home_agent_service.h"
#include "mip6/mobility_input.h"

namespace sallyport {

// Control thread.
class Mip6Roles {
 public:
  // References to what outlives it.
  struct Surroundings {
    ControlPlane& control;
    Dataplane& dataplane;
    Mip6Service& service;
    const Clock& clock;
    Random& random;
    ike::Daemon& ike;
    std::function<void()> links_changed;  // visited() is another
    std::function<void()> home_changed;   // learned_home() is
  };
  explicit Mip6Roles(const Surroundings& surroundings);
  ~Mip6Roles();

  // The roles that `configuration` has from now on. Those whose part of it is as it was go on, with
  // their bindings; an error says why one of them is not there.
  [[nodiscard]] Expected<void> configure(const Configuration& configuration);
  void poll();
  // Begins to end the registration of our mobile node, and says that we are no router any more;
  // poll() on while it is false. What protects registrations has to stay as long.
  [[nodiscard]] bool say_goodbye();
  // Our mobile node has had a packet of this correspondent by its home agent.
  void reached_by_tunnel(const Address& peer);

  [[nodiscard]] const mip6::BindingCache& cache() const noexcept { return cache_; }
  // We are a home agent at work.
  [[nodiscard]] bool serves() const noexcept { return home_agent_ != nullptr; }
  // Null where we are none.
  [[nodiscard]] Mip6MobileNode* mobile_node() const noexcept { return mobile_node_.get(); }
  [[nodiscard]] Mip6Links* links() const noexcept { return links_.get(); }
  // What our mobile node has found out of its home (RFC 5026).
  [[nodiscard]] std::optional<LearnedHome> learned_home() const;
  // An IKE SA has come up or gone.
  void on_ike(const ike::Event& event);
  [[nodiscard]] const VisitedLinks& visited() const noexcept { return addresses_.links(); }

 private:
  void start_correspondent(const Configuration& configuration);
  [[nodiscard]] Expected<void> start_home_agent(const Configuration& configuration);
  [[nodiscard]] Expected<void> make_home_agent(mip6::HomeAgentService::Config config);
  void end_home_agent();
  [[nodiscard]] Expected<void> start_mobile_node(const Configuration& configuration);
  void start_links();
  [[nodiscard]] mip6::MobilityInput::Roles roles();
  void receive(const MobilityMessage& message);
  void take_answer(const mip6::Arrival& arrival, ByteView udp);
  // Of a router or of who looks for one.
  void hear(const MobilityMessage& message);

  Surroundings my_;
  TimerWheel timers_;
  mip6::BindingCache cache_;
  Mip6Packets packets_;
  Mip6Neighbours neighbours_;
  Mip6Groups groups_;
  Mip6DhcpServer dhcp_server_;
  Mip6Addresses addresses_;
  mip6::HomeAgentService::Config home_agent_config_;  // of what there is
  std::unique_ptr<mip6::Correspondent> correspondent_;
  std::unique_ptr<mip6::HomeAgentService> home_agent_;
  std::optional<MobileNodeConfig> mobile_node_config_;
  std::unique_ptr<Mip6Links> links_;
  std::unique_ptr<Mip6Bootstrap> bootstrap_;
  std::unique_ptr<Mip6MobileNode> mobile_node_;
  std::unique_ptr<mip6::MobilityInput> input_;
};

// As mip6 has them.
[[nodiscard]] std::vector<mip6::ServedNode> served_nodes(const Configuration& configuration);
[[nodiscard]] std::vector<mip6::HomePrefix> home_prefixes(const HomeAgentConfig& config);

}  // namespace sallyport
