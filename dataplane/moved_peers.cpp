#include "dataplane/moved_peers.h"

#include "dataplane/worker_context.h"

namespace sallyport {

void watch_source(const Packet& packet, WorkerContext& my) noexcept {
  const InboundSa& sa = my.sas.inbound(packet.sa);
  const PacketSummary& outer = packet.summary;
  const bool in_udp = outer.protocol == kProtocolUdp && outer.ports_visible;
  const bool newest = packet.sequence == my.sas.inbound_state(packet.sa).highest;
  const bool known = outer.source_port == sa.source_port && outer.source_address() == sa.source;
  if (!in_udp || !newest || known) return;
  const std::uint64_t now = my.ticks.now();
  if (!my.moved_peers.may_tell(packet.sa, now)) return;
  // Where the ring is full, a later packet says it again.
  static_cast<void>(my.events.push({.source = outer.source,
                                    .destination = outer.destination,
                                    .ticks = now,
                                    .sequence = packet.sequence,
                                    .spi = sa.spi,
                                    .sa = packet.sa,
                                    .source_port = outer.source_port,
                                    .destination_port = outer.destination_port,
                                    .worker = my.id,
                                    .kind = EventKind::MovedPeer,
                                    .direction = Direction::Inbound,
                                    .family = outer.family,
                                    .protocol = kProtocolUdp,
                                    .has_sequence = true,
                                    .has_addresses = true,
                                    .ports_visible = true}));
}

}  // namespace sallyport
