#include "net/packet_summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/checksum.h"
#include "net/ipv4.h"
#include "net/ipv6.h"
#include "net/mobility_extensions.h"
#include "net/plain_summary.h"

namespace sallyport {
namespace {

constexpr std::size_t kIpv4HeaderBytes = sizeof(Ipv4Header);
constexpr std::size_t kIpv6HeaderBytes = sizeof(Ipv6Header);
constexpr std::uint16_t kIpv4ProtocolOffset = 9;
constexpr std::uint16_t kIpv6NextHeaderOffset = 6;

// Addresses that stand for no interface anywhere: ::1, and IPv4-mapped ones (RFC 6890 2.2.3).
bool special_ipv6(const std::uint8_t* address) noexcept {
  if (load_be<std::uint64_t>(address) != 0) return false;
  const auto low = load_be<std::uint64_t>(address + 8);
  return low == 1 || low >> 32 == 0xffff;
}

bool unspecified_ipv6(const std::uint8_t* address) noexcept {
  return (load_be<std::uint64_t>(address) | load_be<std::uint64_t>(address + 8)) == 0;
}

// RFC 4291 2.5.2, 2.5.3, 2.7. The unspecified source is that of DAD and MLD, to groups only.
bool good_rare_ipv6_addresses(const Ipv6Header& header) noexcept {
  const bool to_group = header.destination[0] == 0xff;
  if (header.source[0] == 0xff || special_ipv6(header.source)) return false;
  if (unspecified_ipv6(header.source) && !to_group) return false;
  if (special_ipv6(header.destination) || unspecified_ipv6(header.destination)) return false;
  // Scopes 0 (reserved) and 1 (within one interface) do not come from a link.
  return !to_group || (header.destination[1] & 0x0f) >= 2;
}

bool good_ipv6_addresses(const Ipv6Header& header) noexcept {
  const bool rare = is_rare_ipv6_address(header.source) || is_rare_ipv6_address(header.destination);
  return !rare || good_rare_ipv6_addresses(header);
}

// What the upper-layer header shows in place of ports; `out` is filled but for that. A fragment
// may be too short for it (SEL-06), a whole datagram may not.
ParseVerdict read_ports(const std::uint8_t* datagram, PacketSummary& out) noexcept {
  const PortMeaning meaning = port_meaning(out.protocol);
  if (meaning == PortMeaning::None || out.later_fragment) return ParseVerdict::Good;
  const unsigned needed = meaning == PortMeaning::Ports ? 4 : meaning == PortMeaning::Icmp ? 2 : 3;
  if (out.upper_offset + needed > out.length)
    return out.fragment ? ParseVerdict::Good : ParseVerdict::Truncated;
  const std::uint8_t* upper = datagram + out.upper_offset;
  out.ports_visible = true;
  switch (meaning) {
    case PortMeaning::Ports:
      out.source_port = load_be<std::uint16_t>(upper);
      out.destination_port = load_be<std::uint16_t>(upper + 2);
      break;
    case PortMeaning::Icmp:
      out.source_port = load_be<std::uint16_t>(upper);
      break;
    case PortMeaning::Mobility:
      out.source_port = static_cast<std::uint16_t>(upper[2] << 8);
      break;
    case PortMeaning::None:
      break;
  }
  return ParseVerdict::Good;
}

// Room for the header was checked, and so was the checksum.
ParseVerdict finish_ipv4(const Ipv4Header& header, std::uint16_t header_bytes,
                         PacketSummary& out) noexcept {
  std::memcpy(out.source.data(), header.source, 4);
  std::memcpy(out.destination.data(), header.destination, 4);
  const std::uint16_t fragment = header.fragment.get();
  out.length = header.total_length.get();
  out.upper_offset = out.transport_offset = out.outside_offset = header_bytes;
  out.protocol_offset = out.transport_protocol_offset = out.outside_protocol_offset =
      kIpv4ProtocolOffset;
  out.family = Family::V4;
  out.protocol = header.protocol;
  out.traffic_class = header.tos;
  out.hop_limit = header.ttl;
  out.fragment = (fragment & (Ipv4Header::kMoreFragments | Ipv4Header::kOffsetMask)) != 0;
  out.later_fragment = (fragment & Ipv4Header::kOffsetMask) != 0;
  out.dont_fragment = (fragment & Ipv4Header::kDontFragment) != 0;
  if (!good_ipv4_addresses(header)) return ParseVerdict::BadAddress;
  return read_ports(&header.version_ihl, out);
}

// Forty octets at most bound the walk (RFC 791 3.1).
ParseVerdict check_ipv4_options(ByteView options) noexcept {
  constexpr std::uint8_t kEnd = 0, kNop = 1, kLooseRoute = 131, kStrictRoute = 137;
  while (!options.empty() && options[0] != kEnd) {
    if (options[0] == kNop) {
      options = options.subspan(1);
      continue;
    }
    if (options.size() < 2 || options[1] < 2 || options[1] > options.size())
      return ParseVerdict::BadHeaderLength;
    if (options[0] == kLooseRoute || options[0] == kStrictRoute) return ParseVerdict::BadAddress;
    options = options.subspan(options[1]);
  }
  return ParseVerdict::Good;
}

ParseVerdict summarize_ipv4(ByteView datagram, PacketSummary& out,
                            HeaderChecksum verified) noexcept {
  const auto& header = *reinterpret_cast<const Ipv4Header*>(datagram.data());
  const unsigned header_bytes = header.header_length();
  const unsigned length = header.total_length.get();
  if (header_bytes < kIpv4HeaderBytes || length < header_bytes)
    return ParseVerdict::BadHeaderLength;
  if (length > datagram.size()) return ParseVerdict::Truncated;
  out.has_options = header_bytes > kIpv4HeaderBytes;
  // What devices say of headers with options is not relied upon.
  if ((verified == HeaderChecksum::Verify || out.has_options) &&
      checksum(datagram.first(header_bytes)) != 0)
    return ParseVerdict::BadChecksum;
  const ByteView options = datagram.first(header_bytes).subspan(kIpv4HeaderBytes);
  if (const ParseVerdict verdict = check_ipv4_options(options); verdict != ParseVerdict::Good)
    return verdict;
  return finish_ipv4(header, static_cast<std::uint16_t>(header_bytes), out);
}

// Walks the extension headers of one IPv6 datagram, whose fixed header is in `out` already.
class ExtensionWalk {
 public:
  // `datagram` ends where the IPv6 payload does.
  ExtensionWalk(ByteView datagram, PacketSummary& out) noexcept
      : datagram_(datagram), out_(out), next_(out.protocol) {}

