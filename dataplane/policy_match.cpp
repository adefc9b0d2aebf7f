#include "dataplane/policy_match.h"

#include "base/prefetch.h"
#include "base/raw_array.h"
#include "dataplane/binding_routes.h"
#include "dataplane/envelope.h"
#include "dataplane/punt.h"
#include "dataplane/refusal.h"

namespace sallyport {
namespace {

template <Direction direction>
PortId judging_port(const Packet& packet) noexcept {
  return direction == Direction::Inbound ? packet.ingress : packet.next_hop->port;
}

SpdId spd_of(PortId port, const WorkerContext& my) noexcept {
  return port == kNoPort ? SpdId{} : my.ports[port.value].port().settings().spd;
}

// What was made here, or came out of an SA, is no local user's.
UserId user_of(const Packet& packet, const WorkerContext& my) noexcept {
  if (packet.decapsulated || packet.ingress == kNoPort) return kNoUser;
  return my.ports[packet.ingress.value].port().settings().user;
}

// Which list decides about a packet.
struct Judge {
  SpdId spd;
  PolicyScope scope;
  std::uint64_t mark;  // FlowKey::mark() of the scope
};

// Packets of one burst mostly come before the same judge: remembers the last one for its port.
template <Direction direction>
class Judges {
 public:
  Judges(const PolicySet& policies, const WorkerContext& my) noexcept
      : policies_(policies), my_(my) {}

  [[nodiscard]] const Judge& of(const Packet& packet) noexcept {
    const PortId port = judging_port<direction>(packet);
    if (port != port_ || !known_) [[unlikely]]
      find(packet, port);
    return judge_;
  }

 private:
  void find(const Packet& packet, PortId port) noexcept {
    const SpdId spd = spd_of(port, my_);
    const bool users = direction == Direction::Outbound && policies_.users != 0;
    PolicyScope scope = direction == Direction::Inbound ? policies_.inbound(spd)
                        : users ? policies_.outbound(spd, user_of(packet, my_))
                                : policies_.outbound(spd);
    judge_ = {spd, scope, FlowKey::mark(scope, direction)};
    port_ = port;
    known_ = !users;  // where there are any, whose packet it is decides, too
  }

