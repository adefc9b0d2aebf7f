#include "dataplane/from_workers.h"

#include "dataplane/binding_routes.h"
#include "dataplane/forward.h"
#include "dataplane/inbound.h"
#include "dataplane/parse.h"

namespace sallyport {
namespace {

bool send_frame(const Packet& packet, WorkerContext& my) noexcept {
  const Envelope& envelope = Envelope::of(packet.mbuf);
  if (envelope.purpose != Purpose::Transmit) return false;
  my.ports[envelope.port.value].enqueue(packet.mbuf, packet.size(), my.drops);
  return true;
}

// A second reading costs less than carrying the first from core to core.
bool read_again(Packet& packet, WorkerContext& my) noexcept {
  const ParseVerdict verdict = summarize(packet, my.skipped_headers);
  if (verdict == ParseVerdict::Good) [[likely]]
    return true;
  my.drops.drop(packet, drop_reason(verdict));
  return false;
}

// Fragments that are joined or judged by others of their datagram. What came out of an SA is joined
// by that SA's owner, who has them all.
bool meets_others(const Packet& packet, const Tables& now, const WorkerContext& my) noexcept {
  if (packet.ingress == kNoPort) return false;
  const NextHop& hop = *packet.next_hop;
  if (packet.decapsulated) return now.policies->stateful && hop.leads_on();
  return now.policies->stateful || (hop.ours() && my.reassembly.enabled());
}

// All workers say the same. A remainder without a division.
WorkerId fragment_owner(const Packet& packet, const HandOff& hand_off) noexcept {
  const std::uint64_t workers = hand_off.sources() + 1;
  Fragment fragment;
  static_cast<void>(read_fragment(packet.bytes(), packet.summary, fragment));  // the key is whole
  const auto hash = static_cast<std::uint32_t>(hash_of(fragment.key, hand_off.common_seed()));
  return WorkerId{static_cast<std::uint16_t>(hash * workers >> 32)};
}

// Of what is handed over before it has been opened or judged.
bool is_from_outside(const Packet& packet, const WorkerContext& my) noexcept {
  if (purpose_of(packet) != Purpose::Fragment) return true;
  return !packet.decapsulated && packet.came_by == CameBy::Link &&
         my.ports[packet.ingress.value].port().side() == Side::Unprotected;
}

}  // namespace

void give_to_fragment_owners(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  if (my.hand_off.alone()) [[likely]]
    return;
  burst.keep_if([&](Packet& packet) {
    if (!packet.summary.fragment || !meets_others(packet, now, my)) [[likely]]
      return true;
    const WorkerId owner = fragment_owner(packet, my.hand_off);
    if (owner == my.id) return true;
    my.hand_off.give(packet, owner, {.purpose = Purpose::Fragment}, my.drops);
    return false;
  });
}

void give_to_inbound_owners(Burst& burst, WorkerContext& my) noexcept {
  if (my.hand_off.alone()) [[likely]]
    return;
  burst.keep_if([&](Packet& packet) {
    const WorkerId owner = my.sas.inbound(packet.sa).owner;
    if (owner == my.id) return true;
    my.hand_off.give(packet, owner, {.purpose = Purpose::Open}, my.drops);
    return false;
  });
}

void give_to_outbound_owners(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  if (my.hand_off.alone()) [[likely]]
    return;
  burst.keep_if([&](Packet& packet) {
    const WorkerId owner = my.sas.outbound(packet.sa).owner;
    if (owner == my.id || owner == kEveryWorker) return true;
    if (packet.dummy) [[unlikely]] {  // made for the owner before; the next one finds this one
      my.drops.drop(packet, DropReason::DummyPacket);
      return false;
    }
    const std::uint32_t generation = now.policies->entry(packet.policy).generation;
    my.hand_off.give(packet, owner,
                     {.purpose = Purpose::Seal,
                      .by_name = packet.by_name,
                      .next_hop = named_tunnel(packet, my),
                      .policy = packet.policy,
                      .generation = generation,
                      .handle = packet.handle},
                     my.drops);
    return false;
  });
}

void go_on_with(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  burst.keep_if([&](const Packet& packet) { return !send_frame(packet, my); });
  burst.keep_if([&](Packet& packet) { return read_again(packet, my); });
  Burst leaving =
      burst.take_if([](const Packet& packet) { return purpose_of(packet) == Purpose::Seal; });
  Burst inside = burst.take_if([&](const Packet& packet) { return !is_from_outside(packet, my); });
  if (!inside.empty()) forward(inside, now, my);
  if (!burst.empty()) {
    inbound(burst, now, my);
    for (Packet* packet : burst) packet->passes = 0;
    forward(burst, now, my);
  }
  Burst named =
      leaving.take_if([](const Packet& packet) { return Envelope::of(packet.mbuf).by_name; });
  if (!leaving.empty()) forward_again(leaving, now, my);
  lead_by_name(named, now, my);
  if (!named.empty()) forward_into_tunnels_again(named, now, my);
}

}  // namespace sallyport
