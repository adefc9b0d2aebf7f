// What most packets are, read without the questions that others need to be asked: a whole datagram
// with TCP, UDP or ESP right behind the IP header, which has no options. Inline, since it is done
// for every packet.
#pragma once

#include <array>
#include <bit>

#include "net/ipv4.h"
#include "net/ipv6.h"
#include "net/packet_summary.h"

namespace sallyport {

// The words of a header without options add up to 0xffff, in either byte order (RFC 1071 2). A word
// added to itself with its halves swapped holds their sum, carry included, in its upper half.
[[nodiscard]] inline bool good_ipv4_checksum(const Ipv4Header& header) noexcept {
  const auto* const octets = reinterpret_cast<const std::uint8_t*>(&header);
  std::uint64_t first, second;
  std::uint32_t third;
  static_assert(sizeof first + sizeof second + sizeof third == sizeof header);
  std::memcpy(&first, octets, sizeof first);
  std::memcpy(&second, octets + sizeof first, sizeof second);
  std::memcpy(&third, octets + sizeof first + sizeof second, sizeof third);
  std::uint64_t sum = first + second;
  sum += sum < second;
  sum += third;
  sum += sum < third;
  const auto half = static_cast<std::uint32_t>((sum + std::rotl(sum, 32)) >> 32);
  return (half + std::rotl(half, 16)) >> 16 == 0xffff;
}

// RFC 1812 4.2.2.11, 5.3.7: networks 0 and 127 are in no header; class D and E send nothing, and
// of class E only the limited broadcast receives.
struct Ipv4Networks {
  std::array<bool, 256> no_source{};
  std::array<bool, 256> no_destination{};
};
inline constexpr Ipv4Networks kIpv4Networks = [] {
  Ipv4Networks networks;
  for (const unsigned nowhere : {0u, 127u})
    networks.no_source[nowhere] = networks.no_destination[nowhere] = true;
  for (unsigned i = 224; i < 256; ++i) networks.no_source[i] = true;
  for (unsigned i = 240; i < 256; ++i) networks.no_destination[i] = true;
  return networks;
}();
[[nodiscard]] inline bool good_ipv4_addresses(const Ipv4Header& header) noexcept {
  const bool no_source = kIpv4Networks.no_source[header.source[0]];
  if (!(no_source | kIpv4Networks.no_destination[header.destination[0]])) [[likely]]
    return true;
  return !no_source && load_be<std::uint32_t>(header.destination) == 0xffffffff;
}

// Of the protocols that a plain header may have.
inline constexpr std::array<bool, 256> kPlainProtocols = [] {
  std::array<bool, 256> plain{};
  plain[kProtocolTcp] = plain[kProtocolUdp] = plain[kProtocolEsp] = true;
  return plain;
}();

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
  const std::size_t length = header.length();
  const bool known = kPlainProtocols[header.protocol];
  return ((front & kMask) == kNoOptionsWhole) & known &
         (length - kLeastPlainIpv4 <= octets - kLeastPlainIpv4);  // a shorter one wraps round
}

// Where each octet of a PacketSummary comes from: shuffles of registers with sixteen octets of the
// header, those in front and those behind from the TTL on, to the ports at their end.
struct PlainSummaryForm {
  using Octets = std::array<std::uint8_t, 32>;  // half a summary, a register for each half of it
  Octets from;
  Octets constant;

  static constexpr std::size_t kBackFrom = offsetof(Ipv4Header, ttl);
  static constexpr std::uint8_t kZero = 0x80;

