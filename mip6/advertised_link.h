// Our own router advertisements on a home link, and when they go out (RFC 4861 6.2.1, RFC 6275 7,
// 13; NDX-01..03, NEMO-05).
#pragma once

#include <chrono>

#include "mip6/home_link.h"
#include "mip6/router_advertisement.h"

namespace sallyport::mip6 {

struct AdvertisingSettings {
  using Interval = std::chrono::milliseconds;

  Interval most{std::chrono::seconds(600)};   // MaxRtrAdvInterval, 70 ms to 1 800 s
  Interval least{std::chrono::seconds(198)};  // MinRtrAdvInterval, 30 ms to three quarters of it
  Interval between{std::chrono::seconds(3)};  // MinDelayBetweenRAs, 30 ms or more
  std::optional<RouterLifetime> lifetime{};   // three times `most`, at least a second
  std::uint8_t hop_limit{64};                 // for what hosts send
  bool managed{};                             // M
  bool other{};                               // O
  bool tells_interval{};                      // the option of RFC 6275 7.3
  std::uint16_t preference{};                 // as a home agent
  std::optional<RouterLifetime> home_agent_lifetime{};  // as a home agent; the router's
  bool mobile_router{};                                 // serves routers
  std::optional<std::uint32_t> mtu{};
  friend bool operator==(const AdvertisingSettings&, const AdvertisingSettings&) = default;
};

// Fails for what RFC 4861 6.2.1 or RFC 6275 7.5 do not allow, and for a link without a prefix that
// bears our address (RFC 6275 7.2).
[[nodiscard]] Expected<void> check(const AdvertisingSettings& settings, const HomeLink& link);

[[nodiscard]] RouterLifetime router_lifetime(const AdvertisingSettings& settings) noexcept;

// To all nodes. The settings are checked ones.
[[nodiscard]] RouterAdvertisement compose_advertisement(const AdvertisingSettings& settings,
                                                        const HomeLink& link, Instant now);
// The last one: neither a router nor a home agent any more (RFC 4861 6.2.5).
[[nodiscard]] RouterAdvertisement compose_farewell(const AdvertisingSettings& settings,
                                                   const HomeLink& link, Instant now);

}  // namespace sallyport::mip6
