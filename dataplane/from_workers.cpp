#include "dataplane/from_workers.h"

#include "dataplane/forward.h"
#include "dataplane/inbound.h"
#include "dataplane/parse.h"

namespace sallyport {
namespace {

Purpose purpose_of(const Packet& packet) noexcept { return Envelope::of(packet.mbuf).purpose; }

bool send_frame(const Packet& packet, WorkerContext& my) noexcept {
  const Envelope& envelope = Envelope::of(packet.mbuf);
  if (envelope.purpose != Purpose::Transmit) return false;
  my.ports[envelope.port.value].enqueue(packet.mbuf, my.drops);
  return true;
}

// A second reading costs less than carrying the first from core to core.
bool read_headers(Packet& packet, WorkerContext& my) noexcept {
  const ParseVerdict verdict = summarize(packet, my.skipped_headers);
  if (verdict == ParseVerdict::Good) [[likely]]
    return true;
  my.drops.drop(packet, drop_reason(verdict));
  return false;
}

}  // namespace

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

void give_to_outbound_owners(Burst& burst, WorkerContext& my) noexcept {
  if (my.hand_off.alone()) [[likely]]
    return;
  burst.keep_if([&](Packet& packet) {
    const WorkerId owner = my.sas.outbound(packet.sa).owner;
    if (owner == my.id || owner == kEveryWorker) return true;
    if (packet.dummy) [[unlikely]] {  // made for the owner before; the next one finds this one
      my.drops.drop(packet, DropReason::DummyPacket);
      return false;
    }
    my.hand_off.give(packet, owner, {.purpose = Purpose::Seal}, my.drops);
    return false;
  });
}

void go_on_with(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  burst.keep_if([&](const Packet& packet) { return !send_frame(packet, my); });
  burst.keep_if([&](Packet& packet) { return read_headers(packet, my); });
  Burst leaving =
      burst.take_if([](const Packet& packet) { return purpose_of(packet) == Purpose::Seal; });
  if (!burst.empty()) {
    inbound(burst, now, my);
    for (Packet* packet : burst) packet->passes = 0;
    forward(burst, now, my);
  }
  if (!leaving.empty()) forward_again(leaving, now, my);
}

}  // namespace sallyport
