// What the outer and inner IP headers take from each other (RFC 4301 5.1.2, RFC 6040).
#pragma once

#include "dataplane/packet.h"
#include "net/checksum.h"
#include "net/ipv4.h"
#include "net/ipv6.h"
#include "sad/sa_table.h"

namespace sallyport {

inline constexpr std::uint8_t kEcnMask = 3;
inline constexpr std::uint8_t kDscpShift = 2;
inline constexpr std::uint8_t kNotEct = 0;

// Of an inner packet with this traffic class.
[[nodiscard]] inline std::uint8_t outer_class(std::uint8_t inner, const OutboundSa& sa,
                                              const SaTable& sas) noexcept {
  if (sa.dscp_map == 0) [[likely]]
    return inner & sa.class_mask;
  const std::uint8_t dscp = sas.dscp_map(sa.dscp_map)[inner >> kDscpShift];
  return static_cast<std::uint8_t>(dscp << kDscpShift | (inner & sa.class_mask & kEcnMask));
}

// What changes in the outer header from packet to packet.
struct OuterChange {
  std::uint32_t size;  // of the datagram, octets
  std::uint16_t ip_id;
  std::uint8_t traffic_class;
};

// Completes the outer header whose template stands at `front`: lengths, class, DF, id, checksum
// (TUN-03..05). True where it says DF.
[[gnu::always_inline]] inline bool finish_outer_header(std::uint8_t* front,
                                                       const PacketSummary& inner,
                                                       const OuterChange& change,
                                                       const OutboundSa& sa) noexcept {
  if (sa.outer_family == Family::V6) {
    auto& outer = *reinterpret_cast<Ipv6Header*>(front);
    outer.set_traffic_class(change.traffic_class);
    outer.payload_length.set(static_cast<std::uint16_t>(change.size - sizeof(Ipv6Header)));
    return false;
  }
  auto& outer = *reinterpret_cast<Ipv4Header*>(front);
  // IPv6 is never fragmented on its way, so an inner IPv6 packet counts as DF set. What goes out
  // though it does not fit is to be fragmented on its way (PMTU-03).
  const bool inner_df = inner.dont_fragment | (inner.family == Family::V6);
  const bool whole = sa.outer_df[inner_df] & (change.size <= sa.path_mtu());
  const auto length = static_cast<std::uint16_t>(change.size);
  const auto fragment = static_cast<std::uint16_t>(whole ? Ipv4Header::kDontFragment : 0);
  outer.set_front(change.traffic_class, length, change.ip_id, fragment);
  outer.checksum.set(checksum_of_few(std::uint32_t{sa.checksum_base} + change.traffic_class +
                                     length + change.ip_id + fragment));
  return whole;
}

// The inner ECN after decapsulation by the table of RFC 6040 4.2 (TUN-06): false where the packet
// must be dropped. `inner` and `outer` are ECN codepoints, `inner` is updated.
[[nodiscard]] bool decapsulated_ecn(std::uint8_t& inner, std::uint8_t outer) noexcept;

// Overwrites the traffic class and keeps an IPv4 checksum right (TUN-07).
void set_traffic_class(Packet& packet, std::uint8_t traffic_class) noexcept;

}  // namespace sallyport
