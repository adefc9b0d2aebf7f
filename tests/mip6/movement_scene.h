// Movement detection whose routers and neighbours are a test's words.
#pragma once

#include "mip6/movement_detection.h"
#include "tests/mip6/fake_surroundings.h"

namespace sallyport::mip6::test {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Reachability = NeighbourDiscovery::Reachability;

inline constexpr PortId kOtherLink{2};
inline const Address kRouter = ip("fe80::1");
inline const Address kSecondRouter = ip("fe80::2");
inline const Prefix kPrefixA{ip("2001:db8:a::"), 64};
inline const Prefix kPrefixE{ip("2001:db8:e::"), 64};
inline const Prefix kHomePrefix{ip("2001:db8:b::"), 64};
inline const Address kAtE = ip("2001:db8:e::100");

struct PlacesHeard final : MovementListener {
  void attached(const Attachment& attachment) override { places.push_back(attachment); }
  void detached() override { ++detachments; }
  // The care-of addresses in their order, each once while it lasts; :: is home.
  [[nodiscard]] std::vector<Address> care_ofs() const {
    std::vector<Address> found;
    for (const Attachment& place : places) {
      const Address address = place.care_of ? place.care_of->address : Address::any(Family::V6);
      if (found.empty() || found.back() != address) found.push_back(address);
    }
    return found;
  }
  std::vector<Attachment> places;
  int detachments{};
};

inline RouterAdvertisement advertisement(const Address& router, const Prefix& prefix) {
  return {.source = router,
          .lifetime = RouterLifetime{1800},
          .prefixes = {{.prefix = prefix,
                        .flags = {PrefixFlag::OnLink, PrefixFlag::Autonomous},
                        .valid = PrefixLifetime{3600},
                        .preferred = PrefixLifetime{1800}}}};
}

struct MovementScene {
  explicit MovementScene(MovementDetection::Settings settings = {})
      : movement(
            {.clock = fakes.clock,
             .timers = fakes.timers,
             .random = fakes.random,
             .neighbours = fakes.neighbours,
             .discovery = fakes.discovery,
             .addresses = fakes.addresses},
            [&settings] {
              settings.home_prefixes = {kHomePrefix};
              return settings;
            }(),
            listener) {}

  void hear(const Address& router, const Prefix& prefix, PortId link = kLink) {
    movement.advertised(link, advertisement(router, prefix));
  }
  // And its address found to be nobody else's.
  void settle(const Address& router, const Prefix& prefix, PortId link = kLink) {
    hear(router, prefix, link);
    fakes.neighbours.finish_detection();
  }
  [[nodiscard]] bool has(const Address& address, PortId link = kLink) const {
    return fakes.addresses.own.contains({link, address});
  }
  [[nodiscard]] std::optional<Address> care_of() const {
    const auto& attachment = movement.attachment();
    if (!attachment || !attachment->care_of) return std::nullopt;
    return attachment->care_of->address;
  }

  FakeSurroundings fakes;
  PlacesHeard listener;
  MovementDetection movement;
};

}  // namespace sallyport::mip6::test
