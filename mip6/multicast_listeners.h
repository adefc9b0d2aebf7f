// Which groups nodes that are away listen to: asked for through their tunnels, and told to who
// copies packets (RFC 6275 10.4.3, RFC 3810 7; HA-18). Control thread.
//
// A tunnel has one listener, whatever is behind it: its node speaks for all of that. So nobody else
// is asked when it leaves a group, and reports of both versions go side by side. Only who blocks
// sources is asked what that means for the group.
#pragma once

#include <map>
#include <memory>
#include <unordered_map>

#include "base/random.h"
#include "base/rate_limit.h"
#include "mip6/address_hash.h"
#include "mip6/alarm.h"
#include "mip6/listener_discovery.h"
#include "mip6/ports.h"

namespace sallyport::mip6 {

class MulticastListeners {
 public:
  // All of which outlive it.
  struct Surroundings {
    const Clock& clock;
    Timers& timers;
    Random& random;
    PacketSender& sender;
    MulticastForwarding& forwarding;
  };
  struct Settings {
    std::chrono::seconds query_interval{125};             // 1 or more (RFC 3810 9.2)
    std::chrono::milliseconds response_interval{10'000};  // 9.3
    std::uint8_t robustness{2};                           // 1 to 7 (9.1)
    // Groups of a smaller scope are not listened to: what is not global should not leave the site
    // (RFC 6275 10.4.2). Those of link-local scope never are, whatever this says.
    std::uint8_t smallest_scope{kGlobalScope};
    std::size_t most_groups{64};            // of a node
    std::size_t most_memberships{262'144};  // of all together
    friend bool operator==(const Settings&, const Settings&) = default;
  };
  // Queries come from `link_local`, ours on the home link.
  MulticastListeners(const Surroundings& around, const Settings& settings,
                     const Address& link_local);
  // All leave.
  ~MulticastListeners();
  MulticastListeners(const MulticastListeners&) = delete;
  MulticastListeners& operator=(const MulticastListeners&) = delete;

  // Queries follow it with the next one. Memberships go on, but for groups of too small a scope.
  void set(const Settings& settings, const Address& link_local);

  // A node is registered. One that is known already is asked no sooner: its memberships survive
  // moves. `Before`: as all the others are, so that their first queries are to be spread.
  enum class Registered : std::uint8_t { Now, Before };
  void registered(const Address& home_address, Registered when);
  // All its memberships end.
  void ended(const Address& home_address);

  // An ICMPv6 message out of this node's tunnel.
  void receive(const Address& home_address, const Arrival& arrival, ByteView icmp);

  [[nodiscard]] bool knows(const Address& home_address) const {
    return nodes_.contains(home_address);
  }
  [[nodiscard]] std::size_t memberships() const noexcept { return memberships_; }

  // A node's messages, and groups that it enters or is asked about, in a second; more are dropped.
  // What is lost by it comes with the answer to the next query, or by time.
  static constexpr std::uint32_t kMessagesPerSecond = 20;
  static constexpr std::uint32_t kMessagesAtOnce = 80;
  static constexpr std::uint32_t kChangesPerSecond = 10;
  // At most, to a new node's first query.
  static constexpr Duration kSoon = std::chrono::seconds(1);
  // For the answer to a query at the start, at most.
  static constexpr std::chrono::milliseconds kFirstResponse{1000};
  // For an answer whether a group is wanted still (RFC 3810 9.8).
  static constexpr std::chrono::milliseconds kLastListener{1000};

 private:
  struct Membership {
    explicit Membership(Timers& timers) : alarm(timers) {}
    Alarm alarm;                          // when it ends by itself, or the next question is due
    std::optional<unsigned> questions{};  // still to be asked, where it is in doubt
  };
  struct Node {
    Node(Timers& timers, std::size_t most_groups);

    Alarm query;
    unsigned at_start{};  // queries still to be sent at the short interval
    RateLimit messages;
    RateLimit changes;
    std::map<Address, Membership> groups;
  };

  void query(const Address& home_address);
  void send(const Address& home_address, ListenerQuery query);
  [[nodiscard]] Duration until_next(Node& node);
  [[nodiscard]] Duration short_interval() const;  // Startup Query Interval (9.6)
  [[nodiscard]] Duration up_to(Duration most);
  [[nodiscard]] Duration listening() const;
  [[nodiscard]] std::uint64_t ticks() const;
  [[nodiscard]] bool is_listened_to(const Address& group) const;

  void take(const Address& home_address, Node& node, const ListenerRecord& record);
  void enter(const Address& home_address, Node& node, const Address& group);
  void leave(const Address& home_address, Node& node, const Address& group);
  void doubt(const Address& home_address, Node& node, const Address& group);
  void ask(const Address& home_address, const Address& group);

  Surroundings around_;
  Settings settings_;
  Address link_local_;
  std::unordered_map<Address, std::unique_ptr<Node>, AddressHash> nodes_;  // by home address
  std::size_t memberships_{};
};

}  // namespace sallyport::mip6
