// DHCPv6 as far as a mobile node asks the link that it visits for home agents (RFC 8415, RFC 6610;
// BOOT-09): an Information-request, and what a Reply says to it. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "net/address.h"
#include "net/udp.h"

namespace sallyport::mip6 {

inline constexpr UdpPorts kDhcpToServer{.source = kDhcpClientPort, .destination = kDhcpServerPort};
inline constexpr UdpPorts kDhcpToClient{.source = kDhcpServerPort, .destination = kDhcpClientPort};
// ff02::1:2, all relay agents and servers of a link (RFC 8415 7.1).
[[nodiscard]] Address all_dhcp_servers() noexcept;

struct InformationRequest {
  std::uint32_t transaction{};  // 24 bits
  MacAddress client{};          // that its DUID is made of (RFC 8415 11.4)
  std::chrono::milliseconds elapsed{};
  std::string domain{};  // whose home agents are wanted; empty: of the visited network
};
// A domain of more than 253 octets, or with a label of more than 63, is left out.
[[nodiscard]] std::vector<std::uint8_t> build_information_request(
    const InformationRequest& request);

struct HomeNetworkReply {
  // Of the network that was asked for, in the server's order; each may be empty.
  std::vector<Address> home_agents{};
  std::vector<std::string> names{};
  // Of the visited network (RFC 3646 3).
  std::vector<Address> name_servers{};
};
// Nullopt where it is malformed, or no answer to `asked` (RFC 8415 16.10).
[[nodiscard]] std::optional<HomeNetworkReply> parse_reply(ByteView message,
                                                          const InformationRequest& asked);

}  // namespace sallyport::mip6
