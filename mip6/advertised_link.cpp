#include "mip6/advertised_link.h"

#include <algorithm>

#include "net/neighbour_discovery.h"

namespace sallyport::mip6 {
namespace {

using namespace std::chrono_literals;

// Their schedulers' grain, so that mobile nodes do not give us up too early (RFC 6275 7.5).
constexpr auto kBrief = 200ms;
constexpr auto kAllowance = 20ms;
constexpr RouterLifetime kLongestLifetime{9000};  // RFC 4861 6.2.1

std::unexpected<Error> wrong(const std::string& what, std::string right) {
  return fail(Error::Code::Invalid, what + " cannot be so", std::move(right));
}

bool bears_our_address(const HomePrefix& prefix) {
  return prefix.flags.has(PrefixFlag::RouterAddress) && prefix.prefix.address.is_unicast_routable();
}

RouterInterval told_interval(const AdvertisingSettings& settings) {
  const auto most = settings.most < kBrief ? settings.most + kAllowance : settings.most;
  return RouterInterval{static_cast<std::uint32_t>(most.count())};
}

Flags<RouterFlag> flags_of(const AdvertisingSettings& settings) {
  const unsigned managed = settings.managed ? std::to_underlying(RouterFlag::Managed) : 0u;
  const unsigned other = settings.other ? std::to_underlying(RouterFlag::Other) : 0u;
  const unsigned home_agent = std::to_underlying(RouterFlag::HomeAgent);
  return Flags<RouterFlag>::of_wire(static_cast<std::uint8_t>(managed | other | home_agent));
}

}  // namespace

Expected<void> check(const AdvertisingSettings& settings, const HomeLink& link) {
  if (settings.most < 70ms || settings.most > 1800s)
    return wrong("the longest advertisement interval", "70 ms to 1800 s");
  if (settings.least < 30ms || settings.least * 4 > settings.most * 3)
    return wrong("the shortest advertisement interval", "30 ms to three quarters of the longest");
  if (settings.between < 30ms) return wrong("the delay between advertisements", "30 ms or more");
  const RouterLifetime lifetime = router_lifetime(settings);
  if (lifetime != RouterLifetime{} && (lifetime > kLongestLifetime || lifetime < settings.most))
    return wrong("the router lifetime", "0, or the longest advertisement interval to 9000 s");
  const RouterLifetime as_home_agent = settings.home_agent_lifetime.value_or(lifetime);
  if (as_home_agent == RouterLifetime{}) return wrong("the home agent lifetime", "1 to 65535 s");
  if (!std::ranges::any_of(link.prefixes, bears_our_address))
    return wrong("a home link without our address", "a prefix with the flag for router addresses");
  return {};
}

RouterLifetime router_lifetime(const AdvertisingSettings& settings) noexcept {
  if (settings.lifetime) return *settings.lifetime;
  const auto thrice = std::chrono::floor<std::chrono::seconds>(3 * settings.most);
  return RouterLifetime{static_cast<std::uint16_t>(
      std::clamp<std::int64_t>(thrice.count(), 1, kLongestLifetime.count()))};
}

RouterAdvertisement compose_advertisement(const AdvertisingSettings& settings, const HomeLink& link,
                                          Instant now) {
  const RouterLifetime lifetime = router_lifetime(settings);
  RouterAdvertisement composed{.source = link.link_local,
                               .destination = all_nodes(),
                               .hop_limit = settings.hop_limit,
                               .flags = flags_of(settings),
                               .lifetime = lifetime,
                               .link_address = link.mac,
                               .mtu = settings.mtu};
  for (const HomePrefix& prefix : link.prefixes)
    composed.prefixes.push_back(prefix.information(now));
  if (settings.tells_interval) composed.advertisement_interval = told_interval(settings);
  const HomeAgentInformation information{
      .mobile_router = settings.mobile_router,
      .preference = settings.preference,
      .lifetime = settings.home_agent_lifetime.value_or(lifetime)};
  // Of defaults alone it should not be sent (RFC 6275 7.4).
  if (information != HomeAgentInformation{.lifetime = lifetime}) composed.home_agent = information;
  return composed;
}

RouterAdvertisement compose_farewell(const AdvertisingSettings& settings, const HomeLink& link,
                                     Instant now) {
  RouterAdvertisement last = compose_advertisement(settings, link, now);
  last.flags = {};
  last.lifetime = {};
  last.home_agent.reset();
  return last;
}

}  // namespace sallyport::mip6
