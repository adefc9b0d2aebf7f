// The home agents of a link, as their router advertisements tell (RFC 6275 10.1, 10.5.1; DHAAD-03,
// NEMO-05).
#pragma once

#include <vector>

#include "base/clock.h"
#include "mip6/router_advertisement.h"

namespace sallyport::mip6 {

struct KnownHomeAgent {
  struct GlobalAddress {
    Address address;
    Instant ends{Instant::max()};  // of its prefix
    friend bool operator==(const GlobalAddress&, const GlobalAddress&) = default;
  };

  Address link_local{Address::any(Family::V6)};
  std::vector<GlobalAddress> addresses{};
  std::uint16_t preference{};
  bool mobile_router{};  // serves routers
  bool managed{};        // its advertisements' flags M and O, for prefix advertisements
  bool other{};
  Instant ends{};
  friend bool operator==(const KnownHomeAgent&, const KnownHomeAgent&) = default;
};

// Control thread. A link's; others than ourselves.
class HomeAgentsList {
 public:
  explicit HomeAgentsList(const Clock& clock) noexcept : clock_(clock) {}

  // A valid advertisement of that link. Beyond kMost home agents, or kMostAddresses of one, no
  // further ones are taken.
  void hear(const RouterAdvertisement& advertisement);
  void clear() noexcept { agents_.clear(); }
  // Those whose lifetimes last, with the addresses that do.
  [[nodiscard]] std::vector<KnownHomeAgent> present() const;

  static constexpr std::size_t kMost = 64;
  static constexpr std::size_t kMostAddresses = 16;

 private:
  void forget_ended();

  const Clock& clock_;
  std::vector<KnownHomeAgent> agents_;
};

}  // namespace sallyport::mip6
