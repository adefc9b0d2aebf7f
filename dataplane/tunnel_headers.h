// What the outer and inner IP headers take from each other (RFC 4301 5.1.2, RFC 6040).
#pragma once

#include "dataplane/packet.h"
#include "sad/outbound_sa.h"

namespace sallyport {

// Completes the outer header, whose template stands at the packet's front: lengths, class, DF, id,
// checksum, all from `inner` and the SA's rules (TUN-03..05).
void finish_outer_header(Packet& packet, const PacketSummary& inner, const OutboundSa& sa,
                         std::uint8_t dscp, std::uint16_t ip_id) noexcept;

// The inner ECN after decapsulation by the table of RFC 6040 4.2 (TUN-06): false where the packet
// must be dropped. `inner` and `outer` are ECN codepoints, `inner` is updated.
[[nodiscard]] bool decapsulated_ecn(std::uint8_t& inner, std::uint8_t outer) noexcept;

// Overwrites the traffic class and keeps an IPv4 checksum right (TUN-07).
void set_traffic_class(Packet& packet, std::uint8_t traffic_class) noexcept;

}  // namespace sallyport
