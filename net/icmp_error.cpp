#include "net/icmp_error.h"

#include <algorithm>

#include "net/icmp.h"
#include "net/ipv4.h"
#include "net/ipv6.h"
#include "net/udp.h"

namespace sallyport {
namespace {

void read_ports(ByteView upper, PacketSummary& out) noexcept {
  const PortMeaning meaning = port_meaning(out.protocol);
  const std::size_t needed = meaning == PortMeaning::Ports  ? 4
                             : meaning == PortMeaning::Icmp ? 2
                                                            : 3;
  if (meaning == PortMeaning::None || upper.size() < needed) return;
  out.ports_visible = true;
  if (meaning == PortMeaning::Mobility) {
    out.source_port = static_cast<std::uint16_t>(upper[2] << 8);
    return;
  }
  out.source_port = load_be<std::uint16_t>(&upper[0]);
  if (meaning == PortMeaning::Ports) out.destination_port = load_be<std::uint16_t>(&upper[2]);
}

// The checksum is not looked at: routers change the TTL and quote what they made of it.
bool read_ipv4(ByteView packet, PacketSummary& out) noexcept {
  if (packet.size() < sizeof(Ipv4Header)) return false;
  const auto& header = *reinterpret_cast<const Ipv4Header*>(packet.data());
  if (packet[0] >> 4 != 4 || header.header_length() < sizeof(Ipv4Header)) return false;
  std::ranges::copy(header.source, out.source.begin());
  std::ranges::copy(header.destination, out.destination.begin());
  const std::uint16_t fragment = header.fragment.get();
  out.family = Family::V4;
  out.length = header.total_length.get();
  out.protocol = header.protocol;
  out.upper_offset = static_cast<std::uint16_t>(header.header_length());
  out.dont_fragment = (fragment & Ipv4Header::kDontFragment) != 0;
  out.later_fragment = (fragment & Ipv4Header::kOffsetMask) != 0;
  out.fragment = out.later_fragment || (fragment & Ipv4Header::kMoreFragments) != 0;
  return true;
}

// Past the extension headers that are left; where they end the protocol is hidden.
void walk_extensions(ByteView packet, PacketSummary& out) noexcept {
  std::size_t offset = sizeof(Ipv6Header);
  std::uint8_t next = out.protocol;
  for (unsigned count = 0; kDefaultSkippedHeaders.contains(next); ++count) {
    const bool fragment = next == kProtocolFragment;
    const bool visible = count < kMaxExtensionHeaders && !out.later_fragment;
    if (!visible || offset + sizeof(Ipv6Fragment) > packet.size()) {
      next = kProtocolOpaque;
      break;
    }
    if (fragment) {
      const auto place = load_be<std::uint16_t>(&packet[offset + 2]);
      out.later_fragment = (place & 0xfff8) != 0;
      out.fragment |= (place & 0xfff9) != 0;
    }
    const std::size_t size = fragment ? sizeof(Ipv6Fragment) : (packet[offset + 1] + 1u) * 8u;
    next = packet[offset];
    offset += size;
  }
  out.protocol = next;
  out.upper_offset = static_cast<std::uint16_t>(offset);
}

bool read_ipv6(ByteView packet, PacketSummary& out) noexcept {
  if (packet.size() < sizeof(Ipv6Header) || packet[0] >> 4 != 6) return false;
  const auto& header = *reinterpret_cast<const Ipv6Header*>(packet.data());
  std::ranges::copy(header.source, out.source.begin());
  std::ranges::copy(header.destination, out.destination.begin());
  out.family = Family::V6;
  out.length = std::uint32_t{sizeof(Ipv6Header)} + header.payload_length.get();
  out.protocol = header.next_header;
  walk_extensions(packet, out);
  return true;
}

}  // namespace

bool is_icmp_error(const PacketSummary& message) noexcept {
  if (!message.ports_visible || message.fragment) return false;
  const unsigned type = message.source_port >> 8;
  if (message.protocol == kProtocolIcmpv6)
    return message.family == Family::V6 && type != 0 && type < icmp6::kFirstInformational;
  return message.protocol == kProtocolIcmp && message.family == Family::V4 &&
         (type == icmp4::kUnreachable || type == icmp4::kTimeExceeded ||
          type == icmp4::kParameterProblem);
}

bool carries_ipsec(const PacketSummary& message, ByteView datagram) noexcept {
  if (!is_icmp_error(message)) [[likely]]
    return false;
  const auto carried = carried_packet(datagram.subspan(message.upper_offset), message.family);
  if (!carried) return false;
  const PacketSummary& summary = carried->summary;
  return summary.protocol == kProtocolEsp || summary.protocol == kProtocolAh ||
         (summary.protocol == kProtocolUdp && summary.source_port == kIkeNatPort);
}

std::optional<CarriedPacket> carried_packet(ByteView message, Family family) noexcept {
  if (message.size() < sizeof(IcmpHeader)) return std::nullopt;
  const ByteView packet = message.subspan(sizeof(IcmpHeader));
  CarriedPacket carried;
  PacketSummary& summary = carried.summary;
  const bool good = family == Family::V4 ? read_ipv4(packet, summary) : read_ipv6(packet, summary);
  if (!good) return std::nullopt;
  if (summary.later_fragment || summary.protocol == kProtocolOpaque ||
      summary.upper_offset >= packet.size())
    return carried;
  carried.upper = packet.subspan(summary.upper_offset);
  read_ports(carried.upper, summary);
  return carried;
}

}  // namespace sallyport
