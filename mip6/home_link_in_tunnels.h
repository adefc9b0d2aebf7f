// What a home agent is to nodes that are away besides their router: the multicast router and the
// DHCPv6 relay agent of their home link, by their tunnels (RFC 6275 10.4.3, 10.4.4; HA-18, HA-19).
// Control thread.
#pragma once

#include <functional>
#include <optional>

#include "mip6/dhcp_relay.h"
#include "mip6/multicast_listeners.h"
#include "mip6/served_nodes.h"
#include "mip6/tunnel_owners.h"

namespace sallyport::mip6 {

class HomeLinkInTunnels {
 public:
  // What is nullopt is off: such messages are ignored.
  struct Settings {
    std::optional<MulticastListeners::Settings> multicast{};
    std::optional<DhcpRelay::Settings> dhcp_relay{};
    friend bool operator==(const Settings&, const Settings&) = default;
  };
  // Whom it needs for that; null where it is off.
  struct Ports {
    MulticastForwarding* multicast{};
    DhcpServerLink* dhcp_server{};
  };
  // All of which outlive it.
  struct Surroundings {
    const Clock& clock;
    Timers& timers;
    Random& random;
    PacketSender& sender;
    const BindingCache& cache;
    Ports ports{};
    // Of those of Service::Multicast and Service::Dhcp, which a node has.
    std::function<Flags<Service>(const Address& home_address)> services_of;
  };
  explicit HomeLinkInTunnels(const Surroundings& around);

  // Fails where a port is missing, or a number can't be.
  [[nodiscard]] static Expected<void> check(const Settings& settings, const Ports& ports);
  // They have been checked. What goes on keeps its memberships; what ends leaves all groups. Nodes
  // that the cache has are served from now on. We speak from `link_local`.
  void set(const Settings& settings, const Address& link_local);

  // A home registration is new or another now; or it has ended.
  void registered(const BindingEntry& entry);
  void ended(const Address& home_address);

  // Out of a tunnel: MLD (`protocol` 58, or 0 where a Hop-by-Hop header comes first), or a UDP
  // datagram (17). False where it is not what nodes say to their link, or that is off.
  bool receive(const Arrival& arrival, std::uint8_t protocol, ByteView octets);
  void receive_from_dhcp_server(ByteView relay_message);

  [[nodiscard]] const Ports& ports() const noexcept { return around_.ports; }
  [[nodiscard]] const MulticastListeners* listeners() const noexcept {
    return listeners_ ? &*listeners_ : nullptr;
  }

 private:
  [[nodiscard]] bool serves() const noexcept { return listeners_ || relay_; }
  [[nodiscard]] bool serves(const Address& home_address, Service service) const;
  void note(const BindingEntry& entry, MulticastListeners::Registered when);
  void note_all();

  Surroundings around_;
  TunnelOwners owners_;
  std::optional<MulticastListeners> listeners_;
  std::optional<DhcpRelay> relay_;
};

}  // namespace sallyport::mip6
