// One walk over a packet's IP headers: everything later stages ask about it (DP-08).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/octets.h"
#include "net/address.h"
#include "net/protocol.h"
#include "net/selector.h"

namespace sallyport {

// Flat and trivially copyable: bursts hold an array of these. 64 bytes, one cache line.
// Offsets count octets from the start of the IP header.
//
// A transport-mode header goes to transport_offset, and its number into the octet at
// transport_protocol_offset (RFC 4303 3.1.1: behind hop-by-hop, routing and fragment headers, and
// behind a Home Address option: RFC 6275 6.3).
// Destination options that follow those are then protected. The outside_ pair is the place that
// leaves them in the clear, as Linux does where there is no routing header. For IPv4 and for
// chains without destination options both pairs are the same.
struct alignas(64) PacketSummary {
  std::array<std::uint8_t, 16> source{};  // wire order, as in Address
  std::array<std::uint8_t, 16> destination{};
  // What selectors ask besides addresses; see other_selectors().
  std::uint16_t source_port{};  // or ICMP type * 256 + code, or MH type * 256; see ports_visible
  std::uint16_t destination_port{};
  std::uint8_t protocol{};  // after the skipped headers; kProtocolOpaque where hidden
  Family family{Family::V4};
  bool ports_visible{};  // the two port fields hold what the packet says
  std::uint8_t unused{};
  std::uint32_t length{};           // of the IP datagram, octets, from the IP header
  std::uint16_t upper_offset{};     // of the upper-layer header
  std::uint16_t protocol_offset{};  // of the octet that names the upper protocol
  std::uint16_t transport_offset{};
  std::uint16_t transport_protocol_offset{};
  std::uint16_t outside_offset{};
  std::uint16_t outside_protocol_offset{};
  std::uint8_t traffic_class{};  // DSCP and ECN
  std::uint8_t hop_limit{};      // TTL
  bool fragment{};               // first or later; an atomic fragment (RFC 6946) is none
  bool later_fragment{};         // offset > 0: no upper-layer header here
  bool has_options{};            // IPv4 options or IPv6 hop-by-hop options: a slow-path packet
  bool dont_fragment{};          // IPv4 DF; false for IPv6
  std::uint8_t segments_left{};  // of the IPv6 routing header: not 0 here: not the last stop
  std::uint8_t mobility{};       // what Mobile IPv6 has put into extension headers: marks below

  [[nodiscard]] Address source_address() const noexcept { return {source, family}; }
  [[nodiscard]] Address destination_address() const noexcept { return {destination, family}; }
  // Both addresses, as they lie here.
  [[nodiscard]] Octets32 addresses() const noexcept { return Octets32::load(this); }
  // From the least bit on: ports, protocol, family (bits 41 and 42), ports_visible (bit 48). The
  // other bits are 0.
  [[nodiscard]] std::uint64_t other_selectors() const noexcept {
    std::uint64_t word;
    std::memcpy(&word,
                reinterpret_cast<const std::uint8_t*>(this) + offsetof(PacketSummary, source_port),
                sizeof word);
    return word;
  }
};
static_assert(sizeof(PacketSummary) == 64);

// Of PacketSummary::mobility. Whether they are as they must be is not asked here
// (net/mobility_extensions.h).
inline constexpr std::uint8_t kMarkHomeAddress = 1;   // a Home Address option (RFC 6275 6.3)
inline constexpr std::uint8_t kMarkType2Routing = 2;  // a type 2 routing header (RFC 6275 6.4)

// Why a packet cannot be an IP datagram that we carry; each is one drop reason.
enum class ParseVerdict : std::uint8_t {
  Good,
  Truncated,  // shorter than its headers or than its own length field
  BadVersion,
  BadHeaderLength,    // IHL or IPv4 option lengths; hop-by-hop not in front (RFC 8200 4.1)
  BadChecksum,        // IPv4 header (RFC 1812 5.2.2)
  BadAddress,         // not for a wire (RFC 1812 5.3.7, RFC 4291 2.5, 2.7, RFC 6890), or a source
                      // route that hides where the packet goes (RFC 5095 3, RFC 7126 4.3, 4.4)
  TooManyExtensions,  // more extension headers than kMaxExtensionHeaders
};
inline constexpr unsigned kMaxExtensionHeaders = 8;

// The IPv6 extension headers that the walk to the upper-layer protocol skips (ARCH-11).
class SkippedHeaders {
 public:
  // 0, 43, 44 and 60 (RFC 4301 4.4.1.1).
  constexpr SkippedHeaders() noexcept {
    for (const std::uint8_t number :
         {kProtocolHopByHop, kProtocolRouting, kProtocolFragment, kProtocolDestination})
      set(number);
  }
  // Any of 0, 43, 44, 60, 135, 139, 140, 253, 254 and no others: ESP and AH are never skipped.
  [[nodiscard]] static Expected<SkippedHeaders> of(std::span<const std::uint8_t> numbers);

  [[nodiscard]] constexpr bool contains(std::uint8_t number) const noexcept {
    return (words_[number / 64] >> (number % 64) & 1) != 0;
  }
  friend bool operator==(const SkippedHeaders&, const SkippedHeaders&) = default;

 private:
  constexpr void set(std::uint8_t number) noexcept {
    words_[number / 64] |= std::uint64_t{1} << (number % 64);
  }
  std::array<std::uint64_t, 4> words_{};
};
inline constexpr SkippedHeaders kDefaultSkippedHeaders;

// Of an IPv4 header.
enum class HeaderChecksum : std::uint8_t {
  Verify,
  Good,  // who received it has verified it
};

// Parses `datagram`, which starts at the IP header and may be followed by link padding.
// Never reads past its end. `out` is meaningful only where the verdict is Good.
// IPv6 options are not looked into, but for the Home Address option: a router does not have to
// (RFC 8200 4).
[[nodiscard]] ParseVerdict summarize(ByteView datagram, PacketSummary& out,
                                     const SkippedHeaders& skipped = kDefaultSkippedHeaders,
                                     HeaderChecksum header = HeaderChecksum::Verify) noexcept;

// The fields as the SPD sees them (RFC 4301 4.4.1.1; SEL-06). The one value of ICMP and MH is the
// sender's: it stands in the slot of the side that sent the packet (SEL-09).
[[nodiscard]] SelectorFields selector_fields(const PacketSummary& packet,
                                             Direction direction) noexcept;

}  // namespace sallyport
