// The four messages of ICMPv6 by which a mobile node finds its home agent and keeps up with its
// home link (RFC 6275 6.5 to 6.8, RFC 3963 7; DHAAD-01, MPD-01, NEMO-05).
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "mip6/neighbour_options.h"

namespace sallyport::mip6 {

// 6.5
struct HomeAgentDiscoveryRequest {
  std::uint16_t identifier{};
  bool mobile_router{};  // asks for home agents of routers
  friend bool operator==(const HomeAgentDiscoveryRequest&,
                         const HomeAgentDiscoveryRequest&) = default;
};

// 6.6
struct HomeAgentDiscoveryReply {
  std::uint16_t identifier{};  // the request's
  bool mobile_router{};        // all those below serve routers
  std::vector<Address> home_agents{};
  friend bool operator==(const HomeAgentDiscoveryReply&, const HomeAgentDiscoveryReply&) = default;
};

// 6.7. Travels with a Home Address option.
struct MobilePrefixSolicitation {
  std::uint16_t identifier{};
  friend bool operator==(const MobilePrefixSolicitation&,
                         const MobilePrefixSolicitation&) = default;
};

// 6.8. Travels with a type 2 routing header.
struct MobilePrefixAdvertisement {
  std::uint16_t identifier{};  // the solicitation's
  bool managed{};              // M: addresses by DHCPv6
  bool other{};                // O: other configuration by DHCPv6
  std::vector<PrefixInformation> prefixes{};
  friend bool operator==(const MobilePrefixAdvertisement&,
                         const MobilePrefixAdvertisement&) = default;
};

using DiscoveryMessage = std::variant<HomeAgentDiscoveryRequest, HomeAgentDiscoveryReply,
                                      MobilePrefixSolicitation, MobilePrefixAdvertisement>;

// `icmp` is a whole ICMPv6 message, its checksum included; the addresses are home addresses where
// the packet has them in its extension headers. Nullopt for one of another type or code, with a
// wrong checksum, or with addresses or options that do not fit. Unknown options are skipped.
[[nodiscard]] std::optional<DiscoveryMessage> parse_discovery_message(ByteView icmp,
                                                                      const Address& source,
                                                                      const Address& destination);
// The ICMPv6 message, checksummed for the same addresses. That it fits a packet is the caller's
// care: 16 octets an address, 32 a prefix, 8 besides.
[[nodiscard]] Octets build_discovery_message(const DiscoveryMessage& message, const Address& source,
                                             const Address& destination);

}  // namespace sallyport::mip6
