#include "dataplane/from_control.h"

#include <array>

#include "dataplane/binding_routes.h"
#include "dataplane/forward.h"
#include "dataplane/from_workers.h"
#include "dataplane/mobility.h"
#include "dataplane/outbound.h"
#include "dataplane/parse.h"
#include "dataplane/policy_match.h"
#include "dataplane/transmit.h"

namespace sallyport {
namespace {

// A whole frame or an already judged packet goes to its port as it is.
bool send_at_once(Packet& packet, WorkerContext& my) noexcept {
  const Envelope& envelope = Envelope::of(packet.mbuf);
  if (envelope.purpose == Purpose::LinkFrame) {
    my.counters.originated.add();
    my.ports[envelope.port.value].enqueue(packet.mbuf, packet.size(), my.drops);
    return true;
  }
  if (envelope.purpose != Purpose::Resolved) return false;
  my.counters.released.add();
  packet.summary.family = (packet.data()[0] >> 4) == 4 ? Family::V4 : Family::V6;
  send_to(packet, envelope.port, envelope.mac, my);
  return true;
}

bool read_originated(Packet& packet, WorkerContext& my) noexcept {
  my.counters.originated.add();
  const ParseVerdict verdict = summarize(packet, my.skipped_headers);
  if (verdict == ParseVerdict::Good) {
    // What control makes with home addresses has its logical form.
    if (packet.summary.mobility != 0) packet.form = HomeForm::Leaving;
    return true;
  }
  my.drops.drop(packet, drop_reason(verdict));
  return false;
}

// Nobody sent it, so that no policy is asked: its SA is known (RFC 4303 2.6).
bool read_dummy(Packet& packet, WorkerContext& my) noexcept {
  const Envelope& envelope = Envelope::of(packet.mbuf);
  packet.dummy = true;
  packet.forwarded = false;
  packet.policy = envelope.policy;
  packet.handle = SaHandle{envelope.policy.value};
  if (envelope.whole) return read_originated(packet, my);
  my.counters.originated.add();
  packet.summary.family = envelope.family;
  packet.summary.length = packet.size();
  packet.summary.traffic_class = envelope.traffic_class;
  return true;
}

void send_dummies(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  burst.keep_if([&](Packet& packet) { return read_dummy(packet, my); });
  if (burst.empty()) return;
  protect(burst, now, my);
  transmit(burst, my);
}

// Link-local protocols name their port and neighbour; policy is still asked (ARCH-09). What policy
// would encrypt has no business on the link: it is discarded.
void send_on_link(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  if (burst.empty()) return;
  std::array<NextHop, kBurstSize> next_hops;
  for (unsigned i = 0; i < burst.size(); ++i) {
    next_hops[i] = {NextHop::Kind::OnLink, Envelope::of(burst[i].mbuf).port, {}};
    burst[i].next_hop = &next_hops[i];
  }
  Burst crossing = burst.take_if([&](const Packet& packet) {
    return my.ports[packet.next_hop->port.value].port().side() == Side::Unprotected;
  });
  match_policies<Direction::Outbound>(crossing, now, my);
  crossing.keep_if([&](Packet& packet) {
    if (packet.action == PolicyAction::Bypass) return true;
    my.drops.drop(packet,
                  packet.policy == kNoPolicy ? DropReason::NoPolicy : DropReason::PolicyDiscard);
    return false;
  });
  burst.append(crossing);
  for (Packet* packet : burst) finish_home_addresses(*packet, my);
  for (Packet* packet : burst)
    send_to(*packet, packet->next_hop->port, Envelope::of(packet->mbuf).mac, my);
}

void send_in_tunnels(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  lead_by_name(burst, now, my);
  if (!burst.empty()) forward_into_tunnels(burst, now, my);
}

// What waited for an SA: as if another worker had given it to this one.
void go_on_with_held(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  if (burst.empty()) return;
  my.counters.released.add(burst.size());
  for (Packet* packet : burst) read_envelope(*packet);
  go_on_with(burst, now, my);
}

}  // namespace

Burst receive_from_control(PacketStore& store, WorkerContext& my) noexcept {
  std::array<rte_mbuf*, kBurstSize> mbufs;
  const unsigned count = my.from_control.pop(mbufs);
  Burst burst;
  for (unsigned i = 0; i < count; ++i) {
    store[i] = Packet{};
    store[i].mbuf = mbufs[i];
    burst.push(store[i]);
  }
  return burst;
}

void forward_from_control(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  burst.keep_if([&](Packet& packet) { return !send_at_once(packet, my); });
  Burst held =
      burst.take_if([](const Packet& packet) { return purpose_of(packet) == Purpose::Seal; });
  go_on_with_held(held, now, my);
  Burst dummies =
      burst.take_if([](const Packet& packet) { return purpose_of(packet) == Purpose::Dummy; });
  send_dummies(dummies, now, my);
  burst.keep_if([&](Packet& packet) { return read_originated(packet, my); });
  Burst on_link = burst.take_if(
      [](const Packet& packet) { return purpose_of(packet) == Purpose::OriginateOnLink; });
  send_on_link(on_link, now, my);
  Burst in_tunnel = burst.take_if(
      [](const Packet& packet) { return purpose_of(packet) == Purpose::OriginateInTunnel; });
  send_in_tunnels(in_tunnel, now, my);
  if (!burst.empty()) forward(burst, now, my);
}

}  // namespace sallyport