  ParseVerdict run(const SkippedHeaders& skipped) noexcept {
    for (unsigned count = 0; skipped.contains(next_) && !hidden_; ++count) {
      if (count == kMaxExtensionHeaders) return ParseVerdict::TooManyExtensions;
      if (const ParseVerdict verdict = step(); verdict != ParseVerdict::Good) return verdict;
      if (!out_.later_fragment) continue;
      hidden_ = skipped.contains(next_);
      break;
    }
    out_.protocol = hidden_ ? kProtocolOpaque : next_;
    out_.upper_offset = static_cast<std::uint16_t>(offset_);
    out_.protocol_offset = named_at_;
    return ParseVerdict::Good;
  }

 private:
  ParseVerdict step() noexcept {
    if (offset_ + 8 > datagram_.size()) return cut_short();
    const ByteView header = datagram_.subspan(offset_);
    const std::size_t size = next_ == kProtocolFragment ? 8 : (header[1] + 1u) * 8u;
    if (size > header.size()) return cut_short();
    if (const ParseVerdict verdict = note(header); verdict != ParseVerdict::Good) return verdict;
    const bool home = next_ == kProtocolDestination && has_home_address_option(header.first(size));
    if (home) out_.mobility |= kMarkHomeAddress;
    // The option stands in front of IPsec (RFC 6275 6.3), as a routing header does.
    const std::uint8_t kind = std::exchange(next_, header[0]);
    named_at_ = static_cast<std::uint16_t>(offset_);
    offset_ += size;
    place_transport_header(home ? std::uint8_t{kProtocolRouting} : kind);
    return ParseVerdict::Good;
  }

  ParseVerdict note(ByteView header) noexcept {
    if (next_ == kProtocolHopByHop) {
      if (offset_ != kIpv6HeaderBytes) return ParseVerdict::BadHeaderLength;
      out_.has_options = true;
    } else if (next_ == kProtocolRouting) {
      routed_ = true;
      out_.segments_left = header[3];
      if (header[2] == kType2Routing) out_.mobility |= kMarkType2Routing;
      // Type 0 (RFC 5095).
      if (header[2] == 0 && header[3] != 0) return ParseVerdict::BadAddress;
    } else if (next_ == kProtocolFragment) {
      const auto offset_flags = load_be<std::uint16_t>(&header[2]);
      out_.later_fragment = (offset_flags & 0xfff8) != 0;
      out_.fragment |= (offset_flags & 0xfff9) != 0;
    }
    return ParseVerdict::Good;
  }

