#include "dataplane/transmit.h"

#include <rte_ether.h>
#include <rte_ip_frag.h>

#include "dataplane/punt.h"

namespace sallyport {
namespace {

constexpr unsigned kMaxFragments = 64;

Address neighbour_address(const Packet& packet) noexcept {
  return packet.next_hop->kind == NextHop::Kind::Gateway ? packet.next_hop->gateway
                                                         : packet.summary.destination_address();
}

// Neighbours of one burst are mostly one neighbour: remembers the last answer for its length.
class NeighbourMemo {
 public:
  explicit NeighbourMemo(const NeighbourTable& table) noexcept : table_(table) {}

  [[nodiscard]] const std::optional<MacAddress>& find(PortId port,
                                                      const Address& address) noexcept {
    const NeighbourKey key = NeighbourKey::of(port, address);
    if (!asked_ || key != key_) {
      key_ = key;
      mac_ = table_.find(key);
      asked_ = true;
    }
    return mac_;
  }

 private:
  const NeighbourTable& table_;
  NeighbourKey key_;
  std::optional<MacAddress> mac_;
  bool asked_{};
};

void transmit_one(Packet& packet, NeighbourMemo& neighbours, WorkerContext& my) noexcept {
  const PortId port = packet.next_hop->port;
  if (packet.next_hop->kind == NextHop::Kind::LocalStack)
    return send_to(packet, port, my.ports[port.value].port().stack_mac(), my);
  const Address address = neighbour_address(packet);
  const auto& mac = neighbours.find(port, address);
  if (mac) [[likely]]
    return send_to(packet, port, *mac, my);
  punt_unresolved(packet, port, address, my);
}

// RFC 791 3.2: into pieces of at most the MTU, copied into buffers of their own.
void transmit_in_fragments(Packet& packet, std::uint16_t mtu, NeighbourMemo& neighbours,
                           WorkerContext& my) noexcept {
  std::array<rte_mbuf*, kMaxFragments> pieces;
  const int count =
      rte_ipv4_fragment_copy_nonseg_packet(packet.mbuf, pieces.data(), kMaxFragments, mtu, my.pool);
  if (count < 0) return my.drops.drop(packet, DropReason::NoBuffer);
  my.counters.fragments_made.add(static_cast<std::uint64_t>(count) - 1);
  for (rte_mbuf* piece : std::span(pieces).first(static_cast<std::size_t>(count))) {
    Packet fragment = packet;
    fragment.mbuf = piece;
    auto& header = fragment.header<rte_ipv4_hdr>();
    header.hdr_checksum = 0;
    header.hdr_checksum = rte_ipv4_cksum(&header);
    fragment.summary.length = fragment.size();
    transmit_one(fragment, neighbours, my);
  }
  rte_pktmbuf_free(packet.mbuf);
}

void transmit_oversized(Packet& packet, std::uint16_t mtu, NeighbourMemo& neighbours,
                        WorkerContext& my) noexcept {
  const bool may_fragment = packet.summary.family == Family::V4 && !packet.summary.dont_fragment;
  if (may_fragment) return transmit_in_fragments(packet, mtu, neighbours, my);
  drop_and_tell(packet, {DropReason::TooBig, Purpose::TooBig, mtu}, my);
}

}  // namespace

void send_to(Packet& packet, PortId port, const MacAddress& destination,
             WorkerContext& my) noexcept {
  PortQueue& queue = my.ports[port.value];
  const Port& facts = queue.port();
  const std::uint16_t type =
      packet.summary.family == Family::V4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6;
  packet.prepend(facts.link_bytes());
  auto& ether = packet.header<rte_ether_hdr>();
  std::memcpy(ether.dst_addr.addr_bytes, destination.bytes.data(), RTE_ETHER_ADDR_LEN);
  std::memcpy(ether.src_addr.addr_bytes, facts.mac().bytes.data(), RTE_ETHER_ADDR_LEN);
  ether.ether_type = rte_cpu_to_be_16(type);
  if (facts.settings().vlan) {
    auto& tag = packet.header<rte_vlan_hdr>(RTE_ETHER_HDR_LEN);
    ether.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN);
    tag.vlan_tci = rte_cpu_to_be_16(*facts.settings().vlan);
    tag.eth_proto = rte_cpu_to_be_16(type);
  }
  queue.enqueue(packet.mbuf, my.drops);
}

void transmit(Burst& burst, WorkerContext& my) noexcept {
  NeighbourMemo neighbours(my.neighbours);
  for (Packet* packet : burst) {
    const std::uint16_t mtu = my.ports[packet->next_hop->port.value].port().settings().mtu;
    if (packet->size() <= mtu) [[likely]]
      transmit_one(*packet, neighbours, my);
    else
      transmit_oversized(*packet, mtu, neighbours, my);
  }
  burst.clear();
}

}  // namespace sallyport
