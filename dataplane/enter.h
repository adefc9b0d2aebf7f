// Puts the headers of an SA in front of a packet: what ESP and AH have in common on the way out.
// Inline, since it is done for every packet.
#pragma once

#include "dataplane/tunnel_headers.h"
#include "dataplane/worker_context.h"
#include "net/checksum.h"
#include "net/ipv4.h"
#include "net/ipv6.h"
#include "net/udp.h"

namespace sallyport {

inline constexpr std::uint8_t kDscpShift = 2;
inline constexpr std::uint16_t kMaxFront = 256;  // IP headers in front of a transport-mode header

// Where a transport-mode header goes (ESP-05, AH-04).
inline std::uint16_t insertion_offset(const PacketSummary& summary, const OutboundSa& sa) noexcept {
  return sa.destination_options_outside ? summary.outside_offset : summary.transport_offset;
}
// Of the octet that names what is there.
inline std::uint16_t insertion_protocol_offset(const PacketSummary& summary,
                                               const OutboundSa& sa) noexcept {
  return sa.destination_options_outside ? summary.outside_protocol_offset
                                        : summary.transport_protocol_offset;
}

// Stores the header template so that it ends where the IV, or AH's ICV field, begins; returns that
// place.
inline std::uint8_t* write_headers(Packet& packet, const OutboundSa& sa) noexcept {
  std::uint8_t* const end = packet.data() - sa.iv_bytes;
  std::memcpy(end - sa.header.size(), sa.header.data(), sa.header.size());
  return end;
}

inline void write_udp_length(UdpHeader& udp, std::uint32_t ip_payload_bytes) noexcept {
  udp.length.set(static_cast<std::uint16_t>(ip_payload_bytes));
}

// What the IP header in front says is in it.
inline std::uint8_t outer_protocol(const OutboundSa& sa) noexcept {
  const auto ipsec = static_cast<std::uint8_t>(sa.protocol);
  return sa.udp ? std::uint8_t{kProtocolUdp} : ipsec;
}

// From here on the packet is what its outer header says: that is what is routed and sent.
// Written in place: a summary that is copied as a whole waits for its narrow stores.
inline void describe_outer(Packet& packet, const OutboundSa& sa) noexcept {
  PacketSummary& outer = packet.summary;
  std::memset(static_cast<void*>(&outer), 0, sizeof outer);
  outer.family = sa.outer_family;
  outer.length = packet.size();
  outer.upper_offset = sa.outer_ip_bytes;
  outer.protocol = outer_protocol(sa);
  if (sa.outer_family == Family::V4) {
    const auto& header = packet.header<Ipv4Header>();
    std::memcpy(outer.source.data(), header.source, sizeof header.source);
    std::memcpy(outer.destination.data(), header.destination, sizeof header.destination);
    outer.dont_fragment = (header.fragment.get() & Ipv4Header::kDontFragment) != 0;
  } else {
    const auto& header = packet.header<Ipv6Header>();
    std::memcpy(outer.source.data(), header.source, sizeof header.source);
    std::memcpy(outer.destination.data(), header.destination, sizeof header.destination);
  }
}

// The IP header moves to the front; its protocol, length and checksum follow (RFC 4303 3.1.1).
inline void retarget_ip_header(Packet& packet, const OutboundSa& sa,
                               std::uint16_t protocol_offset) noexcept {
  packet.data()[protocol_offset] = outer_protocol(sa);
  if (packet.summary.family == Family::V6) {
    packet.header<Ipv6Header>().payload_length.set(
        static_cast<std::uint16_t>(packet.size() - sizeof(Ipv6Header)));
    return;
  }
  auto& header = packet.header<Ipv4Header>();
  header.total_length.set(static_cast<std::uint16_t>(packet.size()));
  header.checksum.set(0);
  header.checksum.set(checksum(packet.bytes().first(header.header_length())));
}

// Tunnel mode: outer IP, UDP if any, ESP or AH; trailer and ICV stand behind the payload already.
// Returns where the IV begins. The summary is of the outer packet then.
inline std::uint8_t* enter_tunnel(Packet& packet, const OutboundSa& sa,
                                  WorkerContext& my) noexcept {
  const PacketSummary& inner = packet.summary;  // until describe_outer
  std::uint8_t* const iv = write_headers(packet, sa);
  packet.prepend(static_cast<std::uint16_t>(sa.header_bytes + sa.iv_bytes));
  const std::uint8_t inner_dscp = inner.traffic_class >> kDscpShift;
  const std::uint8_t dscp =
      sa.dscp_map == 0 ? inner_dscp : my.sas.dscp_map(sa.dscp_map)[inner_dscp];
  finish_outer_header(packet, inner, sa, dscp, my.next_ip_id++);
  if (sa.udp)
    write_udp_length(packet.header<UdpHeader>(sa.outer_ip_bytes),
                     packet.size() - sa.outer_ip_bytes);
  describe_outer(packet, sa);
  return iv;
}

// Transport mode: UDP if any, ESP or AH, behind the IP headers, which are at most kMaxFront.
inline std::uint8_t* enter_transport(Packet& packet, const OutboundSa& sa) noexcept {
  const PacketSummary& summary = packet.summary;
  const std::uint16_t front = insertion_offset(summary, sa);
  const std::uint16_t protocol_offset = insertion_protocol_offset(summary, sa);
  std::array<std::uint8_t, kMaxFront> ip_headers;
  std::memcpy(ip_headers.data(), packet.data(), front);
  packet.strip_front(front);
  std::uint8_t* const iv = write_headers(packet, sa);
  packet.prepend(static_cast<std::uint16_t>(sa.header_bytes + sa.iv_bytes));
  if (sa.udp) write_udp_length(packet.header<UdpHeader>(), packet.size());
  packet.prepend(front);
  std::memcpy(packet.data(), ip_headers.data(), front);
  retarget_ip_header(packet, sa, protocol_offset);
  packet.summary.length = packet.size();
  packet.summary.upper_offset = front;
  return iv;
}

}  // namespace sallyport