  void place_transport_header(std::uint8_t behind) noexcept {
    const bool in_front =
        behind == kProtocolHopByHop || behind == kProtocolRouting || behind == kProtocolFragment;
    if (in_front) {
      out_.transport_offset = static_cast<std::uint16_t>(offset_);
      out_.transport_protocol_offset = named_at_;
    }
    if (in_front || (behind == kProtocolDestination && !routed_)) {
      out_.outside_offset = static_cast<std::uint16_t>(offset_);
      out_.outside_protocol_offset = named_at_;
    }
  }

  // The chain of a first fragment may go on in the next one (SEL-06; RFC 8200 4.5 forbids it).
  ParseVerdict cut_short() noexcept {
    hidden_ = out_.fragment;
    return hidden_ ? ParseVerdict::Good : ParseVerdict::Truncated;
  }

  ByteView datagram_;
  PacketSummary& out_;
  std::size_t offset_{kIpv6HeaderBytes};
  std::uint16_t named_at_{kIpv6NextHeaderOffset};
  std::uint8_t next_;
  bool routed_{};
  bool hidden_{};  // the upper protocol is not in this fragment
};

ParseVerdict summarize_ipv6(ByteView datagram, PacketSummary& out,
                            const SkippedHeaders& skipped) noexcept {
  if (datagram.size() < kIpv6HeaderBytes) [[unlikely]]
    return ParseVerdict::Truncated;
  const auto& header = *reinterpret_cast<const Ipv6Header*>(datagram.data());
  const std::uint32_t length = kIpv6HeaderBytes + header.payload_length.get();
  if (length > datagram.size()) [[unlikely]]
    return ParseVerdict::Truncated;
  std::memcpy(out.source.data(), header.source, 16);
  std::memcpy(out.destination.data(), header.destination, 16);
  out.length = length;
  out.upper_offset = out.transport_offset = out.outside_offset = kIpv6HeaderBytes;
  out.protocol_offset = out.transport_protocol_offset = out.outside_protocol_offset =
      kIpv6NextHeaderOffset;
  out.family = Family::V6;
  out.protocol = header.next_header;
  out.traffic_class = header.traffic_class();
  out.hop_limit = header.hop_limit;
  if (!good_ipv6_addresses(header)) [[unlikely]]
    return ParseVerdict::BadAddress;
  const ParseVerdict verdict = ExtensionWalk(datagram.first(length), out).run(skipped);
  return verdict == ParseVerdict::Good ? read_ports(datagram.data(), out) : verdict;
}

}  // namespace

ParseVerdict summarize(ByteView datagram, PacketSummary& out, const SkippedHeaders& skipped,
                       HeaderChecksum header) noexcept {
  if (summarize_plain(datagram, out, header)) [[likely]]
    return ParseVerdict::Good;
  std::memset(static_cast<void*>(&out), 0, sizeof out);  // two stores; `= {}` goes over the stack
  if (datagram.size() < kIpv4HeaderBytes) [[unlikely]]
    return ParseVerdict::Truncated;
  switch (datagram[0] >> 4) {
    case 4:
      return summarize_ipv4(datagram, out, header);
    case 6:
      return summarize_ipv6(datagram, out, skipped);
    default:
      return ParseVerdict::BadVersion;
  }
}

SelectorFields selector_fields(const PacketSummary& packet, Direction direction) noexcept {
  const bool outbound = direction == Direction::Outbound;
  PortValue sent_by = kUnavailable;
  PortValue sent_to = kUnavailable;
  if (packet.ports_visible) {
    sent_by = packet.source_port;
    sent_to = port_meaning(packet.protocol) == PortMeaning::Ports ? packet.destination_port
                                                                  : kNotApplicable;
  }
  return {.local = outbound ? packet.source_address() : packet.destination_address(),
          .remote = outbound ? packet.destination_address() : packet.source_address(),
          .protocol = packet.protocol,
          .local_port = outbound ? sent_by : sent_to,
          .remote_port = outbound ? sent_to : sent_by};
}

Expected<SkippedHeaders> SkippedHeaders::of(std::span<const std::uint8_t> numbers) {
  constexpr std::uint8_t kAllowed[] = {0, 43, 44, 60, 135, 139, 140, 253, 254};
  SkippedHeaders result;
  result.words_ = {};
  for (const std::uint8_t number : numbers) {
    if (std::ranges::find(kAllowed, number) == std::end(kAllowed))
      return fail(Error::Code::Invalid,
                  fmt::format("protocol {} is not an IPv6 extension header to skip", number),
                  "any of 0, 43, 44, 60, 135, 139, 140, 253, 254; ESP (50) and AH (51) never");
    result.set(number);
  }
  return result;
}

}  // namespace sallyport
