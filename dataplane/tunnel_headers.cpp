#include "dataplane/tunnel_headers.h"

#include <array>

#include "net/checksum.h"
#include "net/ipv4.h"
#include "net/ipv6.h"

namespace sallyport {
namespace {

constexpr std::uint8_t kNotEct = 0;
constexpr std::uint8_t kCongestion = 3;
constexpr std::uint8_t kEcnMask = 3;
constexpr std::uint8_t kDrop = 0xff;

// By inner, then outer codepoint: Not-ECT, ECT(1), ECT(0), CE (RFC 6040 figure 4).
constexpr std::array<std::array<std::uint8_t, 4>, 4> kDecapsulated{{
    {kNotEct, kNotEct, kNotEct, kDrop},
    {1, 1, 1, kCongestion},
    {2, 1, 2, kCongestion},
    {kCongestion, kCongestion, kCongestion, kCongestion},
}};

// IPv6 is never fragmented on its way, so an inner IPv6 packet counts as DF set.
bool outer_dont_fragment(const PacketSummary& inner, DfRule rule) noexcept {
  if (rule != DfRule::Copy) return rule == DfRule::Set;
  return inner.family == Family::V6 || inner.dont_fragment;
}

}  // namespace

void finish_outer_header(Packet& packet, const PacketSummary& inner, const OutboundSa& sa,
                         std::uint8_t dscp, std::uint16_t ip_id) noexcept {
  const std::uint8_t ecn =
      sa.ecn == EcnRule::Normal ? inner.traffic_class & kEcnMask : std::uint8_t{kNotEct};
  const auto traffic_class = static_cast<std::uint8_t>(dscp << 2 | ecn);
  const auto length = static_cast<std::uint16_t>(packet.size());
  if (sa.outer_family == Family::V6) {
    auto& outer = packet.header<Ipv6Header>();
    outer.set_traffic_class(traffic_class);
    outer.payload_length.set(static_cast<std::uint16_t>(length - sizeof(Ipv6Header)));
    return;
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
}

bool decapsulated_ecn(std::uint8_t& inner, std::uint8_t outer) noexcept {
  const std::uint8_t result = kDecapsulated[inner & kEcnMask][outer & kEcnMask];
  if (result == kDrop) return false;
  inner = result;
  return true;
}

void set_traffic_class(Packet& packet, std::uint8_t traffic_class) noexcept {
  if (packet.summary.family == Family::V6) {
    packet.header<Ipv6Header>().set_traffic_class(traffic_class);
  } else {
    auto& header = packet.header<Ipv4Header>();
    const auto word = [](std::uint8_t tos) { return static_cast<std::uint16_t>(0x4500 | tos); };
    header.checksum.set(
        checksum_update(header.checksum.get(), word(header.tos), word(traffic_class)));
    header.tos = traffic_class;
  }
  packet.summary.traffic_class = traffic_class;
}

}  // namespace sallyport
