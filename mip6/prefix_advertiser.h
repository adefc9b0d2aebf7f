// Tells nodes that are away what prefixes their home link has (RFC 6275 10.6; MPD-02). Control
// thread.
#pragma once

#include <memory>
#include <unordered_map>

#include "base/recent_map.h"
#include "mip6/binding_cache.h"
#include "mip6/home_agent_discovery.h"
#include "mip6/home_link.h"
#include "mip6/retransmission.h"

namespace sallyport::mip6 {

class PrefixAdvertiser {
 public:
  struct Surroundings {
    const Clock& clock;
    Timers& timers;
    Random& random;
    PacketSender& sender;
    const BindingCache& cache;
  };
  struct Settings {
    std::vector<HomePrefix> prefixes{};
    // M and O, as of the link's router advertisements, where DHCPv6 is relayed for nodes that are
    // away; else neither (RFC 6275 10.4.4).
    bool managed{};
    bool other{};
    std::chrono::seconds longest_wait{86'400};  // MaxMobPfxAdvInterval
    std::chrono::seconds shortest_wait{600};    // MinMobPfxAdvInterval
    friend bool operator==(const Settings&, const Settings&) = default;
  };
  PrefixAdvertiser(const Surroundings& around, Settings settings);

  // Answers at once, but once a second and node at most. A solicitation acknowledges what was sent
  // before it. Only with a Home Address option and by IPsec.
  void receive(const Arrival& arrival, const MobilePrefixSolicitation& solicitation);

  // A home registration has begun or been refreshed; or it has ended, and nothing more is sent.
  void registered(const BindingEntry& entry);
  void ended(const Address& home_address);
  [[nodiscard]] bool knows(const Address& home_address) const {
    return nodes_.contains(home_address);
  }

  // What has changed, for any reason but time, is told to all nodes that are away. Routers of the
  // link that change their mind often do not cost more for it: all is scheduled kChange later.
  void set(Settings settings);

  static constexpr Duration kFirstTimeout = std::chrono::seconds(3);  // PREFIX_ADV_TIMEOUT
  static constexpr unsigned kRetries = 3;                             // PREFIX_ADV_RETRIES
  static constexpr std::size_t kMostPrefixes = 32;                    // of a message
  static constexpr Duration kChange = std::chrono::seconds(3);

 private:
  struct Node {
    explicit Node(Timers& timers) : scheduled(timers), sending(timers) {}
    Alarm scheduled;
    Instant due{};  // of what is scheduled
    Retransmission sending;
    bool acknowledged{true};  // what was sent last
  };

  void tell_change();
  void schedule(const Address& home_address, Node& node);
  [[nodiscard]] Duration delay(const Address& home_address);
  void begin(const Address& home_address);
  void send_unsolicited(const Address& home_address);
  void send(const Departure& departure, std::uint16_t identifier);

  Surroundings around_;
  Settings settings_;
  Settings told_;  // those that all nodes have heard of, or will hear of by what is scheduled
  Alarm change_;
  std::unordered_map<Address, std::unique_ptr<Node>, AddressHash> nodes_;  // by home address
  RecentMap<Address, Instant> answered_;                                   // when last
};

}  // namespace sallyport::mip6
