#include "dataplane/punt.h"

#include <rte_cycles.h>

#include <algorithm>

#include "dataplane/binding_routes.h"
#include "net/neighbour_discovery.h"
#include "net/udp.h"
#include "sad/compile_sa.h"

namespace sallyport {
namespace {

void hand_over(Packet& packet, Counter& counter, RateLimit& limit, WorkerContext& my) noexcept {
  if (!limit.allow(rte_rdtsc())) return my.drops.drop(packet, DropReason::PuntLimit);
  if (my.to_control.push(packet.mbuf))
    counter.add();
  else
    my.drops.drop(packet, DropReason::PuntFull);
}

// No node keeps others' registrations from control by what it says of groups.
RateLimit& limit_of(const Packet& packet, PuntLimits& limits) noexcept {
  if (is_neighbour_discovery(packet.summary)) return limits.neighbours;
  const bool dhcp =
      packet.summary.protocol == kProtocolUdp && packet.summary.destination_port == kDhcpServerPort;
  return dhcp || is_listener_discovery(packet.summary) ? limits.home_links : limits.others;
}

// What opened it last.
bool in_transport_mode(const Packet& packet, const WorkerContext& my) noexcept {
  return packet.sa != kNoSa && packet.sa_direction == Direction::Inbound &&
         my.sas.inbound(packet.sa).mode == IpsecMode::Transport;
}

// Whose SA it is that the packet has left last: its own, or one of many.
bool names_source(const Packet& packet, const WorkerContext& my) noexcept {
  if (packet.sa == kNoSa || packet.sa_direction != Direction::Inbound) return false;
  const InboundSa& sa = my.sas.inbound(packet.sa);
  const WideAddress source = widen(packet.summary.source);
  return std::ranges::any_of(
      std::span(sa.selectors, sa.selector_count), [&](const CompiledSelector& row) {
        return row.family == packet.summary.family && is_alone(row.remote, source);
      });
}

// The outer source is nothing that an ICV covers; where the SA's tunnel ends is.
bool is_from_far_end(const Packet& packet, const WorkerContext& my) noexcept {
  return packet.came_by == CameBy::SaTunnel && packet.sa != kNoSa &&
         packet.sa_direction == Direction::Inbound &&
         my.sas.inbound(packet.sa).source == Envelope::of(packet.mbuf).next_hop;
}

}  // namespace

void punt_arp(Packet& packet, const Port& port, WorkerContext& my) noexcept {
  const auto& ether = packet.header<rte_ether_hdr>();
  Envelope envelope{.purpose = Purpose::Arp, .port = port.id()};
  std::ranges::copy(ether.src_addr.addr_bytes, envelope.mac.bytes.begin());
  packet.strip_front(port.link_bytes());
  Envelope::of(packet.mbuf) = envelope;
  hand_over(packet, my.counters.punted, my.punts.neighbours, my);
}

MacAddress link_source_of(const Packet& packet, const WorkerContext& my) noexcept {
  MacAddress source;
  if (packet.ingress == kNoPort || packet.decapsulated || packet.came_by != CameBy::Link)
    return source;
  const std::uint16_t link_bytes = my.ports[packet.ingress.value].port().link_bytes();
  std::memcpy(source.bytes.data(), packet.data() - link_bytes + RTE_ETHER_ADDR_LEN,
              RTE_ETHER_ADDR_LEN);
  return source;
}

void punt_delivery(Packet& packet, WorkerContext& my) noexcept {
  Envelope& present = Envelope::of(packet.mbuf);
  const bool tunnelled = packet.came_by != CameBy::Link;
  const bool transport = packet.decapsulated && in_transport_mode(packet, my);
  Envelope envelope{.purpose = Purpose::Deliver,
                    .port = packet.ingress,
                    .decapsulated = packet.decapsulated,
                    .transport = transport,
                    .names_source = packet.came_by == CameBy::SaTunnel && names_source(packet, my),
                    .from_far_end = is_from_far_end(packet, my),
                    .came_by = packet.came_by,
                    .sa = tunnelled ? packet.sa : kNoSa};
  if (tunnelled) envelope.next_hop = present.next_hop;
  envelope.mac = transport && !tunnelled ? present.mac : link_source_of(packet, my);
  present = envelope;
  hand_over(packet, my.counters.punted, limit_of(packet, my.punts), my);
}

void punt_unresolved(Packet& packet, PortId port, const Address& next_hop,
                     WorkerContext& my) noexcept {
  Envelope::of(packet.mbuf) = Envelope{.purpose = Purpose::Resolve,
                                       .port = port,
                                       .worker = my.id,
                                       .ingress = packet.ingress,
                                       .decapsulated = packet.decapsulated,
                                       .next_hop = next_hop};
  hand_over(packet, my.counters.held, my.punts.unresolved, my);
}

void punt_acquire(Packet& packet, std::uint32_t policy_generation, WorkerContext& my) noexcept {
  Envelope::of(packet.mbuf) = Envelope{.purpose = Purpose::Acquire,
                                       .port = packet.ingress,
                                       .worker = my.id,
                                       .hand_offs = packet.hand_offs,
                                       .passes = packet.passes,
                                       .forwarded = packet.forwarded,
                                       .decapsulated = packet.decapsulated,
                                       .by_name = packet.by_name,
                                       .form = packet.form,
                                       .came_by = packet.came_by,
                                       .next_hop = named_tunnel(packet, my),
                                       .policy = packet.policy,
                                       .generation = policy_generation};
  hand_over(packet, my.counters.held, my.punts.acquires, my);
}

void drop_and_tell(Packet& packet, const IcmpCause& cause, WorkerContext& my) noexcept {
  my.drops.note(packet, cause.reason);
  Envelope::of(packet.mbuf) = Envelope{.purpose = cause.purpose,
                                       .port = packet.ingress,
                                       .mtu = cause.mtu,
                                       .decapsulated = packet.decapsulated};
  if (!my.icmp_errors.allow(rte_rdtsc()) || !my.to_control.push(packet.mbuf))
    rte_pktmbuf_free(packet.mbuf);
}

}  // namespace sallyport
