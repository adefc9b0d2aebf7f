#include "dataplane/ring_sender.h"

#include <rte_ether.h>

#include <algorithm>

namespace sallyport {
namespace {

// In front of what is made here: link, outer, UDP and ESP headers and an IV may come.
constexpr std::uint16_t kRoomInFront = 128;
static_assert(RTE_PKTMBUF_HEADROOM >= kRoomInFront);

struct VlanHeader {
  rte_ether_hdr ether;
  rte_vlan_hdr tag;
};

VlanHeader link_header(const OwnPort& port, const MacAddress& to) noexcept {
  VlanHeader header{};
  std::memcpy(header.ether.dst_addr.addr_bytes, to.bytes.data(), to.bytes.size());
  std::memcpy(header.ether.src_addr.addr_bytes, port.mac.bytes.data(), port.mac.bytes.size());
  header.ether.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP);
  if (port.settings.vlan) {
    header.ether.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_VLAN);
    header.tag.vlan_tci = rte_cpu_to_be_16(*port.settings.vlan);
    header.tag.eth_proto = rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP);
  }
  return header;
}

}  // namespace

void RingSender::originate(ByteView datagram) {
  send_copy({}, datagram, {.purpose = Purpose::Originate});
}

void RingSender::originate_in_tunnel(ByteView datagram, const Address& home_address) {
  send_copy({}, datagram, {.purpose = Purpose::OriginateInTunnel, .next_hop = home_address});
}

void RingSender::originate_on_link(ByteView datagram, const LinkDestination& to) {
  send_copy({}, datagram, {.purpose = Purpose::OriginateOnLink, .port = to.port, .mac = to.mac});
}

void RingSender::send_arp(ByteView message, const LinkDestination& to) {
  const OwnPort& port = my_.own.port(to.port);
  const VlanHeader header = link_header(port, to.mac);
  const std::size_t size = port.settings.vlan ? sizeof header : sizeof header.ether;
  send_copy({reinterpret_cast<const std::uint8_t*>(&header), size}, message,
            {.purpose = Purpose::LinkFrame, .port = to.port, .mac = to.mac});
}

// To the worker that it came from, so that what follows by that worker stays behind.
void RingSender::release(rte_mbuf* packet, const LinkDestination& to) {
  const WorkerId worker = Envelope::of(packet).worker;
  Envelope::of(packet) = {.purpose = Purpose::Resolved, .port = to.port, .mac = to.mac};
  if (!my_.to_workers[worker.value]->push(packet)) drop_held(packet, DropReason::HoldFull);
}

// What stands in its envelope is what the worker wrote.
void RingSender::resume(rte_mbuf* packet) {
  Envelope::of(packet).purpose = Purpose::Seal;
  const WorkerId worker = Envelope::of(packet).worker;
  if (!my_.to_workers[worker.value]->push(packet)) drop_held(packet, DropReason::HoldFull);
}

void RingSender::drop_held(rte_mbuf* packet, DropReason reason) {
  my_.drops.count(reason);
  my_.released.add();
  rte_pktmbuf_free(packet);
}

void RingSender::send_copy(ByteView front, ByteView bytes, const Envelope& envelope) {
  const std::size_t size = front.size() + bytes.size();
  const bool large = RTE_PKTMBUF_HEADROOM + size > rte_pktmbuf_data_room_size(my_.pool);
  rte_mbuf* const mbuf =
      rte_pktmbuf_alloc(large && my_.large_pool != nullptr ? my_.large_pool : my_.pool);
  if (mbuf == nullptr) return lost_.add();
  const bool fits = size <= rte_pktmbuf_tailroom(mbuf);
  if (fits) {
    auto* const data =
        reinterpret_cast<std::uint8_t*>(rte_pktmbuf_append(mbuf, static_cast<std::uint16_t>(size)));
    std::ranges::copy(bytes, std::ranges::copy(front, data).out);
    Envelope::of(mbuf) = envelope;
  }
  if (fits && my_.to_workers.front()->push(mbuf)) return;
  rte_pktmbuf_free(mbuf);
  lost_.add();
}

}  // namespace sallyport
