#include "dataplane/tunnel_headers.h"

#include <array>

#include "net/checksum.h"
#include "net/ipv4.h"
#include "net/ipv6.h"

namespace sallyport {
namespace {

constexpr std::uint8_t kCongestion = 3;
constexpr std::uint8_t kDrop = 0xff;

// By inner, then outer codepoint: Not-ECT, ECT(1), ECT(0), CE (RFC 6040 figure 4).
constexpr std::array<std::array<std::uint8_t, 4>, 4> kDecapsulated{{
    {kNotEct, kNotEct, kNotEct, kDrop},
    {1, 1, 1, kCongestion},
    {2, 1, 2, kCongestion},
    {kCongestion, kCongestion, kCongestion, kCongestion},
}};

}  // namespace

bool decapsulated_ecn(std::uint8_t& inner, std::uint8_t outer) noexcept {
  const std::uint8_t result = kDecapsulated[inner & kEcnMask][outer & kEcnMask];
  if (result == kDrop) return false;
  inner = result;
  return true;
}

void set_traffic_class(Packet& packet, std::uint8_t traffic_class) noexcept {
  if (packet.summary.family == Family::V6) {
    packet.header<Ipv6Header>().set_traffic_class(traffic_class);
  } else {
    auto& header = packet.header<Ipv4Header>();
    const auto word = [](std::uint8_t tos) { return static_cast<std::uint16_t>(0x4500 | tos); };
    header.checksum.set(
        checksum_update(header.checksum.get(), word(header.tos), word(traffic_class)));
    header.tos = traffic_class;
  }
  packet.summary.traffic_class = traffic_class;
}

}  // namespace sallyport
