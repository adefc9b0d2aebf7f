#include "dataplane/punt_service.h"

#include <algorithm>
#include <array>

#include "net/neighbour_discovery.h"

namespace sallyport {
namespace {

constexpr unsigned kBatch = 32;

IcmpError error_of(Purpose purpose) noexcept {
  switch (purpose) {
    case Purpose::HopLimit:
      return IcmpError::HopLimit;
    case Purpose::Prohibited:
      return IcmpError::Prohibited;
    case Purpose::TooBig:
      return IcmpError::TooBig;
    case Purpose::RoutingType:
      return IcmpError::RoutingType;
    case Purpose::UnknownOption:
      return IcmpError::UnknownOption;
    case Purpose::TunnelLimit:
      return IcmpError::TunnelLimit;
    case Purpose::OffLink:
      return IcmpError::NoNeighbour;
    default:
      return IcmpError::NoRoute;
  }
}

std::optional<OuterHeader> tunnel_of(const Envelope& envelope) noexcept {
  if (envelope.came_by == CameBy::Link) return std::nullopt;
  return OuterHeader{.source = envelope.next_hop,
                     .protection = envelope.came_by == CameBy::SaTunnel,
                     .names_source = envelope.names_source,
                     .from_far_end = envelope.from_far_end};
}

// What handlers of ICMP are asked by in place of a port.
std::uint16_t port_of(const PacketSummary& summary) noexcept {
  constexpr unsigned kType = 8;
  return port_meaning(summary.protocol) == PortMeaning::Icmp
             ? static_cast<std::uint16_t>(summary.source_port >> kType)
             : summary.destination_port;
}

}  // namespace

unsigned PuntService::poll(Instant now) {
  unsigned count = 0;
  for (PacketRing* ring : from_workers_) count += drain(*ring, now);
  my_.neighbours.tick(now);
  my_.sa_misses.tick(now);
  return count;
}

void PuntService::register_upper(const Upper& upper, Handler handler) {
  handlers_[upper] = std::move(handler);
}

unsigned PuntService::drain(PacketRing& ring, Instant now) {
  std::array<rte_mbuf*, kBatch> packets;
  unsigned count = 0;
  while (count < kBudget) {
    const unsigned taken = ring.pop(packets);
    for (rte_mbuf* packet : std::span(packets).first(taken)) take(packet, now);
    count += taken;
    if (taken < packets.size()) break;
  }
  return count;
}

// A packet for which an error is due has been counted by the worker that dropped it; one to be
// resolved belongs to Neighbours from here on.
void PuntService::take(rte_mbuf* packet, Instant now) {
  const Envelope envelope = Envelope::of(packet);
  bool taken = true;
  switch (envelope.purpose) {
    case Purpose::Resolve:
      return my_.neighbours.resolve(packet, envelope.port, envelope.next_hop, now);
    case Purpose::Acquire:
      return my_.sa_misses.take(packet, now);
    case Purpose::Arp:
      taken = my_.messages.take_arp(bytes_of(packet), envelope.port, now);
      break;
    case Purpose::Deliver:
      taken = deliver(packet, now);
      break;
    case Purpose::UnknownBinding:
      if (unknown_binding_) unknown_binding_(bytes_of(packet), now);
      break;
    default:
      report(packet, envelope, now);
      break;
  }
  if (!taken) my_.drops.count(DropReason::PuntRefused);
  rte_pktmbuf_free(packet);
}

bool PuntService::deliver(rte_mbuf* packet, Instant now) {
  const Envelope& envelope = Envelope::of(packet);
  Delivery delivery{.port = envelope.port,
                    .mac = envelope.mac,
                    .decapsulated = envelope.decapsulated,
                    .transport = envelope.transport,
                    .tunnel = tunnel_of(envelope),
                    .sa = envelope.sa};
  if (summarize(bytes_of(packet), delivery.summary) != ParseVerdict::Good) return false;
  delivery.datagram = bytes_of(packet).first(delivery.summary.length);
  if (is_neighbour_discovery(delivery.summary)) return my_.messages.take_discovery(delivery, now);
  return my_.echo.answer(delivery, now) || offer(delivery, now);
}

bool PuntService::offer(const Delivery& delivery, Instant now) {
  const PacketSummary& summary = delivery.summary;
  if (summary.fragment) return false;
  for (const std::uint16_t port : {port_of(summary), std::uint16_t{0}}) {
    const auto handler = handlers_.find({summary.protocol, port});
    if (handler != handlers_.end()) return handler->second(delivery, now);
  }
  return false;
}

void PuntService::report(const rte_mbuf* packet, const Envelope& envelope, Instant now) {
  my_.errors.report({.error = error_of(envelope.purpose),
                     .datagram = bytes_of(packet),
                     .port = envelope.port,
                     .decapsulated = envelope.decapsulated,
                     .mtu = envelope.mtu},
                    now);
}

}  // namespace sallyport
