// Neighbour solicitations and advertisements on Ethernet (RFC 4861 4.3, 4.4, 4.6.1).
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "net/address.h"
#include "net/icmp.h"
#include "net/packet_summary.h"

namespace sallyport {

// The hop limit of neighbour discovery: no router can have left it (RFC 4861 3.1).
inline constexpr std::uint8_t kFromThisLink = 255;
// RETRANS_TIMER of RFC 4861 10.
inline constexpr Duration kRetransmit = std::chrono::seconds(1);

struct NeighbourMessage {
  enum class Kind : std::uint8_t { Solicitation = 135, Advertisement = 136 };

  Kind kind{Kind::Solicitation};
  Address source{Address::any(Family::V6)};  // unspecified: duplicate address detection
  Address destination{Address::any(Family::V6)};
  Address target{Address::any(Family::V6)};
  // The source's (solicitation) or target's (advertisement) link address option.
  std::optional<MacAddress> link_address{};
  bool router{};  // the flags of an advertisement
  bool solicited{};
  bool override{};

  friend bool operator==(const NeighbourMessage&, const NeighbourMessage&) = default;
};

// By its type: a solicitation or an advertisement, valid or not.
[[nodiscard]] bool is_neighbour_discovery(const PacketSummary& packet) noexcept;

// By its type: multicast listener discovery (RFC 2710, RFC 3810).
[[nodiscard]] inline bool is_listener_discovery(const PacketSummary& packet) noexcept {
  if (packet.protocol != kProtocolIcmpv6 || !packet.ports_visible) return false;
  const int type = packet.source_port >> 8;
  return (type >= icmp6::kListenerQuery && type <= icmp6::kListenerDone) ||
         type == icmp6::kListenerReport2;
}

// By its type: neighbour and router discovery (RFC 4861 4) or multicast listener discovery (RFC
// 2710, RFC 3810), which have no meaning beyond the link that they are sent on.
[[nodiscard]] inline bool is_link_protocol(const PacketSummary& packet) noexcept {
  if (packet.protocol != kProtocolIcmpv6 || !packet.ports_visible) return false;
  const int type = packet.source_port >> 8;
  return is_listener_discovery(packet) ||
         (type >= icmp6::kRouterSolicitation && type <= icmp6::kRedirect);
}

// Reads an ICMPv6 datagram of type 135 or 136. Nullopt where a check of RFC 4861 7.1.1 or 7.1.2
// fails, or where it is a fragment (RFC 6980).
[[nodiscard]] std::optional<NeighbourMessage> parse_neighbour_message(
    ByteView datagram, const PacketSummary& summary) noexcept;
// The whole datagram, hop limit 255.
[[nodiscard]] std::vector<std::uint8_t> build_neighbour_message(const NeighbourMessage& message);

// ff02::1:ffXX:XXXX (RFC 4291 2.7.1).
[[nodiscard]] Address solicited_node(const Address& target) noexcept;
// 33:33 and the last four octets (RFC 2464 7).
[[nodiscard]] MacAddress multicast_mac(const Address& group) noexcept;
// ff02::1
[[nodiscard]] Address all_nodes() noexcept;
// ff02::2
[[nodiscard]] Address all_routers() noexcept;

}  // namespace sallyport
