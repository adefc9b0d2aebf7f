#include "gateway/explain.h"

#include <algorithm>

#include "dataplane/populated_handles.h"
#include "dataplane/refusal.h"
#include "gateway/sample_datagram.h"
#include "net/neighbour_discovery.h"
#include "sad/sequence_numbers.h"
#include "spd/decorrelation.h"
#include "spd/policy_names.h"
#include "spd/region_text.h"

namespace sallyport {
namespace {

bool matches(const Policy& policy, const SelectorFields& fields) {
  return std::ranges::any_of(policy.selectors,
                             [&](const Selector& selector) { return matches(selector, fields); });
}

// The longest route that leads where workers are led.
std::optional<Prefix> prefix_of(const Gateway& gateway, const Address& destination,
                                const NextHop& led_to) {
  std::optional<Prefix> longest;
  for (const Route& route : gateway.routes()) {
    const bool fits = route.destination.contains(destination) && route.next_hop == led_to;
    if (fits && (!longest || longest->length <= route.destination.length))
      longest = Prefix{route.destination.first(), route.destination.length};
  }
  return longest;
}

// One packet on its way. Each step says whether there is another.
class Journey {
 public:
  Journey(Gateway& gateway, const PacketFields& fields, PortId ingress)
      : gateway_(gateway), fields_(fields), ingress_(ingress) {}

  [[nodiscard]] Explanation run() && {
    told_.direction =
        side_of(ingress_) == Side::Unprotected ? Direction::Inbound : Direction::Outbound;
    if (read() && (told_.direction == Direction::Outbound || enter()) && forward())
      while (leave()) {
      }
    return std::move(told_);
  }

 private:
  // The gateway's own packets come from the protected side.
  [[nodiscard]] Side side_of(PortId port) const {
    return port == kNoPort ? Side::Protected : gateway_.configuration().ports[port.value].side;
  }
  [[nodiscard]] SpdId spd_of(PortId port) const {
    return gateway_.configuration().ports[port.value].spd;
  }
  [[nodiscard]] bool made_here() const {
    return ingress_ == kNoPort ||
           gateway_.configuration().ports[ingress_.value].kind == PortKind::LocalStack;
  }

  bool end(DropReason reason) {
    told_.fate = Fate::Discarded;
    told_.reason = reason;
    return false;
  }
  bool arrive(Fate fate) {
    told_.fate = fate;
    return false;
  }

  [[nodiscard]] Explanation::Way way_to(const Address& destination) const {
    const NextHop& hop = gateway_.dataplane().next_hop(destination);
    return {prefix_of(gateway_, destination, hop), hop};
  }

  // The headers, as workers read them, and the route.
  bool read() {
    const std::vector<std::uint8_t> datagram = sample_datagram(fields_);
    const ParseVerdict verdict = summarize(datagram, summary_, skipped_headers());
    way_ = way_to(fields_.to);
    if (told_.sas.empty()) told_.way = way_;
    return verdict == ParseVerdict::Good || end(drop_reason(verdict));
  }
  [[nodiscard]] SkippedHeaders skipped_headers() const {
    return SkippedHeaders::of(gateway_.configuration().dataplane.skipped_headers).value();
  }

  // Asks the SPD of `port`; the policy's id is in judged_ then.
  PolicyAction judge(Direction direction, PortId port);
  void say_why(Explanation::Judgement& judgement, const SelectorFields& fields,
               const std::string& user);
  // Empty: no local user's.
  [[nodiscard]] std::string user_of_packet() const {
    if (ingress_ == kNoPort || side_of(ingress_) == Side::Unprotected) return {};
    return gateway_.configuration().ports[ingress_.value].user;
  }

  // In clear through SPD-I (RFC 4301 5.2).
  bool enter() {
    const bool ipsec = summary_.protocol == kProtocolEsp || summary_.protocol == kProtocolAh;
    if (ipsec && way_.next_hop.ours()) return arrive(Fate::Opened);
    return may_enter(ingress_);
  }
  bool may_enter(PortId port) {
    const PolicyAction action = judge(Direction::Inbound, port);
    return action == PolicyAction::Bypass || end(plaintext_refusal(action, judged_));
  }

