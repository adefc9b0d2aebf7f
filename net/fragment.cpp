#include "net/fragment.h"

#include "net/ipv4.h"
#include "net/ipv6.h"

namespace sallyport {
namespace {

constexpr std::uint32_t kUnit = 8;          // octets that offsets count in
constexpr std::uint32_t kLongest = 0xffff;  // octets that a length field can say
constexpr std::uint32_t kTcpFlagsEnd = 16;  // RFC 1858 3: TMIN, the flags included

void read_ipv4(ByteView datagram, const PacketSummary& summary, Fragment& out) noexcept {
  const auto& header = *reinterpret_cast<const Ipv4Header*>(datagram.data());
  const std::uint16_t place = header.fragment.get();
  out.headers = datagram.first(header.header_length());
  out.data = datagram.subspan(header.header_length());
  out.offset = (place & Ipv4Header::kOffsetMask) * kUnit;
  out.more = (place & Ipv4Header::kMoreFragments) != 0;
  out.key.id = header.id.get();
  out.key.protocol = summary.protocol;
}

// The walk has been made before: every length up to the fragment header is good, and there is one.
void read_ipv6(ByteView datagram, Fragment& out) noexcept {
  std::uint16_t named_at = 6;
  std::size_t at = sizeof(Ipv6Header);
  for (std::uint8_t next = datagram[named_at];;) {
    const auto& header = *reinterpret_cast<const Ipv6Fragment*>(&datagram[at]);
    const bool fragments =
        next == kProtocolFragment && (header.offset_flags.get() & 0xfff9) != 0;  // RFC 6946
    if (fragments) {
      out.headers = datagram.first(at);
      out.data = datagram.subspan(at + sizeof header);
      out.offset = header.offset_flags.get() & 0xfff8u;
      out.more = (header.offset_flags.get() & 1) != 0;
      out.next_header_at = named_at;
      out.next_header = header.next_header;
      out.key.id = header.id.get();
      return;
    }
    named_at = static_cast<std::uint16_t>(at);
    at += next == kProtocolFragment ? sizeof header : (datagram[at + 1] + 1u) * kUnit;
    next = datagram[named_at];
  }
}

// RFC 1858 3, RFC 3128 3: what policy decides by stands in the first fragment, and nothing that
// comes later may cover it. RFC 7112 5: the same of IPv6's header chain.
bool hides_upper_header(const PacketSummary& summary, const Fragment& fragment) noexcept {
  const bool tcp = summary.protocol == kProtocolTcp;
  if (summary.later_fragment) return tcp && fragment.offset < kTcpFlagsEnd;
  if (summary.protocol == kProtocolOpaque) return true;
  if (port_meaning(summary.protocol) != PortMeaning::None && !summary.ports_visible) return true;
  return tcp && summary.length - summary.upper_offset < kTcpFlagsEnd;
}

}  // namespace

FragmentVerdict read_fragment(ByteView datagram, const PacketSummary& summary,
                              Fragment& out) noexcept {
  out = {};
  out.key.source = summary.source;
  out.key.destination = summary.destination;
  out.key.family = summary.family;
  datagram = datagram.first(summary.length);
  if (summary.family == Family::V4)
    read_ipv4(datagram, summary, out);
  else
    read_ipv6(datagram, out);
  const bool uneven = out.more && out.data.size() % kUnit != 0;
  if (out.data.empty() || uneven || hides_upper_header(summary, out)) return FragmentVerdict::Tiny;
  const std::size_t fixed = summary.family == Family::V4 ? 0 : sizeof(Ipv6Header);
  return out.headers.size() - fixed + out.end() > kLongest ? FragmentVerdict::TooLong
                                                           : FragmentVerdict::Good;
}

}  // namespace sallyport
