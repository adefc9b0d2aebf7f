// What the operator asked for of Mobile IPv6. docs/configuration.md describes each field.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/types.h"
#include "crypto/algorithms.h"
#include "net/address.h"

namespace sallyport {

// How finely selectors tell messages apart (RFC 4877 5; MSEC-35).
enum class SelectorGranularity : std::uint8_t {
  Message,   // each type of message has SAs of its own
  Protocol,  // one for all of the Mobility Header, and one for the tunnelled part of it
  Tunnel,    // one tunnel for everything
};

// What of the payload in the tunnel IPsec protects.
struct ProtectedPayload {
  enum class Kind : std::uint8_t { None, Any, Listed };
  Kind kind{Kind::None};
  std::vector<std::uint8_t> protocols;  // where Listed
  friend bool operator==(const ProtectedPayload&, const ProtectedPayload&) = default;
};

// Names of configured SAs, an outbound and an inbound one for each kind of traffic.
struct MobilitySas {
  std::vector<std::string> binding;
  std::vector<std::string> return_routability;
  std::vector<std::string> prefix_discovery;
  std::vector<std::string> payload;
  std::vector<std::string> multicast;
  std::vector<std::string> groups;  // of multicast, too
  std::vector<std::string> dhcp;
  friend bool operator==(const MobilitySas&, const MobilitySas&) = default;
};

// Of what a mobile node and its home agent exchange. The same on both, but for the direction.
struct MobilityProtection {
  std::string peer;  // whom SAs are negotiated with; empty: they are configured
  MobilitySas sas;
  std::vector<Transform> proposals;  // negotiated
  // Of BU/BA, MPS/MPA; the proposals are as `proposals` where there are none and it is ESP.
  IpsecProtocol signalling_protocol{IpsecProtocol::Esp};
  std::vector<Transform> signalling_proposals;
  std::optional<std::chrono::seconds> sa_lifetime;
  SelectorGranularity selectors{SelectorGranularity::Message};
  ProtectedPayload payload;
  bool route_optimisation{true};
  bool prefix_discovery{true};
  bool multicast{};  // tunnelled MLD (MSEC-38)
  bool dhcp{};       // tunnelled DHCPv6
  friend bool operator==(const MobilityProtection&, const MobilityProtection&) = default;
};

struct HomePrefixConfig {
  Prefix prefix;
  std::chrono::seconds valid{std::chrono::days(30)};     // RFC 4861 6.2.1
  std::chrono::seconds preferred{std::chrono::days(7)};  // at most `valid`
  friend bool operator==(const HomePrefixConfig&, const HomePrefixConfig&) = default;
};

struct HomeNodeConfig {
  std::string name;
  std::vector<Address> home_addresses;
  bool leases{};                 // them, of its peer's pools (RFC 5026 5.3)
  std::vector<Prefix> prefixes;  // of a mobile router (RFC 3963)
  MobilityProtection protection;
  friend bool operator==(const HomeNodeConfig&, const HomeNodeConfig&) = default;
};

// Router advertisements on the home link (RFC 6275 7).
struct HomeAdvertisementConfig {
  std::chrono::milliseconds min_interval{std::chrono::seconds(200)};
  std::chrono::milliseconds max_interval{std::chrono::seconds(600)};
  std::uint16_t preference{};  // among home agents, the highest first
  std::chrono::seconds lifetime{std::chrono::minutes(30)};
  friend bool operator==(const HomeAdvertisementConfig&, const HomeAdvertisementConfig&) = default;
};

struct HomeAgentConfig {
  Address address;
  PortId link{kNoPort};
  SpdId spd{};
  std::vector<HomePrefixConfig> prefixes;
  std::vector<HomeNodeConfig> nodes;
  std::chrono::seconds max_lifetime{std::chrono::hours(1)};  // of a binding
  std::optional<std::chrono::seconds> refresh_advice;
  HomeAdvertisementConfig advertisements;
  bool discovery{true};   // answers who looks for home agents, and who asks for prefixes
  bool forwarding{true};  // between nodes and correspondents: in the clear beyond us
  std::uint32_t max_bindings{1024};
  // Of the home link: what nodes say to DHCPv6 in their tunnels is relayed to it.
  std::optional<Address> dhcp_server;
  friend bool operator==(const HomeAgentConfig&, const HomeAgentConfig&) = default;
};

// When a mobile node's tunnels follow it (MAPI-02).
enum class TunnelMove : std::uint8_t { OnUpdate, OnAcknowledgement };

// Where a mobile node gets from what it has not been told (RFC 5026).
struct BootstrapConfig {
  std::string home_agent_name;         // its host name
  std::string domain;                  // where services name home agents
  bool own_address{};                  // the home address is formed of a prefix, not given out
  bool dhcp{};                         // the visited link's server is asked (RFC 6611)
  std::vector<Address> name_servers;   // that names are looked up at
  std::optional<Address> wished_home;  // that the operator names, and the home agent may change
  std::optional<Address> home_agent;   // likewise
  std::uint8_t home_prefix_length{64};
  friend bool operator==(const BootstrapConfig&, const BootstrapConfig&) = default;
};

// Whether a care-of address waits for duplicate address detection (RFC 4862, RFC 4429).
enum class AddressCheck : std::uint8_t { BeforeUse, Optimistic };

struct MobileNodeConfig {
  std::optional<Address> home_address;  // absent: from the home agent
  std::optional<Address> home_agent;    // absent: discovered
  bool bootstraps{};                    // finds out what of both is missing
  std::uint8_t home_prefix_length{64};
  PortId home_port{kNoPort};  // where the home address is, unless a port is configured to have it
  std::optional<PortId> host_port;  // the local stack that the home address is for
  std::vector<PortId> links;        // care-of addresses are on these, the preferred first
  SpdId spd{};
  std::chrono::seconds lifetime{std::chrono::minutes(10)};  // of a binding, as asked for
  TunnelMove migrate{TunnelMove::OnUpdate};
  AddressCheck address_check{AddressCheck::BeforeUse};
  std::vector<Prefix> prefixes;  // as a mobile router
  bool discovery{true};          // looks for other home agents where this one is silent
  BootstrapConfig bootstrap;
  MobilityProtection protection;
  friend bool operator==(const MobileNodeConfig&, const MobileNodeConfig&) = default;
};

struct CorrespondentConfig {
  bool enabled{};  // answers return routability, and sends straight to mobile nodes
  std::uint32_t max_bindings{1024};
  friend bool operator==(const CorrespondentConfig&, const CorrespondentConfig&) = default;
};

// What a policy that was written out of [home_agent] or [mobile_node] is for.
enum class MobilityPart : std::uint8_t {
  Ike,
  Binding,
  ReturnRoutability,
  NoReturnRoutability,  // where it is not to be
  PrefixDiscovery,
  Multicast,  // MLD
  Groups,     // what comes to groups
  Dhcp,
  OtherMobility,
  Payload,
  Everything,
  PlainTunnel,
  Signalling,
  Forwarding,
  Bootstrap,
};

// Of such a policy, by its name.
struct MobilityPolicyFacts {
  std::string policy;
  MobilityPart part{};
  std::optional<std::size_t> node;  // index into HomeAgentConfig::nodes
  Address home_address;
  Address home_agent;
  friend bool operator==(const MobilityPolicyFacts&, const MobilityPolicyFacts&) = default;
};

}  // namespace sallyport
