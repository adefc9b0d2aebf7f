#include "dataplane/parse.h"

#include <rte_ether.h>

#include "dataplane/buffer_room.h"
#include "dataplane/punt.h"
#include "dataplane/transport_checksum.h"
#include "net/checksum.h"
#include "net/ipv4.h"
#include "net/plain_summary.h"

namespace sallyport {
namespace {

enum class LinkVerdict { Ip, Arp, Header, Address, Vlan, Type };

// Unicast to this port, which nearly all frames are, or to a group.
bool for_this_station(const rte_ether_hdr& ether, const MacAddress& mac) noexcept {
  return std::memcmp(ether.dst_addr.addr_bytes, mac.bytes.data(), mac.bytes.size()) == 0 ||
         rte_is_multicast_ether_addr(&ether.dst_addr) != 0;
}

LinkVerdict read_link_header(Packet& packet, const Port& port) noexcept {
  if (packet.size() < port.link_bytes()) return LinkVerdict::Header;
  const auto& ether = packet.header<rte_ether_hdr>();
  if (port.kind() == PortKind::Link && !for_this_station(ether, port.mac()))
    return LinkVerdict::Address;
  std::uint16_t type = rte_be_to_cpu_16(ether.ether_type);
  const auto& vlan = port.settings().vlan;
  if (vlan) {
    const auto& tag = packet.header<rte_vlan_hdr>(RTE_ETHER_HDR_LEN);
    if (type != RTE_ETHER_TYPE_VLAN || (rte_be_to_cpu_16(tag.vlan_tci) & 0x0fff) != *vlan)
      return LinkVerdict::Vlan;
    type = rte_be_to_cpu_16(tag.eth_proto);
  } else if (type == RTE_ETHER_TYPE_VLAN) {
    return LinkVerdict::Vlan;
  }
  if (type == RTE_ETHER_TYPE_ARP) return LinkVerdict::Arp;
  if (type != RTE_ETHER_TYPE_IPV4 && type != RTE_ETHER_TYPE_IPV6) return LinkVerdict::Type;
  return LinkVerdict::Ip;
}

DropReason drop_reason(LinkVerdict verdict) noexcept {
  switch (verdict) {
    case LinkVerdict::Address:
      return DropReason::LinkAddress;
    case LinkVerdict::Vlan:
      return DropReason::LinkVlan;
    case LinkVerdict::Type:
      return DropReason::LinkType;
    default:
      return DropReason::LinkHeader;
  }
}

// A source on the same host may leave checksums to a device that is not there (DP-05): vhost says
// so with the flags of transmission, virtio by a checksum of none.
bool left_to_device(const Packet& packet) noexcept {
  const std::uint64_t flags = packet.mbuf->ol_flags;
  return (flags & (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_IP_CKSUM)) != 0 ||
         (flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE;
}

void make_ip_checksum(Packet& packet) noexcept {
  if ((packet.mbuf->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) == 0) return;
  if (packet.size() < sizeof(Ipv4Header) || packet.data()[0] >> 4 != 4) return;
  auto& header = packet.header<Ipv4Header>();
  if (header.header_length() > packet.size()) return;
  header.checksum.set(0);
  header.checksum.set(checksum(packet.bytes().first(header.header_length())));
}

void make_transport_checksum(Packet& packet) noexcept {
  if (!packet.summary.fragment) renew_transport_checksum(packet);
  packet.mbuf->ol_flags &=
      ~(RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_RX_L4_CKSUM_MASK);
}

// What the device says of an IPv4 header's checksum, where it verifies them.
enum class DeviceVerdict { None, Good, Bad };

DeviceVerdict verdict_of_device(const Packet& packet) noexcept {
  const std::uint64_t flags = packet.mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
  if (flags == RTE_MBUF_F_RX_IP_CKSUM_GOOD) return DeviceVerdict::Good;
  return flags == RTE_MBUF_F_RX_IP_CKSUM_BAD ? DeviceVerdict::Bad : DeviceVerdict::None;
}

HeaderChecksum checksum_of(DeviceVerdict verdict) noexcept {
  return verdict == DeviceVerdict::Good ? HeaderChecksum::Good : HeaderChecksum::Verify;
}

// IP headers read, and the datagram's lengths made sure of.
ParseVerdict read_datagram(Packet& packet, const WorkerContext& my) noexcept {
  const DeviceVerdict device = verdict_of_device(packet);
  if (device == DeviceVerdict::Bad && packet.size() != 0 && packet.data()[0] >> 4 == 4)
    return ParseVerdict::BadChecksum;
  return summarize(packet, my.skipped_headers, checksum_of(device));
}

// A group address of the link and a host's own of IP do not go together (RFC 1122 3.3.6, RFC 1812
// 5.3.4). Whether an IPv4 address is a subnet's broadcast is not known here, and does not matter:
// it is not forwarded either.
bool is_misdirected(const PacketSummary& summary) noexcept {
  const Address destination = summary.destination_address();
  const bool limited_broadcast = summary.family == Family::V4 &&
                                 load_be<std::uint32_t>(summary.destination.data()) == 0xffffffff;
  return !destination.is_multicast() && !limited_broadcast;
}

// DP-03. False where it had to be dropped.
bool is_one_piece(Packet& packet, WorkerContext& my) noexcept {
  const auto fault = join_pieces(packet, my);
  if (fault) my.drops.drop(packet, *fault);
  return !fault;
}

// Any frame at all. False where it went to control or was dropped.
[[gnu::noinline]] bool read_any_frame(Packet& packet, const Port& port,
                                      WorkerContext& my) noexcept {
  if (packet.mbuf->nb_segs != 1 && !is_one_piece(packet, my)) [[unlikely]]
    return false;
  const LinkVerdict link = read_link_header(packet, port);
  if (link == LinkVerdict::Arp) {
    punt_arp(packet, port, my);
    return false;
  }
  if (link != LinkVerdict::Ip) {
    my.drops.drop(packet, drop_reason(link));
    return false;
  }
  const bool to_group = rte_is_multicast_ether_addr(&packet.header<rte_ether_hdr>().dst_addr) != 0;
  packet.strip_front(port.link_bytes());
  const bool unfinished = left_to_device(packet);
  if (unfinished) [[unlikely]]
    make_ip_checksum(packet);
  const ParseVerdict verdict = read_datagram(packet, my);
  if (verdict != ParseVerdict::Good || (to_group && is_misdirected(packet.summary))) [[unlikely]] {
    my.drops.drop(packet,
                  verdict != ParseVerdict::Good ? drop_reason(verdict) : DropReason::LinkGroup);
    return false;
  }
  if (unfinished) [[unlikely]]
    make_transport_checksum(packet);
  return true;
}

// Frames of which nothing is out of the ordinary: in one piece, without a tag, for this station
// alone, and with no checksum left to a device or called bad by it.
class PlainFrames {
 public:
  explicit PlainFrames(const Port& port) noexcept : station_(kNobody) {
    if (port.kind() != PortKind::Link || port.settings().vlan) return;
    station_ = 0;
    std::memcpy(&station_, port.mac().bytes.data(), port.mac().bytes.size());
  }

  [[nodiscard]] bool takes(const Packet& packet) const noexcept {
    const rte_mbuf& mbuf = *packet.mbuf;
    // Of checksums a device says that they are good, or nothing.
    constexpr std::uint64_t kWords = RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_IP_CKSUM |
                                     RTE_MBUF_F_RX_L4_CKSUM_BAD | RTE_MBUF_F_RX_IP_CKSUM_BAD;
    if (mbuf.nb_segs != 1 || mbuf.data_len < RTE_ETHER_HDR_LEN || (mbuf.ol_flags & kWords) != 0)
        [[unlikely]]
      return false;
    std::uint64_t destination;  // and two octets of the source
    std::memcpy(&destination, packet.data(), sizeof destination);
    return (destination & kAddress) == station_;
  }

 private:
  static constexpr std::uint64_t kAddress = 0xffff'ffff'ffff;  // as it lies in memory
  static constexpr std::uint64_t kNobody = ~std::uint64_t{0};
  std::uint64_t station_;
};

// One whose headers tell all that there is to know. False: nothing has changed.
[[gnu::always_inline]] inline bool read_plain(Packet& packet) noexcept {
  const rte_be16_t type = packet.header<rte_ether_hdr>().ether_type;
  const ByteView datagram = packet.bytes().subspan(RTE_ETHER_HDR_LEN);
  if (type == RTE_BE16(RTE_ETHER_TYPE_IPV4)) {
    const HeaderChecksum checksum = checksum_of(verdict_of_device(packet));
    if (!summarize_plain_ipv4(datagram, packet.summary, checksum)) [[unlikely]]
      return false;
  } else if (type != RTE_BE16(RTE_ETHER_TYPE_IPV6) ||
             !summarize_plain_ipv6(datagram, packet.summary)) [[unlikely]] {
    return false;
  }
  packet.uncover(RTE_ETHER_HDR_LEN, packet.summary.length);
  return true;
}

bool is_ip(rte_be16_t type) noexcept {
  return type == RTE_BE16(RTE_ETHER_TYPE_IPV4) || type == RTE_BE16(RTE_ETHER_TYPE_IPV6);
}

// Any but what is plain. False where it went to control or was dropped.
[[gnu::noinline]] bool read_other(Packet& packet, bool plain_frame, const Port& port,
                                  WorkerContext& my) noexcept {
  if (!plain_frame || !is_ip(packet.header<rte_ether_hdr>().ether_type))
    return read_any_frame(packet, port, my);
  packet.strip_front(RTE_ETHER_HDR_LEN);
  const ParseVerdict verdict = read_datagram(packet, my);
  if (verdict == ParseVerdict::Good) [[likely]]
    return true;
  my.drops.drop(packet, drop_reason(verdict));
  return false;
}

}  // namespace

ParseVerdict summarize(Packet& packet, const SkippedHeaders& skipped,
                       HeaderChecksum header) noexcept {
  const ParseVerdict verdict = summarize(packet.bytes(), packet.summary, skipped, header);
  if (verdict == ParseVerdict::Good) packet.set_size(packet.summary.length);
  return verdict;
}

bool parse(Burst& burst, const Port& port, WorkerContext& my) noexcept {
  const PlainFrames plain(port);
  bool marked = false;
  burst.keep_if([&](Packet& packet) {
    const bool plain_frame = plain.takes(packet);
    if (plain_frame && read_plain(packet)) [[likely]]
      return true;
    if (!read_other(packet, plain_frame, port, my)) return false;
    marked |= packet.summary.mobility != 0;
    return true;
  });
  return marked;
}

}  // namespace sallyport
