// Neighbours of every port: RFC 826 and RFC 4861 7.3 in one state machine for both families, and
// the packets that wait for an answer.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/rate_limit.h"
#include "dataplane/control_sender.h"
#include "dataplane/counters.h"
#include "dataplane/icmp_errors.h"
#include "dataplane/neighbour_publisher.h"
#include "dataplane/own_addresses.h"

namespace sallyport {

// RFC 4861 7.3.2. Workers send to a neighbour by themselves where it is Reachable, Delay or Probe.
// They do not say whether they still do, so that Reachable ends in Probe: who answers stays.
enum class NeighbourState : std::uint8_t {
  Incomplete,  // asked for; packets wait
  Reachable,   // confirmed
  Stale,       // heard of, not in use: the next packet for it makes it Delay
  Delay,       // in use, unconfirmed: probed soon
  Probe,       // asked at its last known link address
};
[[nodiscard]] std::string_view to_string(NeighbourState state) noexcept;

struct NeighbourSettings {
  std::size_t capacity{4096};
  std::size_t held_each{8};
  std::size_t held_in_all{2048};
  std::uint32_t resolutions_per_second{256};  // of addresses not known yet (RFC 6583)
  Duration reachable{std::chrono::seconds(30)};
  Duration delay{std::chrono::seconds(5)};
  Duration stale{std::chrono::minutes(10)};
  Duration retransmit{std::chrono::seconds(1)};
  unsigned attempts{3};
};

struct NeighbourCounters {
  Counter solicitations;  // sent
  Counter answers;        // sent
  Counter resolved;       // addresses that became known by asking
  Counter failed;         // neighbours given up
  Counter evicted;        // stale ones that made room
  Counter refused;        // not asked for or not learned: rate or capacity
  Counter invalid;        // messages that fail RFC 826 or RFC 4861 7.1
  Counter conflicts;      // claims of an address of ours
};

struct StaticNeighbour {
  PortId port{kNoPort};
  Address address;
  MacAddress mac;
};

struct NeighbourFacts {
  PortId port{kNoPort};
  Address address;
  std::optional<MacAddress> mac;
  NeighbourState state{};
  Duration age{};  // since it was last confirmed or changed
  bool is_static{};
};

// An ARP reply or a neighbour advertisement, its sender's claim.
struct NeighbourClaim {
  PortId port{kNoPort};
  Address address;
  std::optional<MacAddress> mac;
  bool solicited{};  // says that it answers us
  bool override{};   // may replace a known link address
};

// Control thread. Owns every packet handed to resolve() until it is released or dropped.
class Neighbours {
 public:
  // References to what outlives it.
  struct Surroundings {
    const OwnAddresses& own;
    ControlSender& sender;
    NeighbourPublisher& published;
    IcmpErrors& errors;
    Random& random;
  };
  Neighbours(const Surroundings& surroundings, const NeighbourSettings& settings);
  ~Neighbours();
  Neighbours(const Neighbours&) = delete;
  Neighbours& operator=(const Neighbours&) = delete;

  // A packet for `address` on `port`, ready to go but for the link address: goes out now, waits
  // for an answer, or is dropped and counted (HoldFull, HoldTimeout).
  void resolve(rte_mbuf* packet, PortId port, const Address& address, Instant now);
  // Its own question to us shows a neighbour's link address (RFC 4861 7.2.3; RFC 826).
  void learn(PortId port, const Address& address, const MacAddress& mac, Instant now);
  // The same of one that need not be in a network of ours: who says so knows it to be on the link.
  void take(PortId port, const Address& address, const MacAddress& mac, Instant now);
  // Never makes a new entry (RFC 4861 7.2.5).
  void claim(const NeighbourClaim& claim, Instant now);
  // Retransmissions, probes and ageing that are due.
  void tick(Instant now);
  // When tick() is next needed; nullopt: only after another call.
  [[nodiscard]] std::optional<Instant> next_tick() const noexcept;

  // Replaces the static entries.
  void set_static(std::span<const StaticNeighbour> neighbours, Instant now);
  [[nodiscard]] std::vector<NeighbourFacts> list(Instant now) const;
  // Packets that wait.
  [[nodiscard]] std::size_t held() const noexcept { return held_; }
  [[nodiscard]] NeighbourCounters& counters() noexcept { return counters_; }
  [[nodiscard]] const NeighbourCounters& counters() const noexcept { return counters_; }

 private:
  struct Record {
    NeighbourState state{NeighbourState::Incomplete};
    MacAddress mac;
    Instant changed;
    Instant deadline;     // of the state's timer; not for static ones
    unsigned attempts{};  // solicitations sent in this state
    bool is_static{};
    bool published{};
    std::vector<rte_mbuf*> waiting;
  };
  using Records = std::map<NeighbourKey, Record>;
  using Entry = Records::value_type;
  using Timers = std::set<std::pair<Instant, NeighbourKey>>;

  [[nodiscard]] Entry* find(PortId port, const Address& address) noexcept;
  [[nodiscard]] Entry* start(PortId port, const Address& address, Instant now);
  [[nodiscard]] Entry* make(const NeighbourKey& key);
  [[nodiscard]] bool make_room();
  void erase(Entry& entry);

  void enter(Entry& entry, NeighbourState state, Instant now);
  void know(Entry& entry, const MacAddress& mac, Instant now);
  void confirm(Entry& entry, Instant now);
  void fix(Entry& entry, const MacAddress& mac, Instant now);
  void ask(Entry& entry, Instant now);
  void expire(Entry& entry, Instant now);
  void fail(Entry& entry, Instant now);

  void hold(Entry& entry, rte_mbuf* packet);
  void release_waiting(Entry& entry);
  void publish(Entry& entry);

  void arm(Entry& entry, Instant deadline);
  void disarm(Entry& entry);
  void rearm(Entry& entry, Instant deadline);
  [[nodiscard]] Timers& timers_of(const Record& record) noexcept;
  [[nodiscard]] Duration period(NeighbourState state) noexcept;

  Surroundings my_;
  NeighbourSettings settings_;
  NeighbourCounters counters_;
  RateLimit resolutions_;
  Records records_;
  Timers active_;  // deadlines of all but stale and static entries
  Timers stale_;   // deadlines of stale ones: the first was heard of longest ago
  std::size_t incomplete_{};
  std::size_t held_{};
};

}  // namespace sallyport
