// What most packets are, read without the questions that others need to be asked: a whole IPv4
// datagram, without options, with TCP, UDP or ESP in it. Inline, since it is done for every packet.
#pragma once

#include <bit>

#include "net/ipv4.h"
#include "net/packet_summary.h"

namespace sallyport {

// The words of a header without options add up to 0xffff, in either byte order (RFC 1071 2). A word
// added to itself with its halves swapped holds their sum, carry included, in its upper half.
[[nodiscard]] inline bool good_ipv4_checksum(const Ipv4Header& header) noexcept {
  std::uint32_t words[5];
  static_assert(sizeof words == sizeof header);
  std::memcpy(words, &header, sizeof words);
  const std::uint64_t sum = std::uint64_t{words[0]} + words[1] + words[2] + words[3] + words[4];
  const auto half = static_cast<std::uint32_t>((sum + std::rotl(sum, 32)) >> 32);
  return (half + std::rotl(half, 16)) >> 16 == 0xffff;
}

// RFC 1812 4.2.2.11, 5.3.7: networks 0 and 127 are in no header; class D and E send nothing, and
// of class E only the limited broadcast receives.
enum Ipv4Network : std::uint8_t { kNoSource = 1, kNoDestination = 2 };
inline constexpr std::array<std::uint8_t, 256> kIpv4Networks = [] {
  std::array<std::uint8_t, 256> networks{};
  networks[0] = networks[127] = kNoSource | kNoDestination;
  for (unsigned i = 224; i < 240; ++i) networks[i] = kNoSource;
  for (unsigned i = 240; i < 256; ++i) networks[i] = kNoSource | kNoDestination;
  return networks;
}();
[[nodiscard]] inline bool good_ipv4_addresses(const Ipv4Header& header) noexcept {
  const int bad = (kIpv4Networks[header.source[0]] & kNoSource) |
                  (kIpv4Networks[header.destination[0]] & kNoDestination);
  if (bad == 0) [[likely]]
    return true;
  return (bad & kNoSource) == 0 && load_be<std::uint32_t>(header.destination) == 0xffffffff;
}

[[nodiscard]] inline bool is_tcp_or_udp(std::uint8_t protocol) noexcept {
  return (protocol == kProtocolTcp) | (protocol == kProtocolUdp);
}

[[nodiscard]] inline bool is_tcp_udp_or_esp(std::uint8_t protocol) noexcept {
  constexpr std::uint64_t kThese = std::uint64_t{1} << kProtocolTcp |
                                   std::uint64_t{1} << kProtocolUdp |
                                   std::uint64_t{1} << kProtocolEsp;
  return (protocol < 64) & (kThese >> (protocol & 63) & 1);
}

// Of a header whose first octets are there, and behind it as many as a port or an SPI needs.
inline constexpr std::size_t kLeastPlainIpv4 = sizeof(Ipv4Header) + 4;
[[nodiscard]] inline bool is_plain_ipv4(const Ipv4Header& header, std::size_t octets) noexcept {
  // Of the first eight octets: version and IHL, more fragments and the offset.
  constexpr auto kMask = std::bit_cast<std::uint64_t>(std::array<std::uint8_t, 8>{
      0xff, 0, 0, 0, 0, 0, Ipv4Header::kMoreFragments >> 8 | Ipv4Header::kOffsetMask >> 8, 0xff});
  constexpr auto kNoOptionsWhole =
      std::bit_cast<std::uint64_t>(std::array<std::uint8_t, 8>{0x45, 0, 0, 0, 0, 0, 0, 0});
  std::uint64_t front;
  std::memcpy(&front, &header, sizeof front);
  const std::size_t length = header.total_length.get();
  const bool known = is_tcp_udp_or_esp(header.protocol);
  return ((front & kMask) == kNoOptionsWhole) & known &
         (length - kLeastPlainIpv4 <= octets - kLeastPlainIpv4);  // a shorter one wraps round
}

// True: `out` is what summarize() would make of it, and nothing is wrong. False: ask that.
[[nodiscard]] inline bool summarize_plain_ipv4(ByteView datagram, PacketSummary& out,
                                               HeaderChecksum verified) noexcept {
  constexpr std::uint16_t kHeaderBytes = sizeof(Ipv4Header);
  constexpr std::uint16_t kProtocolOffset = offsetof(Ipv4Header, protocol);
  static constexpr PacketSummary kPlain{.family = Family::V4,
                                        .upper_offset = kHeaderBytes,
                                        .protocol_offset = kProtocolOffset,
                                        .transport_offset = kHeaderBytes,
                                        .transport_protocol_offset = kProtocolOffset,
                                        .outside_offset = kHeaderBytes,
                                        .outside_protocol_offset = kProtocolOffset};
  if (datagram.size() < kLeastPlainIpv4) [[unlikely]]
    return false;
  const auto& header = *reinterpret_cast<const Ipv4Header*>(datagram.data());
  if (!is_plain_ipv4(header, datagram.size()) || !good_ipv4_addresses(header)) [[unlikely]]
    return false;
  if (verified == HeaderChecksum::Verify && !good_ipv4_checksum(header)) [[unlikely]]
    return false;
  out = kPlain;
  std::memcpy(out.source.data(), header.source, sizeof header.source);
  std::memcpy(out.destination.data(), header.destination, sizeof header.destination);
  out.protocol = header.protocol;
  if (header.protocol != kProtocolEsp) {
    const auto both = load_be<std::uint32_t>(&header + 1);
    out.source_port = static_cast<std::uint16_t>(both >> 16);
    out.destination_port = static_cast<std::uint16_t>(both);
    out.ports_visible = true;
  }
  out.length = header.total_length.get();
  out.traffic_class = header.tos;
  out.hop_limit = header.ttl;
  out.dont_fragment = (header.fragment.raw[0] & Ipv4Header::kDontFragment >> 8) != 0;
  return true;
}

}  // namespace sallyport
