// Routers that a mobile node has heard on its links, and what they advertise (RFC 4861 6.3.4).
#pragma once

#include <compare>
#include <map>
#include <span>

#include "base/clock.h"
#include "mip6/router_advertisement.h"

namespace sallyport::mip6 {

struct RouterKey {
  PortId link{kNoPort};
  Address address;  // link-local
  friend auto operator<=>(const RouterKey&, const RouterKey&) = default;
};

struct KnownPrefix {
  Prefix prefix;   // without host bits
  Address router;  // with RouterAddress its global address
  Flags<PrefixFlag> flags{};
  Instant valid_until;
  Instant preferred_until;
};
struct KnownRouter {
  RouterKey key;
  std::optional<MacAddress> link_address{};
  Instant heard;
  Instant ends;
  std::optional<Duration> interval{};  // between its advertisements, at most
  std::vector<KnownPrefix> prefixes{};

  [[nodiscard]] bool knows(const Prefix& prefix) const noexcept;
};

class RouterTable {
 public:
  // Of a link. What is heard of one more than these replaces the one that was heard last the
  // longest ago.
  static constexpr std::size_t kMostRouters = 16;
  static constexpr std::size_t kMostPrefixes = 16;  // of a router

  // What the advertisement makes of the router; with a lifetime of 0 it is not for here. Those that
  // are `kept`, two at most, are not replaced by another.
  KnownRouter& update(const RouterKey& key, const RouterAdvertisement& advertisement, Instant now,
                      std::span<const RouterKey> kept);
  [[nodiscard]] KnownRouter* find(const RouterKey& key);
  void remove(const RouterKey& key) { routers_.erase(key); }
  // Whose lifetime is over, and prefixes likewise.
  void remove_ended(Instant now);
  void remove_link(PortId link);
  [[nodiscard]] const std::map<RouterKey, KnownRouter>& all() const noexcept { return routers_; }

 private:
  void make_room(PortId link, std::span<const RouterKey> kept);

  std::map<RouterKey, KnownRouter> routers_;
};

// The advertisement is of another router than the one known by this address: it has prefixes, and
// none of those (RFC 6275 11.5.1: link-local addresses may be the same on several links).
[[nodiscard]] bool is_another(const KnownRouter& known, const RouterAdvertisement& advertisement);
// When a lifetime of the wire that begins now is over; one that never is ends with time.
[[nodiscard]] Instant end_of(PrefixLifetime lifetime, Instant now) noexcept;

}  // namespace sallyport::mip6
