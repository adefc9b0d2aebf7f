// Router advertisements, with what Mobile IPv6 adds to them (RFC 4861 4.2, 6.1.2; RFC 6275 7.1 to
// 7.4, RFC 3963 7.3; NDX-01, NEMO-05).
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "base/error.h"
#include "mip6/neighbour_options.h"
#include "net/packet_summary.h"

namespace sallyport::mip6 {

enum class RouterFlag : std::uint8_t {
  Managed = 0x80,    // M: addresses by DHCPv6
  Other = 0x40,      // O: other configuration by DHCPv6
  HomeAgent = 0x20,  // H (RFC 6275 7.1)
  All = 0xe0,
};

using RouterLifetime = std::chrono::duration<std::uint16_t>;              // seconds
using RouterInterval = std::chrono::duration<std::uint32_t, std::milli>;  // 0: unspecified

// RFC 6275 7.4
struct HomeAgentInformation {
  bool mobile_router{};        // serves routers (RFC 3963 7.3)
  std::uint16_t preference{};  // the greater the better
  RouterLifetime lifetime{};   // may come as 0, which must not be sent
  friend bool operator==(const HomeAgentInformation&, const HomeAgentInformation&) = default;
};

struct RouterAdvertisement {
  Address source{Address::any(Family::V6)};  // link-local
  Address destination{Address::any(Family::V6)};
  std::uint8_t hop_limit{};  // for what hosts send; 0: unspecified
  Flags<RouterFlag> flags{};
  RouterLifetime lifetime{};  // 0: no default router
  RouterInterval reachable_time{};
  RouterInterval retransmit_timer{};
  std::optional<MacAddress> link_address{};
  std::optional<std::uint32_t> mtu{};
  std::vector<PrefixInformation> prefixes{};
  std::optional<RouterInterval> advertisement_interval{};  // RFC 6275 7.3
  std::optional<HomeAgentInformation> home_agent{};
  friend bool operator==(const RouterAdvertisement&, const RouterAdvertisement&) = default;
};

// Reads an ICMPv6 datagram. Nullopt where it is of another type, where a check of RFC 4861 6.1.2
// fails, or where it is a fragment (RFC 6980). Options that are not known here, or of another
// length than theirs, are skipped; of those that come once the last counts.
[[nodiscard]] std::optional<RouterAdvertisement> parse_router_advertisement(
    ByteView datagram, const PacketSummary& summary);
// The whole datagram, hop limit 255. Fails where it has home agent information without the flag
// HomeAgent or with a lifetime of 0 (RFC 6275 7.4).
[[nodiscard]] Expected<Octets> build_router_advertisement(const RouterAdvertisement& advertisement);

}  // namespace sallyport::mip6
