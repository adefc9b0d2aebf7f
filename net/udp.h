// UDP (RFC 768): the header, whole messages, and the ports of IKE, of ESP in UDP (RFC 3948) and of
// DHCPv6 (RFC 8415).
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "net/address.h"

namespace sallyport {

struct UdpHeader {
  Be16 source_port;
  Be16 destination_port;
  Be16 length;
  Be16 checksum;
};
static_assert(sizeof(UdpHeader) == 8 && alignof(UdpHeader) == 1);

inline constexpr std::uint16_t kDnsPort = 53;
inline constexpr std::uint16_t kIkePort = 500;
inline constexpr std::uint16_t kIkeNatPort = 4500;
inline constexpr std::uint16_t kDhcpClientPort = 546;
inline constexpr std::uint16_t kDhcpServerPort = 547;  // relay agents', too

struct UdpPorts {
  std::uint16_t source{};
  std::uint16_t destination{};
  friend bool operator==(const UdpPorts&, const UdpPorts&) = default;
};
// Nullopt where there is no whole header.
[[nodiscard]] std::optional<UdpPorts> udp_ports(ByteView message) noexcept;
// What a whole message as received between these addresses carries. Nullopt where it is cut short,
// or its checksum is wrong or, over IPv6, absent (RFC 8200 8.1).
[[nodiscard]] std::optional<ByteView> udp_payload(ByteView message, const Address& source,
                                                  const Address& destination) noexcept;
// The message with its checksum. That the payload fits its length field is the caller's care.
[[nodiscard]] std::vector<std::uint8_t> make_udp_message(const UdpPorts& ports,
                                                         const Address& source,
                                                         const Address& destination,
                                                         ByteView payload);

}  // namespace sallyport
