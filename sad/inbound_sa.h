// What a packet needs of an inbound SA.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/types.h"
#include "crypto/algorithms.h"
#include "net/address.h"
#include "sad/expiry.h"
#include "sad/sa.h"

namespace sallyport {

// One selector set flattened for the check after decapsulation (INB-04): every field is a range.
// Addresses are big-endian 128-bit numbers as two host-order halves, IPv4 in the top 32 bits.
struct alignas(64) CompiledSelector {
  struct Bounds {
    std::uint64_t first_high, first_low, last_high, last_low;
  };
  Bounds local;
  Bounds remote;
  std::uint32_t local_port_first, local_port_last;  // PortValue; kNotApplicable always matches
  std::uint32_t remote_port_first, remote_port_last;
  std::uint8_t protocol_first, protocol_last;
  Family family;
  // See tells_within(): what PacketSummary::other_selectors() of packets is under the mask whose
  // protocol and ports are one value each or any; where the row has ranges, what no packet's is.
  std::uint64_t others, others_mask;
};
static_assert(sizeof(CompiledSelector) == 128);

// Immutable once published, but for its expiry.
struct alignas(64) InboundSa {
  Spi spi{};
  KeySlot key{kNoKey};
  Transform transform;
  std::uint8_t iv_bytes{};
  std::uint8_t around_bytes{};  // ESP header, IV and ICV
  std::uint8_t padding_mask{};  // of the ciphertext length: 3, 7 or 15
  // From the SPI on. ESP: header, IV, 2 and ICV (ESP-17). AH: all of it, which is then exact.
  std::uint8_t minimum_bytes{};
  IpsecProtocol protocol{IpsecProtocol::Esp};
  IpsecMode mode{IpsecMode::Tunnel};
  SaLookup lookup{SaLookup::Spi};
  bool esn{};
  bool dscp_from_outer{};
  bool fix_transport_checksum{};  // UDP-encapsulated transport mode (NAT-04)
  FragmentChecks fragments{FragmentChecks::Stateless};
  bool watches_source{};  // control is told where the newest packet came from (NAT-06)
  WorkerId owner{};
  std::uint32_t window{};       // packets, 0: no replay check
  std::uint32_t replay_mask{};  // words of the bitmap, minus 1
  mutable Expiry live_expiry;   // see expiry()
  std::uint32_t selector_count{};
  const CompiledSelector* selectors{};  // in the slot table's arena
  // From here on nearly no packet asks; the first line is what workers fetch ahead.
  Address destination;  // compared as `lookup` says
  Address source;
  Family outer_family{Family::V4};
  std::uint16_t source_port{};  // that it knows, of ESP in UDP

  // When the SA's time is over; control may set it under way (SaTable::set_expiry).
  [[nodiscard]] Expiry expiry() const noexcept {
    return std::atomic_ref(live_expiry).load(std::memory_order_relaxed);
  }
};
static_assert(sizeof(InboundSa) == 128 && offsetof(InboundSa, destination) <= 64);

// Written by the owning worker only. The bitmap stands apart: replay_words(window) words.
struct alignas(64) InboundState {
  std::uint64_t highest{};  // highest sequence number accepted
  std::uint64_t* bitmap{};
  std::uint64_t packets{};
  std::uint64_t bytes{};
  std::uint64_t notify_bytes{~0ull};  // as in OutboundState
  std::uint64_t hard_bytes{~0ull};
  std::uint64_t notify_packets{~0ull};
  std::uint64_t hard_packets{~0ull};
};
static_assert(sizeof(InboundState) == 64);

}  // namespace sallyport
