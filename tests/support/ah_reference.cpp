#include "tests/support/ah_reference.h"

#include <algorithm>

#include "tests/support/reference_mac.h"

namespace sallyport {
namespace {

constexpr std::size_t kFixed = 12;

std::size_t extension_bytes(const PacketBytes& packet, std::size_t at) {
  return (packet.at(at + 1) + 1u) * 8u;
}

std::ptrdiff_t signed_of(std::size_t value) { return static_cast<std::ptrdiff_t>(value); }

void zero(PacketBytes& packet, std::size_t at, std::size_t count) {
  std::fill_n(packet.begin() + signed_of(at), count, std::uint8_t{0});
}

// RFC 4302 appendix A1, row by row.
bool immutable_ipv4_option(std::uint8_t type) {
  switch (type) {
    case 0:    // end of options
    case 1:    // no operation
    case 130:  // security
    case 133:  // extended security
    case 134:  // commercial security
    case 148:  // router alert
    case 149:  // sender directed multi-destination delivery
      return true;
    default:
      return false;
  }
}

void cover_ipv4(PacketBytes& packet) {
  for (const std::size_t octet : {1, 6, 7, 8, 10, 11}) packet[octet] = 0;
  const std::size_t end = (packet[0] & 15u) * 4;
  std::size_t at = 20;
  while (at < end && packet[at] != 0) {
    const std::size_t size = packet[at] == 1 ? 1 : packet[at + 1];
    const bool source_route = (packet[at] == 131 || packet[at] == 137) && size >= 7;
    if (source_route && packet[at + 2] >= 4 && packet[at + 2] <= size)
      std::copy_n(packet.begin() + signed_of(at + size - 4), 4, packet.begin() + 16);
    if (!immutable_ipv4_option(packet[at])) zero(packet, at, size);
    at += size;
  }
}

void cover_options(PacketBytes& packet, std::size_t at) {
  const std::size_t end = at + extension_bytes(packet, at);
  at += 2;
  while (at < end) {
    if (packet[at] == 0) {
      ++at;
      continue;
    }
    const std::size_t size = packet[at + 1];
    if ((packet[at] & 0x20) != 0) zero(packet, at + 2, size);
    at += 2 + size;
  }
}

// As the last one gets it: each stop put its address in place of the next one.
void cover_routing(PacketBytes& packet, std::size_t at) {
  if (packet[at + 2] != 0 && packet[at + 2] != 2) return;
  const std::size_t count = packet[at + 1] / 2u;
  while (packet[at + 3] != 0) {
    const std::size_t next = at + 8 + 16 * (count - packet[at + 3]);
    std::swap_ranges(packet.begin() + 24, packet.begin() + 40, packet.begin() + signed_of(next));
    --packet[at + 3];
  }
}

void cover_ipv6(PacketBytes& packet) {
  packet[0] &= 0xf0;
  for (const std::size_t octet : {1, 2, 3, 7}) packet[octet] = 0;
  std::size_t named_at = 6;
  std::size_t at = 40;
  while (packet[named_at] != kProtocolAh) {
    const std::uint8_t kind = packet[named_at];
    if (kind == kProtocolFragment) {
      packet[named_at] = packet[at];
      packet.erase(packet.begin() + signed_of(at), packet.begin() + signed_of(at + 8));
      const std::size_t payload = packet.size() - 40;
      packet[4] = static_cast<std::uint8_t>(payload >> 8);
      packet[5] = static_cast<std::uint8_t>(payload);
      continue;
    }
    if (kind == kProtocolHopByHop || kind == kProtocolDestination) cover_options(packet, at);
    if (kind == kProtocolRouting) cover_routing(packet, at);
    named_at = at;
    at += extension_bytes(packet, at);
  }
}

AhIcvField field_of(const Sa& sa) {
  const IntegrityFacts& integrity = facts(sa.transform.integrity);
  return {integrity.iv_bytes, integrity.icv_bytes};
}

}  // namespace

std::size_t ah_offset(const PacketBytes& packet) {
  if (packet[0] >> 4 == 4) return packet[9] == kProtocolAh ? (packet[0] & 15u) * 4u : packet.size();
  std::uint8_t next = packet[6];
  std::size_t at = 40;
  while (next != kProtocolAh && at + 1 < packet.size()) {
    const std::size_t size = next == kProtocolFragment ? 8 : extension_bytes(packet, at);
    next = packet[at];
    at += size;
  }
  return std::min(at, packet.size());
}

PacketBytes ah_covered(const PacketBytes& packet, AhIcvField field) {
  PacketBytes covered = packet;
  packet[0] >> 4 == 4 ? cover_ipv4(covered) : cover_ipv6(covered);
  zero(covered, ah_offset(covered) + kFixed + field.iv_bytes, field.icv_bytes);
  return covered;
}

PacketBytes ah_icv(const Sa& sa, const PacketBytes& packet, std::uint32_t sequence_high) {
  const AhIcvField field = field_of(sa);
  PacketBytes covered = ah_covered(packet, field);
  if (sa.esn)
    for (const int shift : {24, 16, 8, 0})
      covered.push_back(static_cast<std::uint8_t>(sequence_high >> shift));
  const ByteView key = sa.integrity_key.view();
  PacketBytes icv;
  if (field.iv_bytes == 0) {
    icv = reference_mac(sa.transform.integrity, key, covered);
  } else {
    PacketBytes nonce(sa.salt.view().begin(), sa.salt.view().end());
    const auto iv = packet.begin() + signed_of(ah_offset(packet) + kFixed);
    nonce.insert(nonce.end(), iv, iv + signed_of(field.iv_bytes));
    icv = reference_gmac(key, nonce, covered);
  }
  icv.resize(field.icv_bytes);
  return icv;
}

PacketBytes ah_icv_in(const Sa& sa, const PacketBytes& packet) {
  const AhIcvField field = field_of(sa);
  const auto at = packet.begin() + signed_of(ah_offset(packet) + kFixed + field.iv_bytes);
  return {at, at + signed_of(field.icv_bytes)};
}

void set_ah_icv(const Sa& sa, PacketBytes& packet, std::uint32_t sequence_high) {
  const PacketBytes icv = ah_icv(sa, packet, sequence_high);
  const std::size_t at = ah_offset(packet) + kFixed + field_of(sa).iv_bytes;
  std::ranges::copy(icv, packet.begin() + signed_of(at));
}

}  // namespace sallyport
