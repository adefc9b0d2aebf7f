// What the outer and inner IP headers take from each other (RFC 4301 5.1.2, RFC 6040).
#pragma once

#include "dataplane/packet.h"
#include "net/checksum.h"
#include "net/ipv4.h"
#include "net/ipv6.h"
#include "sad/outbound_sa.h"

namespace sallyport {

inline constexpr std::uint8_t kEcnMask = 3;
inline constexpr std::uint8_t kNotEct = 0;

// IPv6 is never fragmented on its way, so an inner IPv6 packet counts as DF set.
[[nodiscard]] inline bool outer_dont_fragment(const PacketSummary& inner, DfRule rule) noexcept {
  if (rule != DfRule::Copy) return rule == DfRule::Set;
  return inner.family == Family::V6 || inner.dont_fragment;
}

// Completes the outer header, whose template stands at the packet's front: lengths, class, DF, id,
// checksum, all from `inner` and the SA's rules (TUN-03..05). True where it says DF.
inline bool finish_outer_header(Packet& packet, const PacketSummary& inner, const OutboundSa& sa,
                                std::uint8_t dscp, std::uint16_t ip_id) noexcept {
  const std::uint8_t ecn = sa.ecn == EcnRule::Normal ? inner.traffic_class & kEcnMask : kNotEct;
  const auto traffic_class = static_cast<std::uint8_t>(dscp << 2 | ecn);
  const auto length = static_cast<std::uint16_t>(packet.size());
  if (sa.outer_family == Family::V6) {
    auto& outer = packet.header<Ipv6Header>();
    outer.set_traffic_class(traffic_class);
    outer.payload_length.set(static_cast<std::uint16_t>(length - sizeof(Ipv6Header)));
    return false;
  }
  auto& outer = packet.header<Ipv4Header>();
  // What goes out though it does not fit is to be fragmented on its way (PMTU-03).
  const bool whole = outer_dont_fragment(inner, sa.df) && length <= sa.path_mtu();
  const std::uint16_t fragment = whole ? Ipv4Header::kDontFragment : std::uint16_t{0};
  outer.tos = traffic_class;
  outer.total_length.set(length);
  outer.id.set(ip_id);
  outer.fragment.set(fragment);
  outer.checksum.set(
      checksum_finish(std::uint32_t{sa.checksum_base} + traffic_class + length + ip_id + fragment));
  return whole;
}

// The inner ECN after decapsulation by the table of RFC 6040 4.2 (TUN-06): false where the packet
// must be dropped. `inner` and `outer` are ECN codepoints, `inner` is updated.
[[nodiscard]] bool decapsulated_ecn(std::uint8_t& inner, std::uint8_t outer) noexcept;

// Overwrites the traffic class and keeps an IPv4 checksum right (TUN-07).
void set_traffic_class(Packet& packet, std::uint8_t traffic_class) noexcept;

}  // namespace sallyport
