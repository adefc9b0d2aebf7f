#include "dataplane/forward.h"

#include "dataplane/binding_routes.h"
#include "dataplane/from_workers.h"
#include "dataplane/group_copies.h"
#include "dataplane/outbound.h"
#include "dataplane/punt.h"
#include "dataplane/refusal.h"
#include "dataplane/transmit.h"
#include "net/checksum.h"
#include "net/icmp.h"
#include "net/icmp_error.h"
#include "net/ipv4.h"
#include "net/ipv6.h"
#include "net/neighbour_discovery.h"

namespace sallyport {
namespace {

const Port& port_of(PortId id, const WorkerContext& my) noexcept {
  return my.ports[id.value].port();
}

// Control speaks Mobile IPv6 for the host behind us, too (RFC 6275 6.1, 6.5 to 6.8).
bool is_mobility_message(const PacketSummary& summary) noexcept {
  if (summary.protocol == kProtocolMobility) return true;
  const auto type = static_cast<std::uint8_t>(summary.source_port >> 8);
  return summary.protocol == kProtocolIcmpv6 && summary.ports_visible &&
         type >= icmp6::kHomeAgentDiscoveryRequest && type <= icmp6::kMobilePrefixAdvertisement;
}

// On the link, the address of the host behind us is ours to answer for (RFC 4861 7.2.4); and so is
// what routers say of IPsec packets that we made in its name (RFC 4301 6.1.1).
bool is_ours_for_host(const Packet& packet, const Tables& now) noexcept {
  return is_neighbour_discovery(packet.summary) || carries_ipsec(packet.summary, packet.bytes()) ||
         (now.mobility != nullptr && is_mobility_message(packet.summary));
}

// Of what is for this node; false where it rests in reassembly or ended. No type of routing header
// is processed here (RFC 8200 4.4).
bool has_arrived(Packet& packet, WorkerContext& my) noexcept {
  if (packet.summary.segments_left != 0) {
    drop_and_tell(packet, {DropReason::RoutingHeader, Purpose::RoutingType}, my);
    return false;
  }
  return !packet.summary.fragment || !my.reassembly.enabled() ||
         my.reassembly.add(packet, my.ticks.now(), my);
}

// What is for this node, and what has nowhere to go, ends here.
bool has_a_way(Packet& packet, const Tables& now, WorkerContext& my) noexcept {
  if (packet.next_hop->is_neighbour()) [[likely]]
    return true;
  switch (packet.next_hop->kind) {
    case NextHop::Kind::OnLink:
    case NextHop::Kind::Gateway:
      return true;
    case NextHop::Kind::LocalStack:
      if (!is_ours_for_host(packet, now)) [[likely]]
        return true;
      punt_delivery(packet, my);
      return false;
    case NextHop::Kind::Ours:
      if (has_arrived(packet, my)) punt_delivery(packet, my);
      return false;
    case NextHop::Kind::Multicast:
    case NextHop::Kind::Blackhole:
      my.drops.drop(packet, *dead_end(packet.next_hop->kind));
      return false;
    case NextHop::Kind::None:
      drop_and_tell(packet, {*dead_end(packet.next_hop->kind), Purpose::Unreachable}, my);
      return false;
  }
  return false;
}

// Whatever policy says of them: the protocols of one link are not forwarded.
bool may_leave_its_link(Packet& packet, WorkerContext& my) noexcept {
  if (!is_link_protocol(packet.summary) || packet.next_hop->kind == NextHop::Kind::LocalStack)
      [[likely]]
    return true;
  if (packet.tunnel != kNoBinding && packet.ingress == kNoPort) return true;  // it is of the tunnel
  my.drops.drop(packet, DropReason::LinkProtocol);
  return false;
}

// RFC 1812 5.3.1, RFC 8200 3. The IPv4 checksum follows the TTL octet.
void decrement_hop_limit(Packet& packet) noexcept {
  --packet.summary.hop_limit;
  if (packet.summary.family == Family::V6) {
    --packet.header<Ipv6Header>().hop_limit;
    return;
  }
  packet.header<Ipv4Header>().decrease_ttl();
}

// What the two ports of a packet's way make of it.
struct Passage {
  bool forwarded;  // it is not this node's own traffic
  bool one_hop;    // its hop limit counts this node
  bool leaves;     // by the unprotected side, through the IPsec boundary
};

// Packets of one burst mostly go one way: remembers the last one.
class Passages {
 public:
  explicit Passages(const WorkerContext& my) noexcept : my_(my) {}

