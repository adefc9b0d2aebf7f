// What accompanies a packet through a ring, between a worker and control or another worker: it
// stands in the mbuf's private area.
#pragma once

#include <rte_mbuf.h>

#include <type_traits>

#include "dataplane/packet.h"
#include "net/address.h"
#include "sad/sa_handles.h"
#include "spd/policy.h"

namespace sallyport {

enum class Purpose : std::uint8_t {
  // Worker to control.
  Deliver,        // for an address of ours: echo, IKE, neighbour discovery; data starts at IP
  Arp,            // data starts at the ARP header
  Resolve,        // ready to go out of `port` to `next_hop`, whose link address is unknown
  Acquire,        // `policy` protects it and has no SA for it; comes back as Seal
  HopLimit,       // an ICMP error is due to the source; the packet itself is already counted
  Unreachable,    // likewise: no route or no neighbour
  Prohibited,     // likewise: discarded by policy
  TooBig,         // likewise: `mtu` is what would have fitted
  RoutingType,    // likewise: a routing header of a type that is not processed here
  UnknownOption,  // likewise: a Home Address option, and Mobile IPv6 is off (RFC 6275 6.3)
  TunnelLimit,    // likewise: it may go into no more tunnels (RFC 2473 4.1.1)
  OffLink,  // likewise: a mobile node's link-local address, while it is away (RFC 6275 10.4.2)
  UnknownBinding,  // a Binding Error is due to the source (RFC 6275 9.3.3); otherwise likewise
  // Control to worker.
  Originate,          // made here: routed and judged by outbound policy like any other
  OriginateInTunnel,  // made here for the tunnel of the home address `next_hop`, likewise
  OriginateOnLink,    // made here for `port` and `mac`: policy, but no routing
  Resolved,           // judged before it was held: goes out of `port` to `mac`
  LinkFrame,          // a whole frame (ARP) for `port`
  Dummy,              // a dummy packet for the SA of `policy` (RFC 4303 2.6)
  // Worker to worker.
  Open,      // the other owns its inbound SA; data starts at IP, after the link header of `port`
  Seal,      // the other owns its outbound SA, or one was waited for; `port` is where it came in
  Fragment,  // the other has all pieces of its datagram; otherwise as Open
  Transmit,  // a whole frame for `port`, whose queue is the other's
};

struct Envelope {
  Purpose purpose{};
  PortId port{kNoPort};     // ingress of what goes to control, egress of what comes from it
  WorkerId worker{};        // Resolve and Acquire: who asks, and gets it back
  PortId ingress{kNoPort};  // Resolve: where it came in
  std::uint16_t mtu{};
  std::uint8_t hand_offs{};  // between workers, so far
  std::uint8_t passes{};     // as in Packet
  bool forwarded{true};      // as in Packet
  bool decapsulated{};       // came out of an SA, not from the link of `port`
  bool transport{};          // Deliver: that SA, the last one, was in transport mode
  bool names_source{};       // Deliver: one of its selectors is the packet's source alone
  bool from_far_end{};       // Deliver: out of the tunnel of an SA, whose other end sent it
  bool by_name{};            // Seal and Acquire: into the tunnel of the home address `next_hop`
  HomeForm form{};           // as in Packet, and so is what follows
  CameBy came_by{};
  MacAddress mac{};  // Deliver and Arp: the frame's source; otherwise the link destination
  // Resolve; of OriginateInTunnel and `by_name` the home address; otherwise where the tunnel of
  // `came_by` came from.
  Address next_hop{};
  PolicyId policy{};           // Dummy, Seal and Acquire
  std::uint32_t generation{};  // Seal and Acquire: of the policy, when it judged
  SaHandle handle{kNoHandle};  // Seal
  SaSlot sa{kNoSa};            // Deliver: that it came out of last
  // Of a Dummy:
  std::uint8_t traffic_class{};  // chooses among the policy's SAs
  Family family{Family::V4};     // what a tunnel's outer header takes the packet inside for
  bool whole{};                  // transport mode: there is an IP header in front

  [[nodiscard]] static Envelope& of(rte_mbuf* mbuf) noexcept {
    return *static_cast<Envelope*>(rte_mbuf_to_priv(mbuf));
  }
};
static_assert(std::is_trivially_copyable_v<Envelope>);

[[nodiscard]] inline Purpose purpose_of(const Packet& packet) noexcept {
  return Envelope::of(packet.mbuf).purpose;
}

// Size of the private area of every packet pool.
inline constexpr std::uint16_t kPrivateBytes = 64;
static_assert(sizeof(Envelope) <= kPrivateBytes);

}  // namespace sallyport
