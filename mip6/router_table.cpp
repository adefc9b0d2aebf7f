#include "mip6/router_table.h"

#include <algorithm>

namespace sallyport::mip6 {
namespace {

// Below what RFC 6275 7.5 lets a router have, so that nobody makes us look all the time.
constexpr Duration kLeastInterval = std::chrono::milliseconds{70};
// Nobody has proved that it is a router: what has longer left is not ended sooner than this (RFC
// 4862 5.5.3 e).
constexpr Duration kLeastValid = std::chrono::hours{2};

Prefix without_host_bits(const Prefix& prefix) noexcept { return {prefix.first(), prefix.length}; }

bool is_for_hosts(const PrefixInformation& prefix) noexcept {
  const Address& address = prefix.prefix.address;
  return !address.is_link_local() && !address.is_multicast() && !address.is_unspecified();
}

Instant valid_until(const KnownPrefix* known, PrefixLifetime told, Instant now) {
  const Instant end = end_of(told, now);
  if (known == nullptr || end >= known->valid_until) return end;
  return std::max(end, std::min(known->valid_until, now + kLeastValid));
}

void update_prefix(KnownRouter& router, const PrefixInformation& told, Instant now) {
  if (!is_for_hosts(told)) return;
  const Prefix prefix = without_host_bits(told.prefix);
  const auto found = std::ranges::find(router.prefixes, prefix, &KnownPrefix::prefix);
  const bool is_known = found != router.prefixes.end();
  if (!is_known && told.valid == PrefixLifetime{}) return;
  const KnownPrefix known{.prefix = prefix,
                          .router = told.prefix.address,
                          .flags = told.flags,
                          .valid_until = valid_until(is_known ? &*found : nullptr, told.valid, now),
                          .preferred_until = end_of(std::min(told.preferred, told.valid), now)};
  if (is_known)
    *found = known;
  else if (router.prefixes.size() < RouterTable::kMostPrefixes)
    router.prefixes.push_back(known);
}

}  // namespace

bool KnownRouter::knows(const Prefix& prefix) const noexcept {
  return std::ranges::find(prefixes, prefix, &KnownPrefix::prefix) != prefixes.end();
}

KnownRouter& RouterTable::update(const RouterKey& key, const RouterAdvertisement& advertisement,
                                 Instant now, std::span<const RouterKey> kept) {
  if (!routers_.contains(key)) make_room(key.link, kept);
  KnownRouter& router = routers_[key];
  router.key = key;
  if (advertisement.link_address) router.link_address = advertisement.link_address;
  router.heard = now;
  router.ends = now + advertisement.lifetime;
  router.interval.reset();
  if (advertisement.advertisement_interval &&
      *advertisement.advertisement_interval != RouterInterval{})
    router.interval = std::max<Duration>(*advertisement.advertisement_interval, kLeastInterval);
  for (const PrefixInformation& prefix : advertisement.prefixes) update_prefix(router, prefix, now);
  return router;
}

void RouterTable::make_room(PortId link, std::span<const RouterKey> kept) {
  std::size_t on_link = 0;
  auto oldest = routers_.end();
  for (auto it = routers_.begin(); it != routers_.end(); ++it) {
    if (it->first.link != link) continue;
    ++on_link;
    if (std::ranges::find(kept, it->first) != kept.end()) continue;
    if (oldest == routers_.end() || it->second.heard < oldest->second.heard) oldest = it;
  }
  if (on_link >= kMostRouters) routers_.erase(oldest);
}

KnownRouter* RouterTable::find(const RouterKey& key) {
  const auto found = routers_.find(key);
  return found == routers_.end() ? nullptr : &found->second;
}

void RouterTable::remove_ended(Instant now) {
  std::erase_if(routers_, [now](const auto& entry) { return entry.second.ends <= now; });
  for (auto& [key, router] : routers_)
    std::erase_if(router.prefixes,
                  [now](const KnownPrefix& prefix) { return prefix.valid_until <= now; });
}

void RouterTable::remove_link(PortId link) {
  std::erase_if(routers_, [link](const auto& entry) { return entry.first.link == link; });
}

bool is_another(const KnownRouter& known, const RouterAdvertisement& advertisement) {
  bool has_prefixes = false;
  for (const PrefixInformation& prefix : advertisement.prefixes) {
    if (!is_for_hosts(prefix)) continue;
    if (known.knows(without_host_bits(prefix.prefix))) return false;
    has_prefixes = true;
  }
  return has_prefixes && !known.prefixes.empty();
}

Instant end_of(PrefixLifetime lifetime, Instant now) noexcept {
  return lifetime == kForever ? Instant::max() : now + lifetime;
}

}  // namespace sallyport::mip6
