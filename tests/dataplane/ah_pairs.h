// Gateways and hosts with AH between them, and packets for them.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>

#include "net/ah.h"
#include "net/ipv4.h"
#include "net/ipv6.h"
#include "tests/support/ah_reference.h"
#include "tests/support/esp_pair.h"
#include "tests/support/host_pair.h"

namespace sallyport::test {

inline constexpr std::size_t kFixed = sizeof(AhHeader);
inline constexpr Transform kSha1{Cipher::Null, Integrity::HmacSha1_96};
inline constexpr Transform kSha256{Cipher::Null, Integrity::HmacSha256_128};

inline PacketBytes only(const std::vector<PacketBytes>& packets) {
  REQUIRE(packets.size() == 1);
  return packets[0];
}

inline PacketBuilder inner(Family family = Family::V4) {
  return (family == Family::V4 ? PacketBuilder("198.51.100.2", "198.51.100.130")
                               : PacketBuilder("2001:db8:1::2", "2001:db8:2::2"))
      .udp(1000, 2000)
      .filler(64);
}

inline PacketBuilder from_host(Family family = Family::V4) {
  return (family == Family::V4 ? PacketBuilder("192.0.2.1", "192.0.2.2")
                               : PacketBuilder("2001:db8::1", "2001:db8::2"));
}

using Adjust = std::function<void(Sa&)>;

inline Adjust ah(const Adjust& more = {}) {
  return [more](Sa& sa) {
    sa.protocol = IpsecProtocol::Ah;
    if (more) more(sa);
  };
}

inline EspPair::Settings tunnel(Transform transform, const Adjust& more = {}) {
  return {.transform = transform, .adjust_outbound = ah(more), .adjust_inbound = ah(more)};
}

inline HostPair::Settings transport(Family family, const Adjust& more = {}) {
  return {.transform = kSha256, .family = family, .adjust = ah(more)};
}

// The SA as the oracle needs it.
inline Sa oracle_sa(Transform transform, const Adjust& more = {}) {
  Sa sa = sample_sa(Direction::Outbound, transform);
  ah(more)(sa);
  return sa;
}

inline void fix_checksum(PacketBytes& packet) {
  if (packet[0] >> 4 == 4) HostPair::fix_ipv4_checksum(packet);
}

inline const AhHeader& ah_of(const PacketBytes& packet) {
  return *reinterpret_cast<const AhHeader*>(packet.data() + ah_offset(packet));
}

inline std::vector<Transform> ah_transforms() {
  std::vector<Transform> transforms;
  for (const IntegrityFacts& integrity : all_integrities())
    if (integrity.id != Integrity::None) transforms.push_back({Cipher::Null, integrity.id});
  return transforms;
}

inline void insert(PacketBytes& packet, std::size_t at, const PacketBytes& octets) {
  packet.insert(packet.begin() + static_cast<std::ptrdiff_t>(at), octets.begin(), octets.end());
}

}  // namespace sallyport::test
