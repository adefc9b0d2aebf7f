#include "dataplane/transmit.h"

#include <rte_ether.h>

#include <algorithm>

#include "dataplane/buffer_room.h"
#include "dataplane/cut_datagram.h"
#include "dataplane/mobility.h"
#include "dataplane/punt.h"

namespace sallyport {
namespace {

static_assert(kLinkRoom == RTE_ETHER_HDR_LEN + kVlanBytes);

// The link header of frames to one neighbour, but for what IP they carry: that is in its last two
// octets.
struct FrameHeader {
  std::array<std::uint8_t, kLinkRoom> octets{};
  std::uint16_t bytes{};  // used of them
};

// One without a VLAN tag.
class PlainHeader {
 public:
  explicit PlainHeader(const FrameHeader& header) noexcept {
    std::memcpy(&front_, header.octets.data(), sizeof front_);
    std::memcpy(&back_, header.octets.data() + kBackAt, sizeof back_);
    const std::uint16_t ipv4 = RTE_BE16(RTE_ETHER_TYPE_IPV4);
    std::memcpy(reinterpret_cast<std::uint8_t*>(&back_) + sizeof back_ - sizeof ipv4, &ipv4,
                sizeof ipv4);
  }

  // To another neighbour by the same port from now on.
  void lead_to(LinkWord mac) noexcept {
    constexpr std::uint64_t kDestination = 0xffff'ffff'ffff;  // the first octets in memory
    front_ = (front_ & ~kDestination) | mac;
  }
  void put(std::uint8_t* frame, Family family) const noexcept {
    std::memcpy(frame, &front_, sizeof front_);
    std::memcpy(frame + kBackAt, &back_, sizeof back_);
    if (family == Family::V6)
      store_be<std::uint16_t>(frame + RTE_ETHER_HDR_LEN - 2, RTE_ETHER_TYPE_IPV6);
  }

 private:
  static constexpr std::size_t kBackAt = RTE_ETHER_HDR_LEN - sizeof(std::uint64_t);
  std::uint64_t front_;
  std::uint64_t back_;  // which overlap
};

FrameHeader link_header(const Port& port, const MacAddress& destination) noexcept {
  FrameHeader header;
  header.bytes = port.link_bytes();
  std::uint8_t* next = std::ranges::copy(destination.bytes, header.octets.begin()).out;
  next = std::ranges::copy(port.mac().bytes, next).out;
  if (const auto& vlan = port.settings().vlan) {
    store_be<std::uint16_t>(next, RTE_ETHER_TYPE_VLAN);
    store_be<std::uint16_t>(next + 2, *vlan);
  }
  return header;
}

// How the packets for one neighbour leave.
struct Way {
  PortQueue* queue;
  std::uint16_t mtu;
  Address neighbour;
  bool known{};  // the neighbour's link address, and with it the header
  FrameHeader header;

