#include "dataplane/tunnelled_peers.h"

#include "dataplane/envelope.h"
#include "dataplane/tables.h"
#include "dataplane/worker_context.h"
#include "net/protocol.h"

namespace sallyport {
namespace {

// What a packet by the home tunnel may begin: mobility messages are answers of such routes already.
bool is_payload(const PacketSummary& summary) noexcept {
  return summary.family == Family::V6 && summary.protocol != kProtocolMobility;
}

}  // namespace

void watch_tunnelled_peer(const Packet& packet, const Tables& now, WorkerContext& my) noexcept {
  const PacketSummary& summary = packet.summary;
  if (!now.mobility->tells_tunnelled_peers || !is_payload(summary)) return;
  const Address home_address = summary.destination_address();
  const BindingId home = my.bindings.find(BindingUse::HomeRegistration, home_address);
  if (home == kNoBinding) return;
  const Address home_agent = my.bindings[home].peer;
  const Address peer = summary.source_address();
  const bool by_home_agent = Envelope::of(packet.mbuf).next_hop == home_agent;
  if (!by_home_agent || peer == home_agent) return;
  if (my.bindings.find(BindingUse::MobileNode, home_address, peer) != kNoBinding) return;
  const std::uint64_t ticks = my.ticks.now();
  if (!my.tunnelled_peers.may_tell(peer, ticks)) return;
  // Where the ring is full, a packet of the next minute says it again.
  static_cast<void>(my.events.push({.source = summary.source,
                                    .destination = summary.destination,
                                    .ticks = ticks,
                                    .worker = my.id,
                                    .kind = EventKind::TunnelledPeer,
                                    .direction = Direction::Inbound,
                                    .family = summary.family,
                                    .protocol = summary.protocol,
                                    .has_addresses = true}));
}

}  // namespace sallyport
