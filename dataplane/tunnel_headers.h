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

// What the rules of one SA make of the outer headers of its packets: worked out once for many.
class OuterHeader {
 public:
  // `dscp_map`: null: the identity.
  OuterHeader(const OutboundSa& sa, const std::uint8_t* dscp_map) noexcept
      : dscp_map_(dscp_map),
        path_mtu_(sa.path_mtu()),
        checksum_base_(sa.checksum_base),
        class_mask_(sa.ecn == EcnRule::Normal ? 0xff : static_cast<std::uint8_t>(~kEcnMask)),
        always_whole_(sa.df == DfRule::Set),
        copies_df_(sa.df == DfRule::Copy),
        family_(sa.outer_family) {}

  // Completes the header whose template stands at `front`, of a datagram of `size` octets: lengths,
  // class, DF, id, checksum (TUN-03..05). True where it says DF.
  [[gnu::always_inline]] bool finish(std::uint8_t* front, const PacketSummary& inner,
                                     std::uint32_t size, std::uint16_t ip_id) const noexcept {
    const std::uint8_t traffic_class = class_of(inner.traffic_class);
    if (family_ == Family::V6) {
      auto& outer = *reinterpret_cast<Ipv6Header*>(front);
      outer.set_traffic_class(traffic_class);
      outer.payload_length.set(static_cast<std::uint16_t>(size - sizeof(Ipv6Header)));
      return false;
    }
    auto& outer = *reinterpret_cast<Ipv4Header*>(front);
    // IPv6 is never fragmented on its way, so an inner IPv6 packet counts as DF set. What goes out
    // though it does not fit is to be fragmented on its way (PMTU-03).
    const bool wanted =
        always_whole_ | (copies_df_ & (inner.dont_fragment | (inner.family == Family::V6)));
    const bool whole = wanted & (size <= path_mtu_);
    const auto length = static_cast<std::uint16_t>(size);
    const auto fragment = static_cast<std::uint16_t>(whole ? Ipv4Header::kDontFragment : 0);
    outer.tos = traffic_class;
    outer.total_length.set(length);
    outer.id.set(ip_id);
    outer.fragment.set(fragment);
    outer.checksum.set(
        checksum_of_few(std::uint32_t{checksum_base_} + traffic_class + length + ip_id + fragment));
    return whole;
  }

 private:
  [[nodiscard]] std::uint8_t class_of(std::uint8_t inner) const noexcept {
    if (dscp_map_ == nullptr) [[likely]]
      return inner & class_mask_;
    return static_cast<std::uint8_t>(dscp_map_[inner >> 2] << 2 | (inner & class_mask_ & kEcnMask));
  }

  const std::uint8_t* dscp_map_;
  std::uint16_t path_mtu_;
  std::uint16_t checksum_base_;
  std::uint8_t class_mask_;
  bool always_whole_;
  bool copies_df_;
  Family family_;
};

// The inner ECN after decapsulation by the table of RFC 6040 4.2 (TUN-06): false where the packet
// must be dropped. `inner` and `outer` are ECN codepoints, `inner` is updated.
[[nodiscard]] bool decapsulated_ecn(std::uint8_t& inner, std::uint8_t outer) noexcept;

// Overwrites the traffic class and keeps an IPv4 checksum right (TUN-07).
void set_traffic_class(Packet& packet, std::uint8_t traffic_class) noexcept;

}  // namespace sallyport
