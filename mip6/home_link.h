// The link that a home agent serves, as configured (RFC 6275 10.6.1, RFC 4861 6.2.1).
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "mip6/neighbour_options.h"

namespace sallyport::mip6 {

// A lifetime that is always the same, or one that runs out (RFC 4861 6.2.1).
struct PrefixTime {
  PrefixLifetime steady{kForever};
  std::optional<Instant> until{};  // then this instead

  // In whole seconds; 0 where it has run out.
  [[nodiscard]] PrefixLifetime left(Instant now) const noexcept;
  friend bool operator==(const PrefixTime&, const PrefixTime&) = default;
};

struct HomePrefix {
  Prefix prefix{Address::any(Family::V6), 64};  // our own address in it, with its length
  Flags<PrefixFlag> flags{PrefixFlag::OnLink, PrefixFlag::Autonomous, PrefixFlag::RouterAddress};
  PrefixTime valid{};
  PrefixTime preferred{};
  friend bool operator==(const HomePrefix&, const HomePrefix&) = default;

  // As an option of advertisements.
  [[nodiscard]] PrefixInformation information(Instant now) const;
};

struct HomeLink {
  PortId port{kNoPort};
  Address link_local{Address::any(Family::V6)};  // ours
  MacAddress mac{};
  std::vector<HomePrefix> prefixes{};
  friend bool operator==(const HomeLink&, const HomeLink&) = default;

  // The longest prefix that is on this link and valid and holds the address; null where none does.
  [[nodiscard]] const HomePrefix* on_link(const Address& address, Instant now) const;
};

}  // namespace sallyport::mip6