  // Source and destination; of the octets behind.
  static constexpr Octets addresses() {
    Octets from;
    from.fill(kZero);
    for (std::uint8_t i = 0; i < 4; ++i) {
      from[offsetof(PacketSummary, source) + i] =
          static_cast<std::uint8_t>(offsetof(Ipv4Header, source) - kBackFrom + i);
      from[offsetof(PacketSummary, destination) + i] =
          static_cast<std::uint8_t>(offsetof(Ipv4Header, destination) - kBackFrom + i);
    }
    return from;
  }
  // The second half: its first register of the octets behind, the other of those in front. Without
  // the length, which stands too far from the ports.
  static constexpr PlainSummaryForm rest(std::uint8_t protocol) {
    constexpr std::uint8_t kPorts = sizeof(Ipv4Header) - kBackFrom;
    constexpr PacketSummary kPlain{.family = Family::V4,
                                   .upper_offset = sizeof(Ipv4Header),
                                   .protocol_offset = offsetof(Ipv4Header, protocol),
                                   .transport_offset = sizeof(Ipv4Header),
                                   .transport_protocol_offset = offsetof(Ipv4Header, protocol),
                                   .outside_offset = sizeof(Ipv4Header),
                                   .outside_protocol_offset = offsetof(Ipv4Header, protocol)};
    PlainSummaryForm form{{}, second_half(kPlain)};
    form.from.fill(kZero);
    form.from[at(offsetof(PacketSummary, protocol))] = offsetof(Ipv4Header, protocol) - kBackFrom;
    form.from[at(offsetof(PacketSummary, traffic_class))] = offsetof(Ipv4Header, tos);
    form.from[at(offsetof(PacketSummary, hop_limit))] = offsetof(Ipv4Header, ttl);
    form.from[at(offsetof(PacketSummary, dont_fragment))] = offsetof(Ipv4Header, fragment);
    if (protocol == kProtocolEsp) return form;
    form.from[at(offsetof(PacketSummary, source_port))] = kPorts + 1;  // most significant first
    form.from[at(offsetof(PacketSummary, source_port)) + 1] = kPorts;
    form.from[at(offsetof(PacketSummary, destination_port))] = kPorts + 3;
    form.from[at(offsetof(PacketSummary, destination_port)) + 1] = kPorts + 2;
    form.constant[at(offsetof(PacketSummary, ports_visible))] = 1;
    return form;
  }
  // All octets but the one with DF, of which that bit is left.
  static constexpr Octets kept(std::uint8_t of_df) {
    Octets kept;
    kept.fill(0xff);
    kept[at(offsetof(PacketSummary, dont_fragment))] = of_df;
    return kept;
  }

 private:
  static constexpr std::size_t at(std::size_t offset) { return offset - sizeof(Octets); }
  static constexpr Octets second_half(const PacketSummary& summary) {
    const auto both = std::bit_cast<std::array<Octets, 2>>(summary);
    return both[1];
  }
};
inline constexpr auto kPlainAddresses = PlainSummaryForm::addresses();
inline constexpr std::array kPlainForms{PlainSummaryForm::rest(kProtocolEsp),
                                        PlainSummaryForm::rest(kProtocolUdp)};
inline constexpr auto kPlainBits = PlainSummaryForm::kept(Ipv4Header::kDontFragment >> 8);
inline constexpr auto kPlainMost = PlainSummaryForm::kept(1);

// The summary of a header that is plain.
inline void write_plain_summary(const Ipv4Header& header, PacketSummary& out) noexcept {
  const auto load = [](const PlainSummaryForm::Octets& octets) {
    return Octets32::load(octets.data()).in_register();
  };
  const auto sixteen = [&](std::size_t from) {
    const auto* const octets = reinterpret_cast<const std::uint8_t*>(&header) + from;
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(octets));
  };
  const PlainSummaryForm& form = kPlainForms[header.protocol != kProtocolEsp];
  const __m256i back = _mm256_broadcastsi128_si256(sixteen(PlainSummaryForm::kBackFrom));
  const __m256i both = _mm256_inserti128_si256(back, sixteen(0), 1);
  const __m256i rest =
      _mm256_and_si256(_mm256_shuffle_epi8(both, load(form.from)), load(kPlainBits));
  auto* const to = reinterpret_cast<__m256i*>(&out);
  _mm256_store_si256(to, _mm256_shuffle_epi8(back, load(kPlainAddresses)));
  _mm256_store_si256(to + 1,
                     _mm256_or_si256(_mm256_min_epu8(rest, load(kPlainMost)), load(form.constant)));
  out.length = header.length();
}

// True: `out` is what summarize() would make of it, and nothing is wrong. False: ask that.
[[nodiscard]] inline bool summarize_plain_ipv4(ByteView datagram, PacketSummary& out,
                                               HeaderChecksum verified) noexcept {
  if (datagram.size() < kLeastPlainIpv4) [[unlikely]]
    return false;
  const auto& header = *reinterpret_cast<const Ipv4Header*>(datagram.data());
  if (!is_plain_ipv4(header, datagram.size()) || !good_ipv4_addresses(header)) [[unlikely]]
    return false;
  if (verified == HeaderChecksum::Verify && !good_ipv4_checksum(header)) [[unlikely]]
    return false;
  write_plain_summary(header, out);
  return true;
}