  [[nodiscard]] const Passage& of(const Packet& packet) noexcept {
    if (packet.next_hop != next_hop_ || packet.ingress != ingress_) [[unlikely]]
      find(packet);
    return passage_;
  }

 private:
  void find(const Packet& packet) noexcept {
    next_hop_ = packet.next_hop;
    ingress_ = packet.ingress;
    passage_.forwarded = ingress_ != kNoPort && port_of(ingress_, my_).kind() == PortKind::Link;
    passage_.one_hop = passage_.forwarded && next_hop_->kind != NextHop::Kind::LocalStack;
    passage_.leaves = port_of(next_hop_->port, my_).side() == Side::Unprotected;
  }

  const WorkerContext& my_;
  const NextHop* next_hop_{};
  PortId ingress_{};
  Passage passage_{};
};

// A home agent speaks with nodes that have come home as it does with those that are away: policy
// has its say about that on the protected side, too (RFC 6275 11.5.5).
bool crosses(const Packet& packet, const Passage& passage, const Tables& now) noexcept {
  if (passage.leaves) return true;
  return now.mobility != nullptr && packet.ingress == kNoPort &&
         packet.summary.protocol == kProtocolMobility;
}

// Leaves what goes through the IPsec boundary.
Burst take_staying(Burst& burst, const Tables& now, const WorkerContext& my) noexcept {
  Passages passages(my);
  return burst.take_if(
      [&](const Packet& packet) { return !crosses(packet, passages.of(packet), now); });
}

bool passes_hop_limit(Packet& packet, const Passage& passage, WorkerContext& my) noexcept {
  if (!passage.forwarded) packet.forwarded = false;
  if (!passage.one_hop) return true;
  if (packet.summary.hop_limit > 1) [[likely]] {
    decrement_hop_limit(packet);
    return true;
  }
  drop_and_tell(packet, {DropReason::HopLimit, Purpose::HopLimit}, my);
  return false;
}

// What knows where it goes.
void send_on(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  unsigned leaving = 0;
  Passages passages(my);
  burst.keep_if([&](Packet& packet) {
    if (!has_a_way(packet, now, my) || !may_leave_its_link(packet, my)) return false;
    const Passage& passage = passages.of(packet);
    if (!passes_hop_limit(packet, passage, my)) return false;
    leaving += crosses(packet, passage, now) ? 1 : 0;
    return true;
  });
  Burst staying;
  if (leaving == 0) {
    staying = burst;
    burst.clear();
  } else if (leaving != burst.size()) {
    staying = take_staying(burst, now, my);
  }
  if (now.mobility != nullptr) [[unlikely]]
    follow_bindings(staying, my);
  my.laps.mark(Verb::Forward);
  if (!burst.empty()) {
    outbound(burst, now, my);
    transmit(burst, my);
  }
  transmit(staying, my);
  my.laps.mark(Verb::Transmit);
}

// What another worker, or this one before it waited, has counted.
void send_on_again(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  Burst staying = take_staying(burst, now, my);
  if (now.mobility != nullptr) [[unlikely]]
    follow_bindings(staying, my);
  if (!burst.empty()) outbound_again(burst, now, my);
  burst.append(staying);
  transmit(burst, my);
}

}  // namespace

void forward(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  now.routes->look_up(burst);
  if (now.mobility != nullptr) [[unlikely]]
    lead_by_bindings(burst, now, my);
  my.laps.mark(Verb::Route);
  give_to_fragment_owners(burst, now, my);
  if (now.listeners != nullptr) [[unlikely]]
    copy_to_listeners(burst, now, my);
  send_on(burst, now, my);
}

void forward_into_tunnels(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  send_on(burst, now, my);
}

void forward_again(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  now.routes->look_up(burst);
  if (now.mobility != nullptr) [[unlikely]]
    lead_by_bindings(burst, now, my);
  burst.keep_if([&](Packet& packet) { return has_a_way(packet, now, my); });
  send_on_again(burst, now, my);
}

void forward_into_tunnels_again(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  send_on_again(burst, now, my);
}

}  // namespace sallyport