  void lead_to(const MacAddress& mac) noexcept {
    known = true;
    header = link_header(queue->port(), mac);
  }
};

// Nothing is as large as `mtu` of a way that leads nowhere.
Way find_way(const Packet& packet, WorkerContext& my) noexcept {
  const NextHop& hop = *packet.next_hop;
  if (!hop.leads_on()) return Way{.queue = nullptr, .mtu = 0, .neighbour = {}, .header = {}};
  PortQueue& queue = my.ports[hop.port.value];
  const Port& port = queue.port();
  Way way{.queue = &queue, .mtu = port.settings().mtu, .neighbour = hop.gateway, .header = {}};
  if (hop.kind == NextHop::Kind::LocalStack) {
    way.lead_to(port.stack_mac());
    return way;
  }
  if (hop.kind == NextHop::Kind::OnLink) way.neighbour = packet.summary.destination_address();
  const LinkWord word = my.neighbours.find(hop.port, way.neighbour.family, way.neighbour.bytes);
  if (word != 0) {
    MacAddress mac;
    std::memcpy(mac.bytes.data(), &word, mac.bytes.size());
    way.lead_to(mac);
  }
  return way;
}

// `next_hop` is that of the packet that `way` was found for.
bool goes_by(const Way& way, const NextHop* next_hop, const Packet& packet) noexcept {
  if (packet.next_hop != next_hop) return false;
  return next_hop->kind != NextHop::Kind::OnLink ||
         same_octets(way.neighbour.bytes, packet.summary.destination);
}

// What has no room for it moves to another buffer; false where that failed and it was dropped.
bool has_link_room(Packet& packet, std::uint16_t bytes, WorkerContext& my) noexcept {
  if (packet.headroom() >= bytes) [[likely]]
    return true;
  const auto fault = move_to_larger_buffer(packet, {.front = kLinkRoom, .back = 0}, my);
  if (fault) my.drops.drop(packet, *fault);
  return !fault;
}

void add_link_header(Packet& packet, const FrameHeader& header) noexcept {
  std::uint8_t* const frame = packet.prepend(header.bytes);
  const std::uint16_t type =
      packet.summary.family == Family::V4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6;
  std::memcpy(frame, header.octets.data(), header.bytes);
  store_be<std::uint16_t>(frame + header.bytes - sizeof type, type);
}

void queue_frame(Packet& packet, PortQueue& queue, const FrameHeader& header,
                 WorkerContext& my) noexcept {
  if (!has_link_room(packet, header.bytes, my)) return;
  add_link_header(packet, header);
  queue.enqueue(packet.mbuf, my.drops);
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

void transmit_any(Packet& packet, const Way& way, WorkerContext& my) noexcept {
  if (packet.size() <= std::min(way.mtu, packet.cut_to))
    transmit_one(packet, way, my);
  else
    transmit_oversized(packet, way, my);
}

// Leads the header to the neighbour of the next packet on the same link. False: nobody knows it.
bool leads_on_link(const PacketSummary& last, const Packet& next, PlainHeader& header,
                   WorkerContext& my) noexcept {
  const PacketSummary& summary = next.summary;
  if (same_octets(last.destination, summary.destination)) return true;
  const LinkWord mac = my.neighbours.find(next.next_hop->port, summary.family, summary.destination);
  header.lead_to(mac);
  return mac != 0;
}

// The packets in front that have the first one's next hop and want nothing but a plain header; how
// many they are. What is the same for all of them is kept at hand. The first one has the form of
// the wire, and so has the next one then.
std::size_t transmit_plain(std::span<Packet* const> packets, const Way& way,
                           WorkerContext& my) noexcept {
  if (!way.known || way.header.bytes != RTE_ETHER_HDR_LEN) return 0;
  PlainHeader header(way.header);
  const NextHop* const next_hop = packets.front()->next_hop;
  const bool on_link = next_hop->kind == NextHop::Kind::OnLink;
  PortQueue::Filling queue(*way.queue, my.drops);
  std::size_t count = 0;
  while (!queue.full()) {
    Packet& packet = *packets[count];
    const std::uint32_t size = packet.size();
    if (size > std::min(way.mtu, packet.cut_to) || packet.headroom() < RTE_ETHER_HDR_LEN)
        [[unlikely]]
      break;
    header.put(packet.prepend(RTE_ETHER_HDR_LEN), packet.summary.family);
    queue.put(packet.mbuf, size + RTE_ETHER_HDR_LEN);
    if (++count == packets.size()) break;
    Packet& next = *packets[count];
    finish_home_addresses(next, my);
    if (next.next_hop != next_hop) break;
    if (on_link && !leads_on_link(packet.summary, next, header, my)) break;
  }
  return count;
}

// At least one.
std::size_t transmit_some(std::span<Packet* const> packets, WorkerContext& my) noexcept {
  const Way way = find_way(*packets.front(), my);
  std::size_t count = transmit_plain(packets, way, my);
  if (count != 0) [[likely]]
    return count;
  const NextHop* const next_hop = packets.front()->next_hop;
  do {
    transmit_any(*packets[count], way, my);
    if (++count == packets.size()) break;
    finish_home_addresses(*packets[count], my);
  } while (goes_by(way, next_hop, *packets[count]));
  return count;
}

}  // namespace

void send_to(Packet& packet, PortId port, const MacAddress& destination,
             WorkerContext& my) noexcept {
  PortQueue& queue = my.ports[port.value];
  queue_frame(packet, queue, link_header(queue.port(), destination), my);
}

void transmit(Burst& burst, WorkerContext& my) noexcept {
  if (burst.empty()) return;
  finish_home_addresses(burst[0], my);
  for (std::span<Packet* const> rest = burst.packets(); !rest.empty();)
    rest = rest.subspan(transmit_some(rest, my));
  burst.clear();
}

}  // namespace sallyport