  const PolicySet& policies_;
  const WorkerContext& my_;
  Judge judge_{};
  PortId port_{};
  bool known_{};  // of all packets of `port_`
};

struct Query {
  FlowKey key;
  std::uint32_t hash;
  const Judge& judge;
};

// Policies that are bound to tunnels count (RFC 4877 7.2.4; SPD-18).
bool is_in_tunnel(const Packet& packet) noexcept { return packet.tunnel != kNoBinding; }

// Without an address only the tunnel tells such policies' packets apart: a flow does not say it.
bool may_be_cached(const Packet& packet, const PolicySet& policies) noexcept {
  return !is_in_tunnel(packet) || policies.wide.empty();
}

void adopt(Packet& packet, const Flow& flow) noexcept {
  packet.policy = flow.policy;
  packet.handle = flow.handle;
  packet.action = flow.action;
}

// An older answer still stands where the policy's generation has not risen since (SPD-06).
bool still_true(Flow& flow, const PolicySet& policies) noexcept {
  if (flow.version == policies.version) [[likely]]
    return true;
  if (policies.entry(flow.policy).generation != flow.generation) return false;
  flow.version = policies.version;
  return true;
}

// PROTECT is remembered outbound only, and once there is an SA (RFC 4301 5.1 step 3b, 5.2 step 3b).
bool may_be_remembered(const FlowCache::Decision& decision, const Packet& packet,
                       Direction direction, const WorkerContext& my) noexcept {
  if (decision.entry.action != PolicyAction::Protect) return true;
  const auto dscp = static_cast<std::uint8_t>(packet.summary.traffic_class >> 2);
  return direction == Direction::Outbound && my.handles.choose(decision.handle, dscp) != kNoSa;
}

// Packets that answer one which may pass may pass, where SPD-I says so: their local and remote
// fields are the same (SPD-03). Not where the one value of ICMP or MH is the sender's.
void remember_answers(const Query& query, const SelectorFields& fields,
                      FlowCache::Decision decision, const Tables& now, WorkerContext& my) noexcept {
  if (fields.local_port == kNotApplicable || fields.remote_port == kNotApplicable) return;
  const PolicyScope scope = now.policies->inbound(query.judge.spd);
  if (!now.policies->are_alike(scope, query.judge.scope)) [[unlikely]] {
    decision.policy = now.policies->match(scope, fields);
    decision.entry = now.policies->entry(decision.policy);
    if (decision.entry.action != PolicyAction::Bypass) return;
  }
  const FlowKey key = query.key.reversed(scope);
  const std::uint32_t hash = my.flows.hash(key);
  Flow* place = my.flows.find(key, hash);
  if (place == nullptr) place = my.flows.place(hash);
  if (place != nullptr) my.flows.fill(*place, key, decision);
}

// Asks the SPD and remembers what it says, in `place` if there is one.
void ask_spd(Packet& packet, const Query& query, const Tables& now, WorkerContext& my,
             Flow* place) noexcept {
  const Direction direction = query.key.direction();
  const SelectorFields fields = selector_fields(packet.summary, direction);
  const PolicyId policy = match_scope(packet, query.judge.scope, fields, now, my);
  const PolicyEntry& entry = now.policies->entry(policy);
  const FlowCache::Decision decision{
      .policy = policy,
      .entry = entry,
      .handle = entry.action == PolicyAction::Protect && direction == Direction::Outbound
                    ? my.populated.find(policy, entry.pfp, fields)
                    : kNoHandle,
      .version = now.policies->version};
  packet.policy = policy;
  packet.handle = decision.handle;
  packet.action = entry.action;
  if (!may_be_cached(packet, *now.policies)) return;
  if (!may_be_remembered(decision, packet, direction, my)) {
    if (place != nullptr) FlowCache::forget(*place);
    return;
  }
  if (place == nullptr) place = my.flows.place(query.hash);
  if (place != nullptr) my.flows.fill(*place, query.key, decision);
  if (direction == Direction::Outbound && entry.action == PolicyAction::Bypass &&
      !is_in_tunnel(packet))
    remember_answers(query, fields, decision, now, my);
}

// The cache has no answer, or none that still stands.
[[gnu::noinline]] void match_anew(Packet& packet, const Query& query, const Tables& now,
                                  WorkerContext& my, Flow* flow) noexcept {
  const bool stale = flow != nullptr && !my.flows.is_over(*flow);
  (stale ? my.flows.stale : my.flows.misses).add();
  ask_spd(packet, query, now, my, flow);
}

// A first fragment leaves word for the others, and they follow it (RFC 4301 7.3, 7.4). The reason
// where the packet has to go.
std::optional<DropReason> follow_first(Packet& packet, const FragmentScope& scope,
                                       const PolicySet& policies, WorkerContext& my) noexcept {
  const PolicyEntry& entry = policies.entry(packet.policy);
  if (!packet.summary.later_fragment) {
    const FirstFragment verdict{packet.policy, entry.generation, entry.action, packet.handle};
    if (entry.stateful)
      return my.fragment_flows.remember(packet, scope, verdict, my.ticks.now()).reason;
    my.fragment_flows.forget(packet, scope);
    return std::nullopt;
  }
  const auto [first, reason] = my.fragment_flows.follow(packet, scope, my.ticks.now());
  if (first && policies.entry(first->policy).generation == first->generation) {
    packet.policy = first->policy;
    packet.handle = first->handle;
    packet.action = first->action;
    return std::nullopt;
  }
  if (reason) return reason;
  return packet.policy == kNoPolicy ? std::optional(DropReason::FragmentUnmatched) : std::nullopt;
}

FragmentScope scope_of(Direction direction, SpdId spd) noexcept {
  using Kind = FragmentScope::Kind;
  return {direction == Direction::Inbound ? Kind::InboundSpd : Kind::OutboundSpd, spd.value};
}

// True: the fragment had to go.
bool is_stray(Packet& packet, const FragmentScope& scope, const Tables& now,
              WorkerContext& my) noexcept {
  const auto fault = follow_first(packet, scope, *now.policies, my);
  if (!fault) return false;
  my.drops.drop(packet, *fault);
  return true;
}

// The verdict of the worker that saw all of the datagram.
void keep_verdict(Packet& packet, const PolicySet& policies) noexcept {
  const Envelope& envelope = Envelope::of(packet.mbuf);
  const PolicyEntry& entry = policies.entry(envelope.policy);
  if (entry.generation != envelope.generation) return;
  packet.policy = envelope.policy;
  packet.handle = envelope.handle;
  packet.action = entry.action;
}

// Sets policy, handle and action of every packet. True where all are to be protected.
template <Direction direction>
bool judge_all(const Burst& burst, Judges<direction>& judges, const Tables& now,
               WorkerContext& my) noexcept {
  const PolicySet& policies = *now.policies;
  my.flows.lookups.add(burst.size());
  struct Place {
    std::uint64_t mark;
    std::uint32_t hash;
  };
  RawArray<Place, kBurstSize> places;
  Place* place = places.begin();
  for (const Packet* packet : burst) {
    const Judge& judge = judges.of(*packet);
    const std::uint64_t mark = is_in_tunnel(*packet)
                                   ? FlowKey::mark(policies.in_tunnel(judge.scope), direction)
                                   : judge.mark;
    const std::uint32_t hash = my.flows.hash(FlowKey::of(packet->summary, mark));
    *place++ = {mark, hash};
    my.flows.prefetch(hash);
  }
  PolicyId fetched = kNoPolicy;
  SaHandle led_to = kNoHandle;
  bool all_protected = true;
  place = places.begin();
  for (Packet* packet : burst) {
    const FlowKey key = FlowKey::of(packet->summary, place->mark);
    const std::uint32_t hash = place++->hash;
    Flow* const flow = may_be_cached(*packet, policies) ? my.flows.find(key, hash) : nullptr;
    if (flow != nullptr && !my.flows.is_over(*flow) && still_true(*flow, policies)) [[likely]]
      adopt(*packet, *flow);
    else
      match_anew(*packet, {key, hash, judges.of(*packet)}, now, my, flow);
    all_protected &= packet->action == PolicyAction::Protect;
    if (packet->policy == fetched && packet->handle == led_to) continue;
    fetched = packet->policy;
    led_to = packet->handle;
    my.handles.prefetch(led_to);
    prefetch_line(&my.policy_counters[fetched.value]);
  }
  return all_protected;
}

// Fragments that may not go on end here.
template <Direction direction>
[[gnu::noinline]] void drop_strays(Burst& burst, Judges<direction>& judges, const Tables& now,
                                   WorkerContext& my) noexcept {
  burst.keep_if([&](Packet& packet) {
    return !packet.summary.fragment ||
           !is_stray(packet, scope_of(direction, judges.of(packet).spd), now, my);
  });
}

// Counts the packets of one policy that come together at once; the last ones when it ends.
class PolicyTally {
 public:
  PolicyTally(std::span<PolicyCounter> counters, std::uint64_t ticks) noexcept
      : counters_(counters), ticks_(ticks) {}
  ~PolicyTally() { write(); }
  PolicyTally(const PolicyTally&) = delete;
  PolicyTally& operator=(const PolicyTally&) = delete;

