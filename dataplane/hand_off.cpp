#include "dataplane/hand_off.h"

#include "base/prefetch.h"

namespace sallyport {
namespace {

// More than any packet needs whose SAs keep their owners: four passes each way, and a queue.
constexpr std::uint8_t kMostHandOffs = 16;

}  // namespace

Expected<HandOffRings> HandOffRings::create(std::uint16_t workers, std::uint64_t seed) {
  HandOffRings rings(workers, seed);
  if (workers == 1) return rings;
  for (unsigned i = 0; i < unsigned{workers} * workers; ++i) {
    auto ring = PacketRing::create(kCapacity);
    if (!ring) return std::unexpected(ring.error());
    rings.rings_.push_back(std::move(*ring));
  }
  return rings;
}

PacketRing* HandOffRings::between(WorkerId from, WorkerId to) noexcept {
  if (from == to) return nullptr;
  return &rings_[std::size_t{from.value} * workers_ + to.value];
}

HandOff::HandOff(WorkerId me, HandOffRings& rings) : common_seed_(rings.seed()) {
  if (rings.workers() == 1) return;
  outboxes_.resize(rings.workers());
  for (std::uint16_t other = 0; other < rings.workers(); ++other) {
    outboxes_[other].ring = rings.between(me, WorkerId{other});
    if (WorkerId{other} != me) from_.push_back(rings.between(WorkerId{other}, me));
  }
}

void HandOff::give(Packet& packet, WorkerId to, const Envelope& envelope, Drops& drops) noexcept {
  if (packet.hand_offs == kMostHandOffs) [[unlikely]]
    return drops.drop(packet, DropReason::HandoffAstray);
  Envelope& present = Envelope::of(packet.mbuf);
  const auto [mac, tunnel_source] = std::pair(present.mac, present.next_hop);
  present = envelope;
  present.mac = mac;
  if (packet.came_by != CameBy::Link) present.next_hop = tunnel_source;
  present.hand_offs = static_cast<std::uint8_t>(packet.hand_offs + 1);
  present.port = packet.ingress;
  present.passes = packet.passes;
  present.decapsulated = packet.decapsulated;
  present.forwarded = packet.forwarded;
  present.form = packet.form;
  present.came_by = packet.came_by;
  post(packet.mbuf, to, drops);
}

void HandOff::give_frames(std::span<rte_mbuf* const> frames, WorkerId to, PortId port,
                          Drops& drops) noexcept {
  for (rte_mbuf* const frame : frames) {
    Envelope::of(frame) = {.purpose = Purpose::Transmit, .port = port};
    post(frame, to, drops);
  }
}

void HandOff::post(rte_mbuf* mbuf, WorkerId to, Drops& drops) noexcept {
  Outbox& outbox = outboxes_[to.value];
  outbox.packets[outbox.waiting++] = mbuf;
  ++waiting_;
  if (outbox.waiting == outbox.packets.size()) flush(outbox, drops);
}

void HandOff::flush(Drops& drops) noexcept {
  if (waiting_ == 0) return;
  for (Outbox& outbox : outboxes_) flush(outbox, drops);
}

void HandOff::flush(Outbox& outbox, Drops& drops) noexcept {
  if (outbox.waiting == 0) return;
  const auto packets = std::span(outbox.packets).first(outbox.waiting);
  const unsigned pushed = outbox.ring->push(packets);
  given.add(pushed);
  if (pushed < packets.size()) [[unlikely]] {
    drops.count(DropReason::HandoffFull, packets.size() - pushed);
    rte_pktmbuf_free_bulk(packets.data() + pushed, outbox.waiting - pushed);
  }
  waiting_ -= outbox.waiting;
  outbox.waiting = 0;
}

void read_envelope(Packet& packet) noexcept {
  const Envelope& envelope = Envelope::of(packet.mbuf);
  packet.ingress = envelope.port;
  packet.decapsulated = envelope.decapsulated;
  packet.forwarded = envelope.forwarded;
  packet.hand_offs = envelope.hand_offs;
  packet.passes = envelope.passes;
  packet.form = envelope.form;
  packet.came_by = envelope.came_by;
}

void HandOff::take(unsigned source, PacketStore& store, Burst& burst) noexcept {
  std::array<rte_mbuf*, kBurstSize> mbufs;
  const unsigned count = from_[source]->pop(mbufs);
  if (count == 0) return;
  taken.add(count);
  for (unsigned i = 0; i < count; ++i) prefetch_line(&Envelope::of(mbufs[i]));
  for (unsigned i = 0; i < count; ++i) {
    prefetch_line(rte_pktmbuf_mtod(mbufs[i], const void*));
    store[i] = Packet{};
    store[i].mbuf = mbufs[i];
    read_envelope(store[i]);
    burst.push(store[i]);
  }
}

}  // namespace sallyport
