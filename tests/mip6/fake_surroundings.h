// What mobility asks of its surroundings (mip6/ports.h), played by fakes that record what they are
// told. Whole nodes run on them in one process, with a clock that tests move.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/timers.h"
#include "crypto/digest.h"
#include "crypto/mac.h"
#include "mip6/ports.h"
#include "mip6/return_routability.h"
#include "tests/mip6/mobility.h"
#include "tests/support/fixed_random.h"
#include "tests/support/manual_clock.h"

namespace sallyport::mip6::test {

inline Sha1Digest hmac_sha1(ByteView key, std::initializer_list<ByteView> parts) {
  Mac mac(MacKind::HmacSha1, key);
  for (const ByteView part : parts) mac.add(part);
  std::array<std::uint8_t, Mac::kMostBytes> whole{};
  Sha1Digest digest{};
  if (mac.finish(whole) == digest.size()) std::copy_n(whole.begin(), digest.size(), digest.begin());
  return digest;
}
inline constexpr Sha1Functions kSha1{.digest = sha1, .hmac = hmac_sha1};
inline const ReturnRoutability kRoutability{kSha1};

// Where a mobile node is.
inline constexpr PortId kLink{1};

struct SentMessage {
  Departure departure;
  Octets octets;

  // The mobility message in it, checked as its receiver would.
  [[nodiscard]] Parsed<Message> message() const {
    return parse_exactly(octets, departure.source, departure.destination);
  }
};
class FakeSender final : public PacketSender {
 public:
  void send(const Departure& departure, ByteView octets) override {
    sent.push_back({departure, {octets.begin(), octets.end()}});
  }
  // What was sent since it was asked for last.
  [[nodiscard]] std::vector<SentMessage> take() { return std::exchange(sent, {}); }

  std::vector<SentMessage> sent;
};

class FakeBindingTable final : public BindingTable {
 public:
  using Key = std::pair<BindingUse, std::pair<Address, std::optional<Address>>>;

  [[nodiscard]] Expected<void> set(const Binding& binding) override {
    if (full) return fail(Error::Code::Exhausted, "no room for a binding");
    bindings[{binding.use, {binding.home_address, binding.peer}}] = binding;
    forget_link_local(binding.home_address);
    if (binding.link_local) link_locals[*binding.link_local] = binding.home_address;
    return {};
  }
  void remove(BindingUse use, const Address& home_address,
              const std::optional<Address>& peer) override {
    bindings.erase({use, {home_address, peer}});
    forget_link_local(home_address);
  }
  [[nodiscard]] bool used(BindingUse, const Address&, const std::optional<Address>&) override {
    return busy;
  }
  [[nodiscard]] std::optional<Address> care_of(BindingUse use, const Address& home_address,
                                               const std::optional<Address>& peer = {}) const {
    const auto found = bindings.find({use, {home_address, peer}});
    if (found == bindings.end()) return std::nullopt;
    return found->second.care_of;
  }

  void forget_link_local(const Address& home_address) {
    std::erase_if(link_locals, [&](const auto& one) { return one.second == home_address; });
  }

  std::map<Key, Binding> bindings;
  std::map<Address, Address> link_locals;  // and the home address of the one that has it
  bool full{};
  bool busy{true};  // packets are led by all of them
};

class FakeMigrator final : public TunnelMigrator {
 public:
  [[nodiscard]] Expected<void> move(const Ends& ends, const Address& to) override {
    if (refuses) return fail(Error::Code::Refused, "the tunnel cannot move");
    moves.emplace_back(ends.home_address, to);
    ends_at[ends.home_address] = to;
    home_agents[ends.home_address] = ends.home_agent;
    return {};
  }
  void deactivate(const Ends& ends) override {
    deactivated.push_back(ends.home_address);
    if (home_agents[ends.home_address] == ends.home_agent) ends_at.erase(ends.home_address);
  }

