// All that a home agent is on its link: registrations, discovery, prefixes, router advertisements
// (RFC 6275 10). Control thread.
#pragma once

#include <memory>
#include <optional>

#include "base/rate_limit.h"
#include "mip6/discovery_answer.h"
#include "mip6/home_agent.h"
#include "mip6/home_link_in_tunnels.h"
#include "mip6/prefix_advertiser.h"
#include "mip6/router_advertiser.h"

namespace sallyport::mip6 {

class HomeAgentService {
 public:
  struct Config {
    HomeAgentConfig agent{};
    // Nullopt: other routers advertise the link. `mobile_router` is set where nodes may be routers.
    std::optional<AdvertisingSettings> advertising{};
    std::chrono::seconds longest_prefix_wait{86'400};  // MaxMobPfxAdvInterval
    std::chrono::seconds shortest_prefix_wait{600};    // MinMobPfxAdvInterval
    // Without a relay prefix advertisements have neither M nor O (RFC 6275 10.4.4).
    HomeLinkInTunnels::Settings in_tunnels{};
    friend bool operator==(const Config&, const Config&) = default;
  };
  // Fails where the configuration cannot be. `ports` are for what `in_tunnels` asks for.
  [[nodiscard]] static Expected<std::unique_ptr<HomeAgentService>> create(
      Config config, const HomeAgent::Surroundings& around, Timers& timers,
      const HomeLinkInTunnels::Ports& ports = {});
  ~HomeAgentService();
  HomeAgentService(const HomeAgentService&) = delete;
  HomeAgentService& operator=(const HomeAgentService&) = delete;

  // As HomeAgent::configure(): what it stays being on its link goes on. Hosts hear that we are no
  // router any more only where that is so.
  [[nodiscard]] Expected<void> configure(Config config);
  [[nodiscard]] const Config& config() const noexcept { return config_; }

  [[nodiscard]] HomeAgent& agent() noexcept { return *agent_; }

  // A whole ICMPv6 message to us, or to the Home-Agents anycast address of our link: discovery
  // requests and prefix solicitations are answered. False for any other, which is not ours.
  bool receive(const Arrival& arrival, ByteView icmp);
  // See HomeLinkInTunnels::receive(), and DhcpRelay::receive_from_server().
  bool receive_from_tunnel(const Arrival& arrival, std::uint8_t protocol, ByteView octets);
  void receive_from_dhcp_server(ByteView relay_message);
  // A valid router advertisement, or a solicitation, that came by a port.
  void hear(PortId port, const RouterAdvertisement& advertisement);
  void solicited(PortId port);

  // Says that we are no router there any more.
  void stop_advertising();

  // What the link's prefixes are from now on: bindings, routers' advertisements and nodes that are
  // away hear of it.
  void set_prefixes(const std::vector<HomePrefix>& prefixes);

 private:
  HomeAgentService(Config config, const HomeLinkInTunnels::Surroundings& tunnels,
                   const HomeAgent::Surroundings& around, std::unique_ptr<HomeAgent> agent);

  [[nodiscard]] static Expected<void> complete(Config& config,
                                               const HomeLinkInTunnels::Ports& ports);
  void changed(const BindingEntry& entry, HomeAgent::Change change);
  void advertise();
  [[nodiscard]] bool is_told(const Address& home_address) const;
  void note_all();
  void answer(const Arrival& arrival, const HomeAgentDiscoveryRequest& request);
  [[nodiscard]] bool is_asked(const Address& anycast) const;
  [[nodiscard]] KnownHomeAgent ourselves() const;
  [[nodiscard]] PrefixAdvertiser::Settings prefix_settings() const;

  Config config_;
  HomeAgent::Surroundings around_;
  Timers& timers_;
  std::unique_ptr<HomeAgent> agent_;
  HomeAgentsList others_;
  PrefixAdvertiser prefixes_;
  HomeLinkInTunnels in_tunnels_;
  std::optional<RouterAdvertiser> advertiser_;
  RateLimit answers_;
};

}  // namespace sallyport::mip6
