// What a relay agent and a DHCPv6 server say to each other about a client's message (RFC 8415 9,
// 21.10, 21.18; HA-19). Pure.
#pragma once

#include <optional>

#include "mip6/message.h"
#include "net/address.h"

namespace sallyport::mip6 {

struct DhcpRelayMessage {
  enum class Kind : std::uint8_t { Forward = 12, Reply = 13 };
  Kind kind{Kind::Forward};
  std::uint8_t hop_count{};
  Address link{Address::any(Family::V6)};  // an address of the relay agent on the client's link
  Address peer{Address::any(Family::V6)};  // the client
  Octets interface_id{};  // which the server gives back as it was; 256 octets at most
  Octets message{};       // what is relayed, as it was; kMostDhcpMessage octets at most
  friend bool operator==(const DhcpRelayMessage&, const DhcpRelayMessage&) = default;
};

inline constexpr std::uint8_t kDhcpHopLimit = 8;  // HOP_COUNT_LIMIT (RFC 8415 7.6)
// With its UDP and IPv6 headers what an Ethernet link carries.
inline constexpr std::size_t kMostDhcpMessage = 1452;
inline constexpr std::size_t kMostInterfaceId = 256;

// Nullopt where it is no relay message or malformed, has one of the two options twice or not at
// all, one that is too long, or more hops behind it than any may have. Other options are skipped.
[[nodiscard]] std::optional<DhcpRelayMessage> parse_dhcp_relay_message(ByteView message);
[[nodiscard]] Octets build_dhcp_relay_message(const DhcpRelayMessage& message);

}  // namespace sallyport::mip6
