// What mobility asks of its surroundings, as interfaces that it owns: gateway answers them, tests
// answer them with fakes. All on the control thread, none blocks.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/types.h"
#include "net/address.h"

namespace sallyport::mip6 {

using Sha1Digest = std::array<std::uint8_t, 20>;

// SHA-1 and HMAC-SHA1 (FIPS 180-4, RFC 2104) over parts, one after the other: the only
// cryptography of return routability, and it knows no other (RFC 6275 5.2.5).
struct Sha1Functions {
  Sha1Digest (*digest)(std::initializer_list<ByteView> parts);
  Sha1Digest (*hmac)(ByteView key, std::initializer_list<ByteView> parts);
};

enum class Protection : std::uint8_t { None, Ipsec };

// The tunnel that a packet came out of: IPv6 in IPv6, or an SA's.
struct OuterHeader {
  Address source;
  Protection protection{};
  // The SA has a selector for the message's source, and for no other: nobody else can have sent it.
  bool names_source{};
  std::optional<Address> home_address{};  // whose tunnel it is, where the SA says so
};

// How a message came, as its way through the data plane has found out (RFC 6275 9.3.1). Addresses
// are those that IPsec and upper layers see: the home address stands where the wire had the
// care-of one.
struct Arrival {
  Address source;
  Address destination;
  std::optional<Address> source_care_of{};       // on the wire, beside a Home Address option
  std::optional<Address> destination_care_of{};  // on the wire, beside a type 2 routing header
  Protection protection{};                       // of a transport mode SA for just these addresses
  std::optional<OuterHeader> tunnel{};
  PortId port{kNoPort};
  MacAddress link_source{};  // of the frame