  std::vector<std::pair<Address, Address>> moves;  // home address, to
  std::vector<Address> deactivated;
  std::map<Address, Address> ends_at;      // active ones
  std::map<Address, Address> home_agents;  // at whose they end, last
  bool refuses{};
};

class FakeIke final : public IkeMobility {
 public:
  [[nodiscard]] bool can_move(const Address&) const override { return movable; }
  void move(const Address& home_address, const Address& to) override {
    moves.emplace_back(home_address, to);
  }
  void drop(const Address& home_address) override {
    drops.push_back(home_address);
    if (on_drop) on_drop();
  }
  void prepare(const Address& home_address, const Address& home_agent, const Address& care_of,
               Ready ready) override {
    prepared.push_back({home_address, home_agent, care_of});
    if (at_once)
      ready({});
    else
      waiting.push_back(std::move(ready));
  }
  // Answers all who wait.
  void finish(const Expected<void>& how) {
    for (Ready& ready : std::exchange(waiting, {})) ready(how);
  }

  bool movable{};
  bool at_once{true};
  std::vector<std::pair<Address, Address>> moves;  // home address, to
  std::vector<Address> drops;
  std::function<void()> on_drop;                 // in the midst of it
  std::vector<std::array<Address, 3>> prepared;  // home address, home agent, care-of
  std::vector<Ready> waiting;
};

// Duplicate address detection ends when the test says so, or in the same breath but for the caller.
class FakeNeighbours final : public NeighbourProxy {
 public:
  using Key = std::pair<PortId, Address>;

  void detect(PortId link, const Address& address, Detected detected) override {
    pending.emplace_back(Key{link, address}, std::move(detected));
  }
  void serve(PortId link, const Address& address, Role role) override {
    served[{link, address}] = role;
    ++advertised;
  }
  void stop(PortId link, const Address& address) override { served.erase({link, address}); }
  // Ends what waits: addresses in `taken` are somebody else's.
  void finish_detection() {
    for (auto& [key, detected] : std::exchange(pending, {}))
      detected(taken.contains(key.second) ? Uniqueness::Duplicate : Uniqueness::Unique);
  }
  [[nodiscard]] bool serves(PortId link, const Address& address) const {
    return served.contains({link, address});
  }

  std::vector<std::pair<Key, Detected>> pending;
  std::map<Key, Role> served;
  std::set<Address> taken;
  int advertised{};  // how often an address was advertised
};

// Whoever joins twice, or leaves what it has not joined, is `wrong`.
class FakeForwarding final : public MulticastForwarding {
 public:
  using Pair = std::pair<Address, Address>;  // group, home address

  [[nodiscard]] Expected<void> join(const Address& group, const Address& home_address) override {
    ++joins;
    if (full) return fail(Error::Code::Exhausted, "no room for a group");
    if (!joined.emplace(group, home_address).second) ++wrong;
    return {};
  }
  void leave(const Address& group, const Address& home_address) override {
    ++leaves;
    if (joined.erase({group, home_address}) == 0) ++wrong;
  }
  [[nodiscard]] bool has(const Address& group, const Address& home_address) const {
    return joined.contains({group, home_address});
  }

  std::set<Pair> joined;
  int joins{};
  int leaves{};
  int wrong{};
  bool full{};
};

class FakeDhcpServerLink final : public DhcpServerLink {
 public:
  void send(ByteView relay_message) override {
    sent.emplace_back(relay_message.begin(), relay_message.end());
  }

  std::vector<Octets> sent;
};

// A router answers as `reachable` says, when the test says so.
class FakeDiscovery final : public NeighbourDiscovery {
 public:
  void solicit(PortId link) override { solicited.push_back(link); }
  void probe(PortId, const Address& router, Probed probed) override {
    probes.emplace_back(router, std::move(probed));
  }
  void find_defender(PortId, const Address& address, Found found) override {
    searches.emplace_back(address, std::move(found));
  }
  void announce(PortId, const Address& address) override { announced.push_back(address); }
  void finish_probes(Reachability reachability) {
    for (auto& [router, probed] : std::exchange(probes, {})) probed(reachability);
  }
  void finish_searches(const std::optional<MacAddress>& defender) {
    for (auto& [address, found] : std::exchange(searches, {})) found(defender);
  }