  // True: it leaves through the boundary.
  bool forward() {
    const NextHop& hop = way_.next_hop;
    const bool host = hop.kind == NextHop::Kind::LocalStack;
    if (const auto reason = dead_end(hop.kind)) return end(*reason);
    if (hop.kind == NextHop::Kind::Ours || (host && is_neighbour_discovery(summary_)))
      return arrive(Fate::Delivered);
    if (is_link_protocol(summary_) && !host) return end(DropReason::LinkProtocol);
    if (side_of(hop.port) == Side::Unprotected) return true;
    told_.out = hop.port;
    return arrive(Fate::Forwarded);
  }

  // Outbound policy (RFC 4301 5.1). True: what an SA has made goes round once more.
  bool leave() {
    switch (judge(Direction::Outbound, way_.next_hop.port)) {
      case PolicyAction::Discard:
        return end(outbound_refusal(judged_, summary_));
      case PolicyAction::Bypass:
        told_.out = way_.next_hop.port;
        return arrive(Fate::Forwarded);
      case PolicyAction::Protect:
        break;
    }
    return protect();
  }

  bool protect();
  bool acquire(const PolicyEntry& entry, const SelectorFields& fields);
  [[nodiscard]] std::optional<DropReason> objection(const OutboundSa& sa) const;
  [[nodiscard]] std::optional<DropReason> shortage(SaSlot slot) const;
  // The fields of what the SA makes.
  [[nodiscard]] PacketFields outer_fields(const Sa& sa, const OutboundSa& compiled) const;
  bool go_round();

