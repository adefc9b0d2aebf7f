#include "dataplane/policy_match.h"

#include "dataplane/envelope.h"
#include "dataplane/punt.h"
#include "net/icmp_error.h"

namespace sallyport {
namespace {

SpdId spd_of(const Packet& packet, Direction direction, const WorkerContext& my) noexcept {
  const PortId port = direction == Direction::Inbound ? packet.ingress : packet.next_hop->port;
  return port == kNoPort ? SpdId{} : my.ports[port.value].port().settings().spd;
}

void adopt(Packet& packet, const Flow& flow) noexcept {
  packet.policy = flow.policy;
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

void fill(Flow& flow, const FlowKey& key, PolicyId policy, const PolicySet& policies) noexcept {
  const PolicyEntry& entry = policies.entry(policy);
  flow = Flow{.key = key,
              .policy = policy,
              .generation = entry.generation,
              .version = policies.version,
              .action = entry.action};
}

struct Query {
  FlowKey key;
  std::uint32_t hash;
  SpdId spd;
};

void ask_spd(Packet& packet, const Query& query, Direction direction, const Tables& now,
             WorkerContext& my) noexcept {
  const PolicyId policy =
      now.policies->match(query.spd, selector_fields(packet.summary, direction));
  Flow& flow = my.flows.place(query.hash);
  fill(flow, query.key, policy, *now.policies);
  adopt(packet, flow);
}

void match(Packet& packet, const Query& query, Direction direction, const Tables& now,
           WorkerContext& my) noexcept {
  Flow* const flow = my.flows.find(query.key, query.hash);
  if (flow == nullptr) {
    my.flows.misses.add();
    return ask_spd(packet, query, direction, now, my);
  }
  if (still_true(*flow, *now.policies)) [[likely]]
    return adopt(packet, *flow);
  my.flows.stale.add();
  fill(*flow, query.key, now.policies->match(query.spd, selector_fields(packet.summary, direction)),
       *now.policies);
  adopt(packet, *flow);
}

// A first fragment leaves word for the others, and they follow it (RFC 4301 7.3, 7.4). The reason
// where the packet has to go.
std::optional<DropReason> follow_first(Packet& packet, const FragmentScope& scope,
                                       const PolicySet& policies, WorkerContext& my) noexcept {
  const PolicyEntry& entry = policies.entry(packet.policy);
  if (!packet.summary.later_fragment) {
    const FirstFragment verdict{packet.policy, entry.generation, entry.action};
    if (entry.stateful)
      return my.fragment_flows.remember(packet, scope, verdict, my.ticks.now()).reason;
    my.fragment_flows.forget(packet, scope);
    return std::nullopt;
  }
  const auto [first, reason] = my.fragment_flows.follow(packet, scope, my.ticks.now());
  if (first && policies.entry(first->policy).generation == first->generation) {
    packet.policy = first->policy;
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

// True: the fragment had to go, and its mbuf is null.
bool is_stray(Packet& packet, const FragmentScope& scope, const Tables& now,
              WorkerContext& my) noexcept {
  const auto fault = follow_first(packet, scope, *now.policies, my);
  if (!fault) return false;
  my.drops.drop(packet, *fault);
  packet.mbuf = nullptr;
  return true;
}

// The verdict of the worker that saw all of the datagram.
void keep_verdict(Packet& packet, const PolicySet& policies) noexcept {
  const Envelope& envelope = Envelope::of(packet.mbuf);
  const PolicyEntry& entry = policies.entry(envelope.policy);
  if (entry.generation != envelope.generation) return;
  packet.policy = envelope.policy;
  packet.action = entry.action;
}

// `judged` gets each packet and the SPD that was asked; false where the packet had to go.
template <class Judged>
void match_all(Burst& burst, Direction direction, const Tables& now, WorkerContext& my,
               Judged&& judged) noexcept {
  my.flows.lookups.add(burst.size());
  std::array<Query, kBurstSize> queries;
  for (unsigned i = 0; i < burst.size(); ++i) {
    Query& query = queries[i];
    query.spd = spd_of(burst[i], direction, my);
    query.key = FlowKey::of(burst[i].summary, query.spd, direction);
    query.hash = my.flows.hash(query.key);
    my.flows.prefetch(query.hash);
  }
  bool all_stay = true;
  for (unsigned i = 0; i < burst.size(); ++i) {
    match(burst[i], queries[i], direction, now, my);
    if (!judged(burst[i], queries[i].spd)) [[unlikely]]
      all_stay = false;
  }
  if (!all_stay) [[unlikely]]
    burst.keep_if([](const Packet& packet) { return packet.mbuf != nullptr; });
}

}  // namespace

void match_policies(Burst& burst, Direction direction, const Tables& now,
                    WorkerContext& my) noexcept {
  match_all(burst, direction, now, my, [&](Packet& packet, SpdId spd) {
    const bool checked = packet.summary.fragment && now.policies->stateful;
    if (checked && is_stray(packet, scope_of(direction, spd), now, my)) [[unlikely]]
      return false;
    TrafficCounter& counter = my.policy_counters[packet.policy.value];
    counter.packets.add();
    counter.bytes.add(packet.summary.length);
    return true;
  });
}

void match_policies_again(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  match_all(burst, Direction::Outbound, now, my, [&](Packet& packet, SpdId) {
    if (packet.summary.later_fragment && now.policies->stateful) [[unlikely]]
      keep_verdict(packet, *now.policies);
    return true;
  });
}

void drop_discarded(Packet& packet, WorkerContext& my) noexcept {
  const DropReason reason = packet.policy != kNoPolicy      ? DropReason::PolicyDiscard
                            : is_icmp_error(packet.summary) ? DropReason::IcmpNoSa
                                                            : DropReason::NoPolicy;
  drop_and_tell(packet, {reason, Purpose::Prohibited}, my);
}

}  // namespace sallyport