  void add(const Packet& packet) noexcept {
    if (packet.policy != policy_) {
      write();
      policy_ = packet.policy;
      packets_ = bytes_ = 0;
    }
    ++packets_;
    bytes_ += packet.summary.length;
  }

 private:
  void write() noexcept {
    if (packets_ == 0) return;
    PolicyCounter& counter = counters_[policy_.value];
    counter.packets.add(packets_);
    counter.bytes.add(bytes_);
    counter.last.set(ticks_);
  }

  std::span<PolicyCounter> counters_;
  std::uint64_t ticks_;
  PolicyId policy_{kNoPolicy};
  std::uint64_t packets_{};
  std::uint64_t bytes_{};
};

}  // namespace

PolicyId match_scope(const Packet& packet, PolicyScope scope, const SelectorFields& fields,
                     const Tables& now, const WorkerContext& my) noexcept {
  if (!is_in_tunnel(packet)) [[likely]]
    return now.policies->match(scope, fields);
  return now.policies->match_in_tunnel(scope, tunnel_name(packet, my), fields);
}

template <Direction direction>
bool match_policies(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  const std::uint64_t ticks = my.ticks.now();
  my.flows.set_clock(ticks);
  Judges<direction> judges(*now.policies, my);
  bool all_protected = judge_all(burst, judges, now, my);
  if (now.policies->stateful) [[unlikely]] {
    drop_strays(burst, judges, now, my);
    all_protected = false;  // first fragments have had their say
  }
  PolicyTally tally(my.policy_counters, ticks);
  for (const Packet* packet : burst) tally.add(*packet);
  return all_protected;
}
template bool match_policies<Direction::Outbound>(Burst&, const Tables&, WorkerContext&) noexcept;
template bool match_policies<Direction::Inbound>(Burst&, const Tables&, WorkerContext&) noexcept;

void match_policies_again(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  my.flows.set_clock(my.ticks.now());
  Judges<Direction::Outbound> judges(*now.policies, my);
  judge_all(burst, judges, now, my);
  if (!now.policies->stateful) return;
  for (Packet* packet : burst)
    if (packet->summary.later_fragment) keep_verdict(*packet, *now.policies);
}

void drop_discarded(Packet& packet, WorkerContext& my) noexcept {
  const DropReason reason = outbound_refusal(packet.policy, packet.summary);
  drop_and_tell(packet, {reason, Purpose::Prohibited}, my);
}

}  // namespace sallyport
