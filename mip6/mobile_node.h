// A mobile node with one home address (RFC 6275 11, RFC 3963 5): what comes to it goes where it
// belongs. Control thread.
#pragma once

#include "mip6/home_agent_discovery_client.h"
#include "mip6/home_link_by_tunnel.h"
#include "mip6/mobile_node_routes.h"
#include "mip6/prefix_solicitation_client.h"

namespace sallyport::mip6 {

class MobileNode final : public MovementListener, private MobileNodeRegistration::Observer {
 public:
  // What is behind the references outlives it.
  MobileNode(const MobileNodeSurroundings& surroundings, MobileNodeSettings settings);
  MobileNode(const MobileNode&) = delete;
  MobileNode& operator=(const MobileNode&) = delete;

  // From movement detection.
  void arriving(const Attachment& attachment) override { registration_.arriving(attachment); }
  void attached(const Attachment& attachment) override;
  void detached() override;

  // `octets` are the whole message, as received; those of other roles are not for here.
  void receive(const Arrival& arrival, const Message& message, ByteView octets);
  void receive(const Arrival& arrival, const DiscoveryMessage& message);
  // MLD or DHCPv6, out of our tunnel or by our host's port: see HomeLinkByTunnel.
  bool receive_of_link(const Arrival& arrival, std::uint8_t protocol, ByteView octets);
  // An ICMPv6 Parameter Problem of this code about a packet of ours to `peer` (11.3.5).
  void parameter_problem(const Address& peer, std::uint8_t code);

  // See MobileNodeRoutes::optimise().
  void optimise(const Address& peer) { routes_.optimise(peer); }
  // Deletes the registration and makes no other.
  void end();
  // The home agent has not answered yet.
  [[nodiscard]] bool is_asking() { return registration_.is_asking(); }
  // Called when the home address turns out to be somebody else's (BOOT-04).
  void on_home_address_lost(std::function<void()> lost) { lost_ = std::move(lost); }

  [[nodiscard]] const MobileNodeSettings& settings() const noexcept { return settings_; }
  [[nodiscard]] BindingUpdateList& home_agents() noexcept { return home_agents_; }
  [[nodiscard]] BindingUpdateList& correspondents() noexcept { return correspondents_; }
  // The one that we are registered with, or try to be.
  [[nodiscard]] const std::optional<Address>& home_agent() const noexcept {
    return registration_.home_agent();
  }
  // Where the home agent has us; nullopt where it does not, or elsewhere.
  [[nodiscard]] std::optional<Address> registered_care_of() {
    return registration_.registered_care_of();
  }

 private:
  void moving() override;
  void registered() override;
  void returned() override;
  void prefixes_changed() override { prefixes_.solicit(); }
  void no_home_agent() override;
  void home_address_lost() override;

  void tell_home_link();
  void take(const Arrival& arrival, const BindingError& error);
  void take(const Arrival& arrival, const HomeAgentSwitch& message);
  void prefixes_advertised(const MobilePrefixAdvertisement& advertisement);

  MobileNodeSurroundings around_;
  MobileNodeSettings settings_;
  BindingUpdateList home_agents_;
  BindingUpdateList correspondents_;
  MobileNodeRegistration registration_;
  MobileNodeRoutes routes_;
  PrefixSolicitationClient prefixes_;
  HomeAgentDiscoveryClient discovery_;
  HomeLinkByTunnel home_link_;
  std::function<void()> lost_;
};

}  // namespace sallyport::mip6