  // Where it came from on the wire, the tunnel's header aside.
  [[nodiscard]] const Address& wire_source() const noexcept {
    return source_care_of ? *source_care_of : source;
  }
};

// What mobility sends: upper-layer octets with their checksum, over the addresses as IPsec sees
// them. Policy decides about it as about any packet of ours.
struct Departure {
  Address source;
  Address destination;
  std::optional<Address> source_care_of{};       // goes out from there, with a Home Address option
  std::optional<Address> destination_care_of{};  // goes out there, with a type 2 routing header
  // 135, 58 or 17; 0: a Hop-by-Hop header with Router Alert comes first in the octets, then ICMPv6.
  std::uint8_t protocol{};
  std::uint8_t hop_limit{64};
  std::optional<PortId> port{};                  // not by route but by this link
  std::optional<MacAddress> link_destination{};  // and straight to that neighbour (HA-13)
  // Inside the tunnel between this home address and its home agent, whatever its destination.
  std::optional<Address> tunnel{};
};
class PacketSender {
 public:
  virtual ~PacketSender() = default;
  virtual void send(const Departure& departure, ByteView octets) = 0;
};

// What workers know of a home address.
enum class BindingUse : std::uint8_t {
  HomeAgent,      // we are its home agent: packets to it go into the tunnel
  Correspondent,  // a peer of ours: packets to it have a type 2 routing header
  MobileNode,     // our own, with this correspondent: packets have a Home Address option
};
// The bindings that packets are led by and Home Address options are checked against (RFC
// 6275 9.3.1, 9.3.2).
class BindingTable {
 public:
  virtual ~BindingTable() = default;
  // In place of the one with the same use, home address and peer.
  struct Binding {
    BindingUse use{};
    Address home_address;
    Address care_of;
    // Of MobileNode: the correspondent, or its home agent; of Correspondent: our address.
    std::optional<Address> peer{};
    // Of HomeAgent: where the tunnel begins.
    std::optional<Address> home_agent{};
    // Served besides, but never into the tunnel (RFC 6275 10.4.2; HA-16).
    std::optional<Address> link_local{};
    // Behind a mobile router, of HomeAgent and of our own registration: as its home address for
    // packets both ways (RFC 3963 6.5; NEMO-04).
    std::vector<Prefix> networks{};
  };
  [[nodiscard]] virtual Expected<void> set(const Binding& binding) = 0;
  virtual void remove(BindingUse use, const Address& home_address,
                      const std::optional<Address>& peer) = 0;
  // Whether it has led a packet since this was asked last: what is idle is not refreshed.
  [[nodiscard]] virtual bool used(BindingUse use, const Address& home_address,
                                  const std::optional<Address>& peer) = 0;
};

// What comes to a group on the home link is copied into tunnels of nodes that listen to it (RFC
// 6275 10.4.2, 10.4.3; HA-18). Told once of each pair, and once that it is over.
class MulticastForwarding {
 public:
  virtual ~MulticastForwarding() = default;
  [[nodiscard]] virtual Expected<void> join(const Address& group, const Address& home_address) = 0;
  virtual void leave(const Address& group, const Address& home_address) = 0;
};

// To the DHCPv6 server of the home link, from UDP port 547 to its 547; what it answers is handed to
// HomeAgentService (RFC 8415 19; HA-19).
class DhcpServerLink {
 public:
  virtual ~DhcpServerLink() = default;
  virtual void send(ByteView relay_message) = 0;
};

// Tunnel endpoints of the policies and SAs of one home address and its home agent follow it: what
// PFKEY MIGRATE would ask for (MAPI-01). Called for protected home registrations alone (MAPI-03).
class TunnelMigrator {
 public:
  virtual ~TunnelMigrator() = default;
  struct Ends {
    Address home_address;
    Address home_agent;
  };
  // All or nothing. Sequence numbers and replay windows stay; packets from the old place are still
  // taken (MAPI-05). What was inactive is active again.
  [[nodiscard]] virtual Expected<void> move(const Ends& ends, const Address& to) = 0;
  // The node is at home: tunnel policies match no packet, the SAs stay (MAPI-08).
  virtual void deactivate(const Ends& ends) = 0;
};

// The IKE SA beside the protected registration (RFC 4877 7.3, 7.4; MAPI-06).
class IkeMobility {
 public:
  virtual ~IkeMobility() = default;
  // SAs of the pair are negotiated, and the IKE SA can follow its mobile node: what the K flag
  // says.
  [[nodiscard]] virtual bool can_move(const Address& home_address) const = 0;
  virtual void move(const Address& home_address, const Address& to) = 0;
  // Without K: IKE SAs of another place than the binding's end, or of another than the home address
  // where there is none any more; children in transport mode go on (MDYN-16).
  virtual void drop(const Address& home_address) = 0;
  // `ready` when the SAs for Binding Updates are there, at once where they are, with an error where
  // they can't be had (MDYN-15). IKE speaks from `care_of`.
  using Ready = std::function<void(Expected<void>)>;
  virtual void prepare(const Address& home_address, const Address& home_agent,
                       const Address& care_of, Ready ready) = 0;
};

// Neighbour discovery on a link for addresses that are not the link's own (RFC 6275 10.4.1, 11.5).
class NeighbourProxy {
 public:
  virtual ~NeighbourProxy() = default;
  enum class Uniqueness : std::uint8_t { Unique, Duplicate };
  using Detected = std::function<void(Uniqueness)>;
  // Duplicate address detection (RFC 4862 5.4); `detected` runs later.
  virtual void detect(PortId link, const Address& address, Detected detected) = 0;
  // Advertises to all nodes with the override flag and answers for it from now on; `router`:
  // NEMO-06.
  enum class Role : std::uint8_t { Host, Router };
  virtual void serve(PortId link, const Address& address, Role role) = 0;
  virtual void stop(PortId link, const Address& address) = 0;
};

// Neighbour and router discovery that a mobile node asks for on its links. Callbacks run later.
class NeighbourDiscovery {
 public:
  virtual ~NeighbourDiscovery() = default;
  // A router solicitation (RFC 4861 6.3.7).
  virtual void solicit(PortId link) = 0;
  // Unicast solicitations of `router` until it answers (RFC 6275 11.5.1, RFC 4861 7.3).
  enum class Reachability : std::uint8_t { Reachable, Unreachable };
  using Probed = std::function<void(Reachability)>;
  virtual void probe(PortId link, const Address& router, Probed probed) = 0;
  // Who answers for `address` on its home link, asked from :: by multicast; nullopt where nobody
  // does (RFC 6275 11.5.5).
  using Found = std::function<void(const std::optional<MacAddress>&)>;
  virtual void find_defender(PortId link, const Address& address, Found found) = 0;
  // To all nodes: `address` is here, overriding what they know (RFC 6275 11.5.5).
  virtual void announce(PortId link, const Address& address) = 0;
};

// Addresses of the mobile node's own.
class AddressSetup {
 public:
  virtual ~AddressSetup() = default;
  virtual void add(PortId link, const Prefix& address) = 0;
  virtual void remove(PortId link, const Address& address) = 0;
  // The default route of packets by this link; nullopt: none.
  virtual void set_router(PortId link, const std::optional<Address>& router) = 0;
  // The modified EUI-64 or other identifier that addresses on this link end with.
  [[nodiscard]] virtual std::array<std::uint8_t, 8> interface_identifier(PortId link) const = 0;
};

// Home addresses that a home agent gives out (RFC 5026 5.3).
class HomeAddressPool {
 public:
  virtual ~HomeAddressPool() = default;
  [[nodiscard]] virtual std::optional<Address> lease(const std::optional<Address>& wish) = 0;
  virtual void release(const Address& address) = 0;
};

// What must outlive the process (MSEC-34): the last sequence number of each home address.
class StateStore {
 public:
  virtual ~StateStore() = default;
  virtual void save(const Address& home_address, std::uint16_t sequence) = 0;
  [[nodiscard]] virtual std::optional<std::uint16_t> load(const Address& home_address) const = 0;
};

// For `monitor`, the log and the audit trail (MSEC-37).
enum class EventKind : std::uint8_t {
  Registered,
  Refreshed,
  Moved,
  Deregistered,
  Expired,
  Refused,   // a message that asked for what it may not have
  Movement,  // of our own mobile node: a new link, home, or none
};
struct Event {
  EventKind kind{};
  Address home_address{Address::any(Family::V6)};
  Address care_of{Address::any(Family::V6)};
  Address peer{Address::any(Family::V6)};
  std::string detail{};  // for people
};
class Events {
 public:
  virtual ~Events() = default;
  virtual void report(const Event& event) = 0;
};

}  // namespace sallyport::mip6
