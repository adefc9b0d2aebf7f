// Where the mobile node is: which router of which link it uses, and with which care-of address
// (RFC 6275 11.5.1 to 11.5.4; MN-01). The current router is kept as long as it can be reached,
// unless the home link is there.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "base/random.h"
#include "mip6/alarm.h"
#include "mip6/ports.h"
#include "mip6/router_table.h"

namespace sallyport::mip6 {

struct CareOf {
  Address address;
  Instant valid_until;  // of its prefix
};
struct Attachment {
  PortId link{kNoPort};
  Address router;  // link-local
  std::optional<MacAddress> router_link_address{};
  std::vector<Address> router_addresses{};  // global ones that it told
  std::optional<CareOf> care_of{};          // nullopt on the home link
};
class MovementListener {
 public:
  virtual ~MovementListener() = default;
  // Before any packet can leave by it: attached() comes next.
  virtual void arriving(const Attachment& attachment) { static_cast<void>(attachment); }
  // The care-of address may be used from now on; another router with the same one is told too.
  virtual void attached(const Attachment& attachment) = 0;
  virtual void detached() = 0;
};

class MovementDetection {
 public:
  enum class Duplicates : std::uint8_t { DetectFirst, Optimistic };  // RFC 4862, RFC 4429
  enum class Switching : std::uint8_t {
    Lazy,  // a new router on our link: only when ours does not answer any more
    Eager  // at once
  };
  struct Settings {
    std::vector<Prefix> home_prefixes{};
    Duplicates duplicates{Duplicates::DetectFirst};
    Switching switching{Switching::Lazy};
    unsigned missed_advertisements{3};  // of the Advertisement Interval, then the router is probed
    std::vector<PortId> links{};        // the preferred first; others come behind
  };
  struct Surroundings {
    const Clock& clock;
    Timers& timers;
    Random& random;
    NeighbourProxy& neighbours;
    NeighbourDiscovery& discovery;
    AddressSetup& addresses;
  };
  MovementDetection(const Surroundings& surroundings, Settings settings,
                    MovementListener& listener);

  void link_up(PortId link);
  void link_down(PortId link);
  // A hint that the link may be another one now (an L2 handover): a new router on it is taken at
  // once, unless the one that we have is heard first.
  void link_moved(PortId link);
  void advertised(PortId link, const RouterAdvertisement& advertisement);
  // Neighbour unreachability detection has given up on a router.
  void router_unreachable(PortId link, const Address& router);
  // When bootstrapping has found them.
  void set_home_prefixes(std::vector<Prefix> prefixes);

  [[nodiscard]] const std::optional<Attachment>& attachment() const noexcept { return attachment_; }

 private:
  struct Candidate {
    RouterKey router;
    KnownPrefix prefix;
    Address address;
    unsigned tries{1};  // of identifiers
  };
  // A care-of address that packets on their way may still come to (11.5.4).
  struct Held {
    RouterKey router;
    Address address;
  };
  // An advertisement in the name of our router that has none of what that one has told.
  struct Doubted {
    RouterKey router;
    RouterAdvertisement advertisement;
  };

  [[nodiscard]] bool is_home(const KnownRouter& router) const;
  [[nodiscard]] bool at(const RouterKey& router) const noexcept { return current_ == router; }
  [[nodiscard]] bool is_doubtful(const RouterKey& router) const;
  void doubt(const RouterKey& router, const RouterAdvertisement& advertisement);
  void take(const RouterKey& router, const RouterAdvertisement& advertisement);
  void consider(const KnownRouter& router);
  void suspect();
  // By value: what they are given may be the key of what goes.
  void replace(RouterKey router);
  void lose(RouterKey router);
  void forget(RouterKey router);
  void choose();
  void detach();
  bool attach(const KnownRouter& router);
  [[nodiscard]] std::size_t rank(PortId link) const;
  [[nodiscard]] const KnownPrefix* best_prefix(const KnownRouter& router) const;
  [[nodiscard]] bool is_duplicate(PortId link, const Prefix& prefix, Instant now) const;
  void forget_duplicates(PortId link);
  [[nodiscard]] bool is_ours(const RouterKey& router, const Prefix& prefix) const;
  void try_address(const Candidate& candidate);
  void detected(NeighbourProxy::Uniqueness uniqueness, const Candidate& candidate);
  void try_another_identifier(Candidate candidate);
  void become(const KnownRouter& router, const std::optional<CareOf>& care_of);
  void leave(const Attachment& before, const std::optional<CareOf>& care_of);
  void release_held();
  void watch();
  void look();

  Surroundings around_;
  Settings settings_;
  MovementListener& listener_;
  RouterTable routers_;
  std::set<PortId> links_;   // that are up
  std::set<PortId> hinted_;  // that may be other links now
  // Where no address could be had, until then.
  std::map<std::pair<PortId, Prefix>, Instant> duplicates_;
  std::optional<Attachment> attachment_;
  std::optional<RouterKey> current_;  // of the attachment
  std::optional<RouterKey> pending_;  // whose address is being checked
  std::optional<Held> held_;
  std::optional<Doubted> doubted_;
  std::shared_ptr<int> check_;  // of the last address: answers about another come too late
  std::shared_ptr<int> probe_;  // of the current router, while it lasts
  Alarm watch_;
  Alarm doubt_;
};

// The address that a prefix of 64 bits and an interface identifier make (RFC 4291 2.5.1).
[[nodiscard]] Address address_of(const Prefix& prefix,
                                 const std::array<std::uint8_t, 8>& identifier) noexcept;

}  // namespace sallyport::mip6