  std::vector<PortId> solicited;
  std::vector<std::pair<Address, Probed>> probes;
  std::vector<std::pair<Address, Found>> searches;
  std::vector<Address> announced;
};

class FakeAddresses final : public AddressSetup {
 public:
  void add(PortId link, const Prefix& address) override { own[{link, address.address}] = address; }
  void remove(PortId link, const Address& address) override { own.erase({link, address}); }
  void set_router(PortId link, const std::optional<Address>& router) override {
    routers[link] = router;
  }
  [[nodiscard]] std::array<std::uint8_t, 8> interface_identifier(PortId) const override {
    return identifier;
  }

  std::map<std::pair<PortId, Address>, Prefix> own;
  std::map<PortId, std::optional<Address>> routers;
  std::array<std::uint8_t, 8> identifier{0, 0, 0, 0, 0, 0, 1, 0};
};

class FakePool final : public HomeAddressPool {
 public:
  [[nodiscard]] std::optional<Address> lease(const std::optional<Address>& wish) override {
    if (free.empty()) return std::nullopt;
    const auto found = wish ? std::ranges::find(free, *wish) : free.begin();
    const auto chosen = found == free.end() ? free.begin() : found;
    const Address address = *chosen;
    free.erase(chosen);
    return address;
  }
  void release(const Address& address) override { free.push_back(address); }

  std::vector<Address> free;
};

// Outlives the nodes of a test, as a disk would.
class FakeStore final : public StateStore {
 public:
  void save(const Address& home_address, std::uint16_t sequence) override {
    sequences[home_address] = sequence;
  }
  [[nodiscard]] std::optional<std::uint16_t> load(const Address& home_address) const override {
    const auto found = sequences.find(home_address);
    if (found == sequences.end()) return std::nullopt;
    return found->second;
  }

  std::map<Address, std::uint16_t> sequences;
};

class FakeEvents final : public Events {
 public:
  void report(const Event& event) override { events.push_back(event); }
  [[nodiscard]] std::size_t count(EventKind kind) const {
    return static_cast<std::size_t>(std::ranges::count(events, kind, &Event::kind));
  }

  std::vector<Event> events;
};

// Timers to the nanosecond: what runs sees the time that it was due at.
class ExactTimers final : public Timers {
 public:
  explicit ExactTimers(const ManualClock& clock) : clock_(clock) {}

  TimerId after(Duration delay, std::function<void()> what) override {
    const Instant due = clock_.now() + std::max(delay, Duration{0});
    places_[++last_] = due;
    pending_[{due, last_}] = std::move(what);
    return {last_};
  }
  void cancel(TimerId timer) override {
    const auto place = places_.find(timer.value);
    if (place == places_.end()) return;
    pending_.erase({place->second, timer.value});
    places_.erase(place);
  }
  [[nodiscard]] std::size_t size() const noexcept { return pending_.size(); }
  // When the next one is due; never where there is none.
  [[nodiscard]] Instant next() const noexcept {
    return pending_.empty() ? Instant::max() : pending_.begin()->first.first;
  }
  void run_next() {
    const auto what = std::move(pending_.begin()->second);
    cancel({pending_.begin()->first.second});
    what();
  }

 private:
  const ManualClock& clock_;
  std::uint64_t last_{};
  std::map<std::pair<Instant, std::uint64_t>, std::function<void()>> pending_;
  std::unordered_map<std::uint64_t, Instant> places_;
};

// All of them, for one node.
struct FakeSurroundings {
  ManualClock clock;
  ExactTimers timers{clock};
  FixedRandom random;
  FakeSender sender;
  FakeBindingTable bindings;
  FakeMigrator tunnels;
  FakeIke ike;
  FakeNeighbours neighbours;
  FakeDiscovery discovery;
  FakeAddresses addresses;
  FakePool pool;
  FakeStore store;
  FakeEvents events;

  void pass(Duration time) {
    const Instant end = clock.now() + time;
    while (timers.next() <= end) {
      clock.advance(timers.next() - clock.now());
      timers.run_next();
    }
    clock.advance(end - clock.now());
  }
};

}  // namespace sallyport::mip6::test