// A group's, or one whose upper half is zeros: among those are all that no header may have
// (RFC 4291 2.5.2, 2.5.3; RFC 6890 2.2.3).
[[nodiscard]] inline bool is_rare_ipv6_address(const std::uint8_t* address) noexcept {
  std::uint64_t upper;
  std::memcpy(&upper, address, sizeof upper);
  return (address[0] == 0xff) | (upper == 0);
}

// Of a header that is there, and behind it as many octets as a port or an SPI needs.
inline constexpr std::size_t kLeastPlainIpv6 = sizeof(Ipv6Header) + 4;
[[nodiscard]] inline bool is_plain_ipv6(const Ipv6Header& header, std::size_t octets) noexcept {
  const bool version = header.version_class_flow.get() >> 28 == 6;
  const bool known = kPlainProtocols[header.next_header];
  const bool rare_source = is_rare_ipv6_address(header.source);
  const bool rare_destination = is_rare_ipv6_address(header.destination);
  const std::size_t length = sizeof header + header.payload_length.get();
  return version & known & !rare_source & !rare_destination & (length >= kLeastPlainIpv6) &
         (length <= octets);
}

// The summary of a header that is plain, put together in registers.
inline void write_plain_summary(const Ipv6Header& header, PacketSummary& out) noexcept {
  static_assert(offsetof(Ipv6Header, destination) == offsetof(Ipv6Header, source) + 16 &&
                offsetof(PacketSummary, source) == 0 && offsetof(PacketSummary, destination) == 16);
  constexpr auto kNextHeader = static_cast<std::uint16_t>(offsetof(Ipv6Header, next_header));
  constexpr auto kHeader = static_cast<std::uint16_t>(sizeof(Ipv6Header));
  // What all have in common, by words; the rest is put in at its place.
  constexpr auto kCommon = std::bit_cast<std::array<std::uint64_t, 8>>(
      PacketSummary{.family = Family::V6,
                    .upper_offset = kHeader,
                    .protocol_offset = kNextHeader,
                    .transport_offset = kHeader,
                    .transport_protocol_offset = kNextHeader,
                    .outside_offset = kHeader,
                    .outside_protocol_offset = kNextHeader});
  const auto at = [](std::size_t offset, std::uint64_t value) { return value << offset % 8 * 8; };
  const std::uint64_t visible = header.next_header != kProtocolEsp ? 1 : 0;
  const std::uint32_t both_ports =
      load_be<std::uint32_t>(reinterpret_cast<const std::uint8_t*>(&header + 1));
  const std::uint64_t ports = std::rotl(both_ports, 16) * visible;
  Octets32::load(header.source).store(&out);
  Octets32::of(kCommon[4] | ports | at(offsetof(PacketSummary, protocol), header.next_header) |
                   at(offsetof(PacketSummary, ports_visible), visible),
               kCommon[5] | at(offsetof(PacketSummary, length),
                               sizeof header + std::uint64_t{header.payload_length.get()}),
               kCommon[6],
               kCommon[7] | at(offsetof(PacketSummary, traffic_class), header.traffic_class()) |
                   at(offsetof(PacketSummary, hop_limit), header.hop_limit))
      .store(&out.source_port);
}

// True: `out` is what summarize() would make of it, whatever headers are skipped, and nothing is
// wrong. False: ask that.
[[nodiscard]] inline bool summarize_plain_ipv6(ByteView datagram, PacketSummary& out) noexcept {
  if (datagram.size() < kLeastPlainIpv6) [[unlikely]]
    return false;
  const auto& header = *reinterpret_cast<const Ipv6Header*>(datagram.data());
  if (!is_plain_ipv6(header, datagram.size())) [[unlikely]]
    return false;
  write_plain_summary(header, out);
  return true;
}

// Of either family.
[[nodiscard]] inline bool summarize_plain(ByteView datagram, PacketSummary& out,
                                          HeaderChecksum verified) noexcept {
  return summarize_plain_ipv4(datagram, out, verified) || summarize_plain_ipv6(datagram, out);
}

}  // namespace sallyport
