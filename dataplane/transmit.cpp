#include "dataplane/transmit.h"

#include <rte_ether.h>
#include <rte_ip_frag.h>

#include "dataplane/punt.h"

namespace sallyport {
namespace {

constexpr unsigned kMaxFragments = 64;

// How the packets for one neighbour leave.
struct Way {
  PortQueue* queue;
  std::uint16_t mtu;
  Address neighbour;
  std::optional<MacAddress> mac;  // none: not known yet
};

// Nothing is as large as `mtu` of a way that leads nowhere.
Way find_way(const Packet& packet, WorkerContext& my) noexcept {
  const NextHop& hop = *packet.next_hop;
  if (!hop.leads_on()) return Way{.queue = nullptr, .mtu = 0, .neighbour = {}, .mac = {}};
  PortQueue& queue = my.ports[hop.port.value];
  const Port& port = queue.port();
  Way way{.queue = &queue, .mtu = port.settings().mtu, .neighbour = hop.gateway, .mac = {}};
  if (hop.kind == NextHop::Kind::LocalStack) {
    way.mac = port.stack_mac();
    return way;
  }
  if (hop.kind == NextHop::Kind::OnLink) way.neighbour = packet.summary.destination_address();
  way.mac = my.neighbours.find(NeighbourKey::of(hop.port, way.neighbour));
  return way;
}

// Packets of one burst mostly go the same way: remembers the last one for its length.
class Ways {
 public:
  explicit Ways(WorkerContext& my) noexcept : my_(my) {}

  [[nodiscard]] const Way& of(const Packet& packet) noexcept {
    if (packet.next_hop != next_hop_ || !same_neighbour(packet)) {
      next_hop_ = packet.next_hop;
      way_ = find_way(packet, my_);
    }
    return way_;
  }

 private:
  [[nodiscard]] bool same_neighbour(const Packet& packet) const noexcept {
    return next_hop_->kind != NextHop::Kind::OnLink ||
           way_.neighbour.bytes == packet.summary.destination;
  }

  WorkerContext& my_;
  const NextHop* next_hop_{};
  Way way_;
};

void add_link_header(Packet& packet, const Port& port, const MacAddress& destination) noexcept {
  const std::uint16_t type =
      packet.summary.family == Family::V4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6;
  packet.prepend(port.link_bytes());
  auto& ether = packet.header<rte_ether_hdr>();
  std::memcpy(ether.dst_addr.addr_bytes, destination.bytes.data(), RTE_ETHER_ADDR_LEN);
  std::memcpy(ether.src_addr.addr_bytes, port.mac().bytes.data(), RTE_ETHER_ADDR_LEN);
  ether.ether_type = rte_cpu_to_be_16(type);
  if (port.settings().vlan) {
    auto& tag = packet.header<rte_vlan_hdr>(RTE_ETHER_HDR_LEN);
    ether.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN);
    tag.vlan_tci = rte_cpu_to_be_16(*port.settings().vlan);
    tag.eth_proto = rte_cpu_to_be_16(type);
  }
}

void transmit_one(Packet& packet, const Way& way, WorkerContext& my) noexcept {
  if (!way.mac) [[unlikely]]
    return punt_unresolved(packet, packet.next_hop->port, way.neighbour, my);
  add_link_header(packet, way.queue->port(), *way.mac);
  way.queue->enqueue(packet.mbuf, my.drops);
}

// RFC 791 3.2: into pieces of at most the MTU, copied into buffers of their own.
void transmit_in_fragments(Packet& packet, const Way& way, WorkerContext& my) noexcept {
  std::array<rte_mbuf*, kMaxFragments> pieces;
  const int count = rte_ipv4_fragment_copy_nonseg_packet(packet.mbuf, pieces.data(), kMaxFragments,
                                                         way.mtu, my.pool);
  if (count < 0) return my.drops.drop(packet, DropReason::NoBuffer);
  my.counters.fragments_made.add(static_cast<std::uint64_t>(count) - 1);
  for (rte_mbuf* piece : std::span(pieces).first(static_cast<std::size_t>(count))) {
    Packet fragment = packet;
    fragment.mbuf = piece;
    auto& header = fragment.header<rte_ipv4_hdr>();
    header.hdr_checksum = 0;
    header.hdr_checksum = rte_ipv4_cksum(&header);
    fragment.summary.length = fragment.size();
    transmit_one(fragment, way, my);
  }
  rte_pktmbuf_free(packet.mbuf);
}

void transmit_oversized(Packet& packet, const Way& way, WorkerContext& my) noexcept {
  // What an SA made, where no route leads to its peer.
  if (way.queue == nullptr) return my.drops.drop(packet, DropReason::NoRoute);
  const bool may_fragment = packet.summary.family == Family::V4 && !packet.summary.dont_fragment;
  if (may_fragment) return transmit_in_fragments(packet, way, my);
  drop_and_tell(packet, {DropReason::TooBig, Purpose::TooBig, way.mtu}, my);
}

}  // namespace

void send_to(Packet& packet, PortId port, const MacAddress& destination,
             WorkerContext& my) noexcept {
  PortQueue& queue = my.ports[port.value];
  add_link_header(packet, queue.port(), destination);
  queue.enqueue(packet.mbuf, my.drops);
}

void transmit(Burst& burst, WorkerContext& my) noexcept {
  Ways ways(my);
  for (Packet* packet : burst) {
    const Way& way = ways.of(*packet);
    if (packet->size() <= way.mtu) [[likely]]
      transmit_one(*packet, way, my);
    else
      transmit_oversized(*packet, way, my);
  }
  burst.clear();
}

}  // namespace sallyport
