// What a mobile node is told by its operator, and whom it asks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/timers.h"
#include "mip6/ports.h"

namespace sallyport::mip6 {

enum class MigrateOn : std::uint8_t { Update, Acknowledgement };  // MAPI-02
enum class RouteOptimisation : std::uint8_t { On, Off };          // RR-12
enum class NodeKind : std::uint8_t { Host, Router };              // RFC 3963
// What Binding Updates are protected by: SAs of their own, or the tunnel of all traffic (RFC 4877
// 5).
enum class Signalling : std::uint8_t { Transport, InTunnel };
// Whether others are looked for where the home agents that are known are silent (RFC 6275 11.4.1).
enum class HomeAgentDiscovery : std::uint8_t { On, Off };
enum class HomeIdentifier : std::uint8_t { OfInterface, Temporary };  // RFC 4941: never L

struct MobileNodeSettings {
  Address home_address;
  Prefix home_prefix;
  HomeIdentifier home_identifier{HomeIdentifier::OfInterface};
  std::vector<Address> home_agents{};  // in this order; what is discovered comes behind
  std::chrono::seconds lifetime{600};  // asked for
  Duration first_timeout{std::chrono::milliseconds{1500}};  // InitialBindackTimeoutFirstReg
  MigrateOn migrate{MigrateOn::Update};
  Signalling signalling{Signalling::Transport};
  HomeAgentDiscovery discovery{HomeAgentDiscovery::On};
  RouteOptimisation route_optimisation{RouteOptimisation::On};
  std::size_t most_correspondents{256};
  NodeKind kind{NodeKind::Host};
  std::vector<Prefix> mobile_network_prefixes{};  // explicit mode; none: implicit (RFC 3963 5.2)
  // Our own host's, whose MLD and DHCPv6 may go home by the tunnel; nullopt: they go nowhere.
  std::optional<PortId> host_link{};
  bool carries_listener_discovery{true};
  bool carries_dhcp{true};
  std::string dns_name{};  // to be entered by the home agent (RFC 5026 6)
};

struct MobileNodeSurroundings {
  const Clock& clock;
  Timers& timers;
  Random& random;
  PacketSender& sender;
  BindingTable& bindings;
  TunnelMigrator& tunnels;
  IkeMobility& ike;
  NeighbourProxy& neighbours;
  NeighbourDiscovery& discovery;
  AddressSetup& addresses;
  Events& events;
  Sha1Functions sha1;
};

// INITIAL_BINDACK_TIMEOUT and MAX_BINDACK_TIMEOUT (RFC 6275 12).
inline constexpr Duration kFirstBindingTimeout = std::chrono::seconds{1};
inline constexpr Duration kMostBindingTimeout = std::chrono::seconds{32};

}  // namespace sallyport::mip6
