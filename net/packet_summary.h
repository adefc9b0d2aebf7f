// One walk over a packet's IP headers: everything later stages ask about it (DP-08).
#pragma once

#include <cstdint>

#include "net/address.h"
#include "net/selector.h"

namespace sallyport {

// IP protocol numbers that the gateway knows by name (IANA).
enum IpProtocol : std::uint8_t {
  kProtocolHopByHop = 0,
  kProtocolIcmp = 1,
  kProtocolIpv4 = 4,
  kProtocolTcp = 6,
  kProtocolUdp = 17,
  kProtocolDccp = 33,
  kProtocolIpv6 = 41,
  kProtocolRouting = 43,
  kProtocolFragment = 44,
  kProtocolEsp = 50,
  kProtocolAh = 51,
  kProtocolIcmpv6 = 58,
  kProtocolNone = 59,
  kProtocolDestination = 60,
  kProtocolSctp = 132,
  kProtocolMobility = 135,
  kProtocolUdpLite = 136,
};

// Flat and trivially copyable: bursts hold an array of these. 64 bytes, one cache line.
struct alignas(64) PacketSummary {
  std::array<std::uint8_t, 16> source{};       // wire order, as in Address
  std::array<std::uint8_t, 16> destination{};
  std::uint32_t length{};          // of the IP datagram, octets, from the IP header
  std::uint16_t upper_offset{};    // of the upper-layer header, from the start of the IP header
  std::uint16_t protocol_offset{}; // of the octet that names the upper protocol
  std::uint16_t transport_offset{};// where a transport-mode ESP header goes (RFC 4303 3.1.1)
  std::uint16_t source_port{};     // or ICMP type * 256 + code, or MH type * 256; see ports_visible
  std::uint16_t destination_port{};
  Family family{Family::V4};
  std::uint8_t protocol{};         // upper-layer protocol, after the skipped extension headers
  std::uint8_t traffic_class{};    // DSCP and ECN
  std::uint8_t hop_limit{};        // TTL
  bool fragment{};                 // any fragment, first or later
  bool later_fragment{};           // offset > 0: no upper-layer header here
  bool ports_visible{};            // the two port fields hold what the packet says
  bool has_options{};              // IPv4 options or IPv6 hop-by-hop options: a slow-path packet
  bool dont_fragment{};            // IPv4 DF; false for IPv6

  [[nodiscard]] Address source_address() const noexcept { return {source, family}; }
  [[nodiscard]] Address destination_address() const noexcept { return {destination, family}; }
};
static_assert(sizeof(PacketSummary) == 64);

// Why a packet cannot be an IP datagram that we carry; each is one drop reason.
enum class ParseVerdict : std::uint8_t {
  Good,
  Truncated,          // shorter than its headers or than its own length field
  BadVersion,
  BadHeaderLength,    // IHL, extension header or option lengths
  BadChecksum,        // IPv4 header (RFC 1812 5.2.2)
  BadAddress,         // source multicast or loopback, and the like (RFC 1812 5.3.7, RFC 4291 2.7)
  TooManyExtensions,  // more extension headers than kMaxExtensionHeaders
};
inline constexpr unsigned kMaxExtensionHeaders = 8;

// Parses `datagram`, which starts at the IP header and may be followed by link padding.
// Never reads past its end. Headers 0, 43, 44, 60 are skipped, 50 and 51 never (ARCH-11).
[[nodiscard]] ParseVerdict summarize(ByteView datagram, PacketSummary& out) noexcept;

// The fields as the SPD sees them (RFC 4301 4.4.1.1; SEL-06, SEL-09).
[[nodiscard]] SelectorFields selector_fields(const PacketSummary& packet,
                                             Direction direction) noexcept;

}  // namespace sallyport
