// Puts the headers of an SA in front of a packet: what ESP and AH have in common on the way out.
// Inline, since it is done for every packet.
#pragma once

#include "dataplane/sa_runs.h"
#include "dataplane/tunnel_headers.h"
#include "dataplane/worker_context.h"
#include "net/checksum.h"
#include "net/ipv4.h"
#include "net/ipv6.h"
#include "net/udp.h"

namespace sallyport {

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

// The addresses of the outer header, as PacketSummary::addresses().
inline Octets32 outer_addresses(const OutboundSa& sa) noexcept {
  const std::uint8_t* const header = sa.header.end() - sa.header_bytes;
  if (sa.outer_family == Family::V6) return Octets32::load(header + offsetof(Ipv6Header, source));
  std::uint32_t source, destination;
  std::memcpy(&source, header + offsetof(Ipv4Header, source), sizeof source);
  std::memcpy(&destination, header + offsetof(Ipv4Header, destination), sizeof destination);
  return Octets32::of(source, 0, destination, 0);
}

inline Address outer_destination(const OutboundSa& sa) noexcept {
  std::array<std::uint8_t, sizeof(Octets32)> both;
  outer_addresses(sa).store(both.data());
  Address destination = Address::any(sa.outer_family);
  std::memcpy(destination.bytes.data(), &both[both.size() / 2], destination.bytes.size());
  return destination;
}

// The PacketSummary of an outer header, but for DF: put together in registers and stored at once.
inline Octets64 outer_summary(const OutboundSa& sa, std::uint32_t size) noexcept {
  static_assert(offsetof(PacketSummary, source_port) == 32 &&
                offsetof(PacketSummary, length) == 40 &&
                offsetof(PacketSummary, upper_offset) == 44);
  const std::uint64_t length_and_offset = std::uint64_t{sa.outer_ip_bytes} << 32 | size;
  return {outer_addresses(sa), Octets32::of(sa.outer_selectors, length_and_offset, 0, 0)};
}

// What a tunnel has made of a packet.
struct OuterDatagram {
  std::uint8_t* header;
  std::uint32_t size;  // octets
  bool dont_fragment;
};

// From now on the packet is what its outer header says: that is what is routed and sent.
struct GoesOn {
  [[gnu::always_inline]] void operator()(Packet& packet, const OuterDatagram& outer,
                                         const OutboundSa& sa) const noexcept {
    packet.enclose(sa.front_bytes, outer.size);
    outer_summary(sa, outer.size).store(&packet.summary);
    packet.summary.dont_fragment = outer.dont_fragment;
  }
};

// Tunnel mode: puts outer IP, UDP if any, and ESP or AH in front of `inner`, the packet as it is,
// of ESP with trailer and ICV. `leave` then takes the packet, whose own front and size are as they
// were. Returns where the IV begins.
template <class Leave>
[[gnu::always_inline]] inline std::uint8_t* enter_tunnel(Packet& packet,
                                                         std::span<std::uint8_t> inner,
                                                         const OutboundSa& sa, WorkerContext& my,
                                                         const Leave& leave) noexcept {
  static_assert(sizeof(OutboundSa::header) == sizeof(Octets64));
  std::uint8_t* const iv = inner.data() - sa.iv_bytes;
  Octets64(sa.header.data()).store(iv - sizeof(OutboundSa::header));
  const std::uint16_t front_bytes = sa.front_bytes;
  const std::uint32_t size = static_cast<std::uint32_t>(inner.size()) + front_bytes;
  std::uint8_t* const front = inner.data() - front_bytes;
  const bool dont_fragment =
      finish_outer_header(front, packet.summary,
                          {size, static_cast<std::uint16_t>(my.ids.next()),
                           outer_class(packet.summary.traffic_class, sa, my.sas)},
                          sa);
  if (sa.udp) [[unlikely]]
    write_udp_length(*reinterpret_cast<UdpHeader*>(front + sa.outer_ip_bytes),
                     size - sa.outer_ip_bytes);
  leave(packet, {front, size, dont_fragment}, sa);
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