  Gateway& gateway_;
  PacketFields fields_;
  PortId ingress_;
  std::uint8_t passes_{};
  PacketSummary summary_;
  Explanation::Way way_;
  PolicyId judged_{};
  Explanation told_;
};

PolicyAction Journey::judge(Direction direction, PortId port) {
  const PolicySet& policies = gateway_.dataplane().policies();
  const SelectorFields fields = selector_fields(summary_, direction);
  Explanation::Judgement judgement{.direction = direction, .spd = spd_of(port)};
  const std::string user = direction == Direction::Outbound ? user_of_packet() : std::string();
  judged_ = policies.match(
      direction == Direction::Inbound
          ? policies.inbound(judgement.spd)
          : policies.outbound(judgement.spd, user_id(gateway_.configuration(), user)),
      fields);
  judgement.action = policies.entry(judged_).action;
  judgement.policy = gateway_.spd().find(judged_);
  if (judgement.policy != nullptr) say_why(judgement, fields, user);
  told_.judgements.push_back(std::move(judgement));
  return told_.judgements.back().action;
}

// Of the policies that packets like this one meet.
void Journey::say_why(Explanation::Judgement& judgement, const SelectorFields& fields,
                      const std::string& user) {
  const auto order = gateway_.spd().ordered(judgement.spd);
  judgement.position =
      static_cast<std::size_t>(std::ranges::find(order, judgement.policy) - order.begin());
  std::vector<const Policy*> met;
  for (const Policy* policy : order)
    if (is_met(*policy, judgement.direction, user)) met.push_back(policy);
  const auto at = std::ranges::find(met, judgement.policy);
  Decorrelation decorrelation(met);
  if (const auto piece =
          decorrelation.piece_of(static_cast<std::size_t>(at - met.begin()), fields)) {
    judgement.entry = to_string(piece->region);
    for (const std::size_t position : piece->cut_by) judgement.cut_by.add(met[position]->name);
  }
  for (const Policy* later : std::span(at + 1, met.end()))
    if (matches(*later, fields)) judgement.shadows.add(later->name);
}

// What choose_sas() says of a whole packet that is not too long.
std::optional<DropReason> Journey::objection(const OutboundSa& sa) const {
  const bool allowed = summary_.family == Family::V4 ? sa.inner_v4 : sa.inner_v6;
  if (!allowed) return DropReason::FamilyNotAllowed;
  if (sa.mode == IpsecMode::Transport && !made_here()) return DropReason::TransportForwarded;
  return std::nullopt;
}

// What take_sequence_numbers() says of the SA's next packet, but for its time.
std::optional<DropReason> Journey::shortage(SaSlot slot) const {
  const SaTable& sas = gateway_.dataplane().sas();
  const SaCounters done = sas.counters(Direction::Outbound, slot);
  OutboundState state{.last_sequence = done.sequence.value,
                      .packets = done.packets,
                      .bytes = done.bytes,
                      .hard_bytes = sas.outbound_state(slot).hard_bytes,
                      .hard_packets = sas.outbound_state(slot).hard_packets};
  const NumberGrant grant = take_numbers(state, sas.sequence_limit(slot), 1);
  if (grant.count != 0) return std::nullopt;
  return grant.exhausted ? DropReason::SequenceExhausted : DropReason::LifetimeExpired;
}

// What acquire_sa() does with it.
bool Journey::acquire(const PolicyEntry& entry, const SelectorFields& fields) {
  const Protection& protect = *told_.judgements.back().policy->protect;
  told_.peer = protect.mode == IpsecMode::Tunnel ? protect.endpoints.remote : fields_.to;
  if (!entry.negotiable || !gateway_.has_key_manager()) return end(DropReason::NoSa);
  if (!PopulatedKey::of(judged_, entry.pfp, fields)) return end(DropReason::FieldHidden);
  return arrive(Fate::Held);
}

bool Journey::protect() {
  Dataplane& dataplane = gateway_.dataplane();
  const PolicyEntry& entry = dataplane.policies().entry(judged_);
  const SelectorFields fields = selector_fields(summary_, Direction::Outbound);
  const SaSlot slot = dataplane.handles().choose(
      dataplane.populated().find(judged_, entry.pfp, fields), fields_.dscp);
  if (slot == kNoSa) return acquire(entry, fields);
  const OutboundSa& compiled = dataplane.sas().outbound(slot);
  if (const auto reason = objection(compiled)) return end(*reason);
  if (const auto reason = shortage(slot)) return end(*reason);
  const Sa& sa = *gateway_.sad().find(Direction::Outbound, slot)->sa;
  const PacketFields outer = outer_fields(sa, compiled);
  told_.sas.push_back({&sa, way_to(outer.to)});
  fields_ = outer;
  way_ = told_.sas.back().way;
  if (compiled.loop_back) return go_round();
  if (const auto reason = outer_dead_end(way_.next_hop)) return end(*reason);
  told_.out = way_.next_hop.port;
  return arrive(Fate::Protected);
}

PacketFields Journey::outer_fields(const Sa& sa, const OutboundSa& compiled) const {
  PacketFields outer = fields_;
  outer.protocol = static_cast<std::uint8_t>(sa.protocol);
  if (sa.encapsulation) {
    outer.protocol = kProtocolUdp;
    outer.source_port = sa.encapsulation->local_port;
    outer.destination_port = sa.encapsulation->remote_port;
  }
  if (sa.mode == IpsecMode::Transport) return outer;
  outer.from = sa.endpoints.local;
  outer.to = sa.endpoints.remote;
  outer.dscp = gateway_.dataplane().sas().dscp_map(compiled.dscp_map)[fields_.dscp];
  return outer;
}

// As a packet of this node that comes in where it would have gone out (nesting.cpp).
bool Journey::go_round() {
  if (++passes_ >= kMostPasses) return end(DropReason::NestingTooDeep);
  const NextHop& hop = way_.next_hop;
  if (!hop.leads_on() || side_of(hop.port) != Side::Unprotected) return end(DropReason::NoRoute);
  ingress_ = kNoPort;
  return read() && may_enter(hop.port);
}

}  // namespace

void Explanation::Names::add(const std::string& name) {
  ++count;
  if (names.size() < kMost) names.push_back(name);
}

Explanation explain(Gateway& gateway, const PacketFields& packet, PortId ingress) {
  return Journey(gateway, packet, ingress).run();
}

}  // namespace sallyport
