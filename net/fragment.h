// One fragment of a datagram: where it belongs, and whether it may be one at all (RFC 791 3.2, RFC
// 8200 4.5, RFC 1858, RFC 3128, RFC 7112).
#pragma once

#include "net/packet_summary.h"

namespace sallyport {

// What the fragments of one datagram have in common. IPv4: addresses, id and protocol; IPv6:
// addresses and id.
struct FragmentKey {
  std::array<std::uint8_t, 16> source{};
  std::array<std::uint8_t, 16> destination{};
  std::uint32_t id{};
  // Chosen by the user of the key: fragments that came different ways never meet.
  std::uint32_t context{};
  Family family{Family::V4};
  std::uint8_t protocol{};  // IPv4 only
  friend bool operator==(const FragmentKey&, const FragmentKey&) = default;
};

struct Fragment {
  FragmentKey key;
  ByteView headers;        // what stands in front in every fragment; no IPv6 fragment header
  ByteView data;           // this piece of the fragmentable part
  std::uint32_t offset{};  // of `data` in it, octets
  bool more{};
  // IPv6: the octet of `headers` that names the fragment header, and what that header names.
  std::uint16_t next_header_at{};
  std::uint8_t next_header{};

  [[nodiscard]] std::uint32_t end() const noexcept {
    return offset + static_cast<std::uint32_t>(data.size());
  }
};

enum class FragmentVerdict : std::uint8_t {
  Good,
  Tiny,     // empty, not a multiple of 8 octets, or made to hide or overwrite the upper header
  TooLong,  // ends past what a length field can say: no datagram can be that long
};

// Reads a datagram whose summary is Good and says `fragment`. `out` refers to its octets.
[[nodiscard]] FragmentVerdict read_fragment(ByteView datagram, const PacketSummary& summary,
                                            Fragment& out) noexcept;

}  // namespace sallyport
