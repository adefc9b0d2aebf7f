#include "dataplane/transmit.h"

#include <algorithm>

#include "base/octets.h"
#include "dataplane/buffer_room.h"
#include "dataplane/cut_datagram.h"
#include "dataplane/mobility.h"
#include "dataplane/punt.h"
#include "dataplane/way.h"

namespace sallyport {
namespace {

// What has no room for it moves to another buffer; false where that failed and it was dropped.
bool has_link_room(Packet& packet, std::uint16_t bytes, WorkerContext& my) noexcept {
  if (packet.headroom() >= bytes) [[likely]]
    return true;
  const auto fault = move_to_larger_buffer(packet, {.front = kLinkRoom, .back = 0}, my);
  if (fault) my.drops.drop(packet, *fault);
  return !fault;
}

// Of a packet of `size` octets that has room for the header.
[[gnu::always_inline]] inline void queue_with_room(Packet& packet, std::uint32_t size,
                                                   PortQueue& queue, const LinkHeader& header,
                                                   Drops& drops) noexcept {
  header.put(packet.prepend(header.bytes()), packet.summary.family);
  queue.enqueue(packet.mbuf, size + header.bytes(), drops);
}

void queue_frame(Packet& packet, PortQueue& queue, const LinkHeader& header,
                 WorkerContext& my) noexcept {
  if (has_link_room(packet, header.bytes(), my))
    queue_with_room(packet, packet.size(), queue, header, my.drops);
}

void transmit_one(Packet& packet, const Way& way, WorkerContext& my) noexcept {
  if (!way.known) [[unlikely]]
    return punt_unresolved(packet, packet.next_hop->port, way.neighbour, my);
  queue_frame(packet, *way.queue, way.header, my);
}

// IPv6 is cut by its source alone (RFC 8200 5): we are that of what we protected or made, and the
// host behind us gets as fragments what came to us in fragments.
bool may_cut(const Packet& packet, const Way& way) noexcept {
  if (packet.summary.family == Family::V4) return !packet.summary.dont_fragment;
  if (packet.next_hop->kind == NextHop::Kind::LocalStack || packet.ingress == kNoPort) return true;
  if (packet.form == HomeForm::OnWire) return true;  // where it could have been shorter it was told
  return way.queue->port().side() == Side::Unprotected && packet.action == PolicyAction::Protect;
}

void transmit_oversized(Packet& packet, const Way& way, WorkerContext& my) noexcept {
  // What an SA made, where no route leads to its peer.
  if (way.queue == nullptr) return my.drops.drop(packet, DropReason::NoRoute);
  const std::uint16_t mtu = std::min(way.mtu, packet.cut_to);
  if (!may_cut(packet, way))
    return drop_and_tell(packet, {DropReason::TooBig, Purpose::TooBig, mtu}, my);
  std::array<rte_mbuf*, kMostFragments> pieces;
  const unsigned count = cut_datagram(packet, mtu, pieces, my);
  if (count == 0) return my.drops.drop(packet, DropReason::NoBuffer);
  my.counters.fragments_made.add(count - 1);
  for (rte_mbuf* piece : std::span(pieces).first(count)) {
    Packet fragment = packet;
    fragment.mbuf = piece;
    fragment.summary.length = fragment.size();
    transmit_one(fragment, way, my);
  }
  rte_pktmbuf_free(packet.mbuf);
}

// One that wants more than a link header.
[[gnu::noinline]] void transmit_any(Packet& packet, const Way& way, WorkerContext& my) noexcept {
  if (packet.size() <= std::min(way.mtu, packet.cut_to))
    transmit_one(packet, way, my);
  else
    transmit_oversized(packet, way, my);
}

// The way of the last packet, which mostly is that of the next one, too.
class RecentWay {
 public:
  explicit RecentWay(WorkerContext& my) noexcept : my_(my) {}

  // False, and nothing has changed: the packet's neighbour is not known, or it is too long, or
  // there is no room in front of it.
  [[nodiscard, gnu::always_inline]] bool takes(Packet& packet) noexcept {
    if (packet.next_hop != next_hop_) [[unlikely]]
      find(packet);
    else if (on_link_ && !same_octets(way_.neighbour.bytes, packet.summary.destination))
      lead_to(packet.summary.destination);
    const std::uint32_t size = packet.size();
    if (size > std::min(most_, packet.cut_to) || packet.headroom() < way_.header.bytes())
        [[unlikely]]
      return false;
    queue_with_room(packet, size, *way_.queue, way_.header, my_.drops);
    return true;
  }
  // Of the packet that was asked about last.
  [[nodiscard]] const Way& last() const noexcept { return way_; }

 private:
  [[gnu::noinline]] void find(const Packet& packet) noexcept {
    next_hop_ = packet.next_hop;
    on_link_ = next_hop_->kind == NextHop::Kind::OnLink;
    way_ = find_way(*next_hop_, packet.summary.destination_address(), my_);
    most_ = way_.known ? way_.mtu : 0;
  }
  // To another neighbour on the same link.
  void lead_to(const std::array<std::uint8_t, 16>& neighbour) noexcept {
    way_.neighbour.bytes = neighbour;
    const LinkWord mac = my_.neighbours.find(next_hop_->port, way_.neighbour.family, neighbour);
    way_.header.lead_to(mac);
    way_.known = mac != 0;
    most_ = way_.known ? way_.mtu : 0;
  }

  WorkerContext& my_;
  const NextHop* next_hop_{};
  Way way_;
  std::uint16_t most_{};  // octets of a packet that may go; 0 where the neighbour is not known
  bool on_link_{};
};

}  // namespace

void send_to(Packet& packet, PortId port, const MacAddress& destination,
             WorkerContext& my) noexcept {
  PortQueue& queue = my.ports[port.value];
  queue_frame(packet, queue, {queue.port(), link_word(destination)}, my);
}

void transmit(Burst& burst, WorkerContext& my) noexcept {
  RecentWay way(my);
  for (Packet* packet : burst) {
    finish_home_addresses(*packet, my);
    if (!way.takes(*packet)) [[unlikely]]
      transmit_any(*packet, way.last(), my);
  }
  burst.clear();
}

}  // namespace sallyport
