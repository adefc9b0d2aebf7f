#include "dataplane/neighbours.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <array>

#include "dataplane/envelope.h"
#include "dataplane/solicit.h"

namespace sallyport {

std::string_view to_string(NeighbourState state) noexcept {
  constexpr std::array<std::string_view, 5> kNames{"incomplete", "reachable", "stale", "delay",
                                                   "probe"};
  return kNames[static_cast<std::size_t>(state)];
}

Neighbours::Neighbours(const Surroundings& surroundings, const NeighbourSettings& settings)
    : my_(surroundings),
      settings_(settings),
      resolutions_(RateLimit::per_second(settings.resolutions_per_second,
                                         settings.resolutions_per_second, kInstantHertz)) {}

Neighbours::~Neighbours() {
  for (auto& [key, record] : records_)
    for (rte_mbuf* packet : record.waiting) my_.sender.drop_held(packet, DropReason::Instance);
}

void Neighbours::resolve(rte_mbuf* packet, PortId port, const Address& address, Instant now) {
  if (my_.own.is_broadcast(address)) return my_.sender.drop_held(packet, DropReason::Multicast);
  Entry* entry = find(port, address);
  if (entry == nullptr) entry = start(port, address, now);
  if (entry == nullptr) return my_.sender.drop_held(packet, DropReason::HoldFull);
  Record& record = entry->second;
  if (record.state == NeighbourState::Incomplete) return hold(*entry, packet);
  if (record.state == NeighbourState::Stale) enter(*entry, NeighbourState::Delay, now);
  if (!record.published) publish(*entry);
  my_.sender.release(packet, {port, record.mac});
}

void Neighbours::learn(PortId port, const Address& address, const MacAddress& mac, Instant now) {
  const bool off_link = find(port, address) == nullptr && !my_.own.on_link(port, address);
  if (!off_link || my_.own.claimed_by_us(port, address)) take(port, address, mac, now);
}

void Neighbours::take(PortId port, const Address& address, const MacAddress& mac, Instant now) {
  if (my_.own.claimed_by_us(port, address)) return counters_.conflicts.add();
  Entry* entry = find(port, address);
  if (entry == nullptr) {
    entry = make(NeighbourKey::of(port, address));
    if (entry == nullptr) return counters_.refused.add();
  }
  const Record& record = entry->second;
  const bool news = record.state == NeighbourState::Incomplete || record.mac != mac;
  if (news && !record.is_static) know(*entry, mac, now);
}

// RFC 4861 7.2.5. An answer counts as one only while a question is open.
void Neighbours::claim(const NeighbourClaim& claim, Instant now) {
  if (my_.own.claimed_by_us(claim.port, claim.address)) return counters_.conflicts.add();
  Entry* const entry = find(claim.port, claim.address);
  if (entry == nullptr || entry->second.is_static) return;
  Record& record = entry->second;
  const bool unknown = record.state == NeighbourState::Incomplete;
  const bool answer = claim.solicited && (unknown || record.state == NeighbourState::Probe);
  const bool news = claim.mac && (unknown || *claim.mac != record.mac);
  if (unknown && !claim.mac) return;
  if (news && !unknown && !claim.override) {
    if (record.state == NeighbourState::Reachable) enter(*entry, NeighbourState::Delay, now);
    return;
  }
  if (news && !answer) return know(*entry, *claim.mac, now);
  if (!answer) return;
  if (claim.mac) record.mac = *claim.mac;
  confirm(*entry, now);
}

void Neighbours::tick(Instant now) {
  for (Timers* timers : {&active_, &stale_})
    while (!timers->empty() && timers->begin()->first <= now)
      expire(*records_.find(timers->begin()->second), now);
}

std::optional<Instant> Neighbours::next_tick() const noexcept {
  std::optional<Instant> first;
  for (const Timers* timers : {&active_, &stale_})
    if (!timers->empty() && (!first || timers->begin()->first < *first))
      first = timers->begin()->first;
  return first;
}

void Neighbours::set_static(std::span<const StaticNeighbour> neighbours, Instant now) {
  const auto key_of = [](const StaticNeighbour& neighbour) {
    return NeighbourKey::of(neighbour.port, neighbour.address);
  };
  for (auto place = records_.begin(); place != records_.end();) {
    Entry& entry = *place++;
    if (entry.second.is_static &&
        std::ranges::find(neighbours, entry.first, key_of) == neighbours.end())
      erase(entry);
  }
  for (const StaticNeighbour& neighbour : neighbours) {
    Entry* entry = find(neighbour.port, neighbour.address);
    if (entry == nullptr) entry = make(key_of(neighbour));
    if (entry == nullptr)
      counters_.refused.add();
    else
      fix(*entry, neighbour.mac, now);
  }
}

std::vector<NeighbourFacts> Neighbours::list(Instant now) const {
  std::vector<NeighbourFacts> facts;
  for (const auto& [key, record] : records_) {
    const bool known = record.state != NeighbourState::Incomplete;
    facts.push_back({.port = key.port,
                     .address = key.as_address(),
                     .mac = known ? std::optional(record.mac) : std::nullopt,
                     .state = record.state,
                     .age = now - record.changed,
                     .is_static = record.is_static});
  }
  return facts;
}

Neighbours::Entry* Neighbours::find(PortId port, const Address& address) noexcept {
  const auto found = records_.find(NeighbourKey::of(port, address));
  return found == records_.end() ? nullptr : &*found;
}

// A new question, if the rate of questions and the room allow it. Unanswered ones may fill half of
// the table: a scan through an empty network must not keep real neighbours out (RFC 6583).
Neighbours::Entry* Neighbours::start(PortId port, const Address& address, Instant now) {
  const auto ticks = static_cast<std::uint64_t>(now.time_since_epoch().count());
  const bool within = incomplete_ < (settings_.capacity + 1) / 2 && resolutions_.allow(ticks);
  Entry* const entry = within ? make(NeighbourKey::of(port, address)) : nullptr;
  if (entry == nullptr) {
    counters_.refused.add();
    return nullptr;
  }
  enter(*entry, NeighbourState::Incomplete, now);
  entry->second.changed = now;
  ask(*entry, now);
  return entry;
}

// The entry is in no state yet: the caller enters one.
Neighbours::Entry* Neighbours::make(const NeighbourKey& key) {
  if (records_.size() >= settings_.capacity && !make_room()) return nullptr;
  return &*records_.try_emplace(key).first;
}

bool Neighbours::make_room() {
  if (stale_.empty()) return false;
  erase(*records_.find(stale_.begin()->second));
  counters_.evicted.add();
  return true;
}

void Neighbours::erase(Entry& entry) {
  disarm(entry);
  const NeighbourKey key = entry.first;
  if (entry.second.published) my_.published.remove(key);
  records_.erase(key);
}

void Neighbours::enter(Entry& entry, NeighbourState state, Instant now) {
  disarm(entry);
  Record& record = entry.second;
  record.state = state;
  record.attempts = 0;
  if (state == NeighbourState::Incomplete) ++incomplete_;
  arm(entry, now + period(state));
}

// A link address that nobody has confirmed. In use, it is probed soon.
void Neighbours::know(Entry& entry, const MacAddress& mac, Instant now) {
  Record& record = entry.second;
  const bool in_use = record.published || !record.waiting.empty();
  record.mac = mac;
  record.changed = now;
  enter(entry, in_use ? NeighbourState::Delay : NeighbourState::Stale, now);
  release_waiting(entry);
  if (in_use) publish(entry);
}

void Neighbours::confirm(Entry& entry, Instant now) {
  if (entry.second.state == NeighbourState::Incomplete) counters_.resolved.add();
  entry.second.changed = now;
  enter(entry, NeighbourState::Reachable, now);
  release_waiting(entry);
  publish(entry);
}

void Neighbours::fix(Entry& entry, const MacAddress& mac, Instant now) {
  Record& record = entry.second;
  disarm(entry);
  if (!record.is_static || record.mac != mac) record.changed = now;
  record.state = NeighbourState::Reachable;
  record.is_static = true;
  record.mac = mac;
  release_waiting(entry);
  publish(entry);
}

void Neighbours::ask(Entry& entry, Instant now) {
  const auto& [key, record] = entry;
  const bool known = record.state == NeighbourState::Probe;
  solicit({key.port, key.as_address(), known ? std::optional(record.mac) : std::nullopt}, my_.own,
          my_.sender);
  counters_.solicitations.add();
  ++entry.second.attempts;
  rearm(entry, now + settings_.retransmit);
}

void Neighbours::expire(Entry& entry, Instant now) {
  const Record& record = entry.second;
  switch (record.state) {
    case NeighbourState::Stale:
      return erase(entry);
    case NeighbourState::Reachable:
    case NeighbourState::Delay:
      enter(entry, NeighbourState::Probe, now);
      return ask(entry, now);
    case NeighbourState::Incomplete:
    case NeighbourState::Probe:
      if (record.attempts < settings_.attempts) return ask(entry, now);
      return fail(entry, now);
  }
}

// RFC 4861 7.2.2: the source of the first packet learns of it.
void Neighbours::fail(Entry& entry, Instant now) {
  counters_.failed.add();
  std::vector<rte_mbuf*>& waiting = entry.second.waiting;
  if (!waiting.empty()) {
    const Envelope& envelope = Envelope::of(waiting.front());
    my_.errors.report({.error = IcmpError::NoNeighbour,
                       .datagram = bytes_of(waiting.front()),
                       .port = envelope.ingress,
                       .decapsulated = envelope.decapsulated},
                      now);
  }
  held_ -= waiting.size();
  for (rte_mbuf* packet : waiting) my_.sender.drop_held(packet, DropReason::HoldTimeout);
  erase(entry);
}

// The oldest makes room for the newest (RFC 4861 7.2.2).
void Neighbours::hold(Entry& entry, rte_mbuf* packet) {
  std::vector<rte_mbuf*>& waiting = entry.second.waiting;
  const bool full = waiting.size() >= settings_.held_each || held_ >= settings_.held_in_all;
  if (full && waiting.empty()) return my_.sender.drop_held(packet, DropReason::HoldFull);
  if (full) {
    my_.sender.drop_held(waiting.front(), DropReason::HoldFull);
    waiting.erase(waiting.begin());
    --held_;
  }
  waiting.push_back(packet);
  ++held_;
}

// Before workers learn of the address, so that what came later stays behind.
void Neighbours::release_waiting(Entry& entry) {
  std::vector<rte_mbuf*> waiting = std::exchange(entry.second.waiting, {});
  held_ -= waiting.size();
  for (rte_mbuf* packet : waiting) my_.sender.release(packet, {entry.first.port, entry.second.mac});
}

// Where the workers' table is full, its packets go on coming through here.
void Neighbours::publish(Entry& entry) {
  Record& record = entry.second;
  record.published = my_.published.set(entry.first, record.mac).has_value() || record.published;
}

void Neighbours::arm(Entry& entry, Instant deadline) {
  entry.second.deadline = deadline;
  timers_of(entry.second).emplace(deadline, entry.first);
}

void Neighbours::disarm(Entry& entry) {
  const Record& record = entry.second;
  const bool was_armed = timers_of(record).erase({record.deadline, entry.first}) != 0;
  if (was_armed && record.state == NeighbourState::Incomplete) --incomplete_;
}

void Neighbours::rearm(Entry& entry, Instant deadline) {
  timers_of(entry.second).erase({entry.second.deadline, entry.first});
  arm(entry, deadline);
}

Neighbours::Timers& Neighbours::timers_of(const Record& record) noexcept {
  return record.state == NeighbourState::Stale ? stale_ : active_;
}

// RFC 4861 6.3.2: reachability lasts between half and one and a half times its base, so that
// neighbours are not all probed at once.
Duration Neighbours::period(NeighbourState state) noexcept {
  switch (state) {
    case NeighbourState::Reachable:
      return settings_.reachable / 2 + settings_.reachable / 1024 * (my_.random.u32() % 1024);
    case NeighbourState::Stale:
      return settings_.stale;
    case NeighbourState::Delay:
      return settings_.delay;
    default:
      return settings_.retransmit;
  }
}

}  // namespace sallyport
