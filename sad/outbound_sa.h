// What a packet needs of an outbound SA: two flat cache lines to read, one to write.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/types.h"
#include "crypto/algorithms.h"
#include "net/address.h"
#include "sad/expiry.h"
#include "spd/policy.h"

namespace sallyport {

// The owner of an SA that any worker may send by (`spread`): numbers are then taken atomically.
inline constexpr WorkerId kEveryWorker{0xffff};

// The most octets between header template and payload: AH's ICV of 32 octets, and its padding.
inline constexpr std::uint8_t kMostIvBytes = 36;

// Immutable once published, but for what is `live`; owned by the slot table, read by workers.
struct alignas(64) OutboundSa {
  // Outer IP header, UDP header if any, ESP header or the fixed part of AH, all wire order, ending
  // at the array's end: the whole line is stored in front of the IV in one move, then lengths and
  // numbers are put in. Transport mode: only the UDP and ESP headers, or AH.
  std::array<std::uint8_t, 64> header{};

  // Ports, protocol and family of the outer header, as PacketSummary::other_selectors().
  std::uint64_t outer_selectors{};
  Spi spi{};
  KeySlot key{kNoKey};
  Transform transform;
  IvRule iv_rule{IvRule::None};
  std::uint8_t header_bytes{};    // used part of `header`
  std::uint8_t outer_ip_bytes{};  // 20 or 40; 0 in transport mode
  std::uint8_t iv_bytes{};     // between `header` and the payload; of AH: its ICV field and padding
  std::uint8_t icv_bytes{};    // behind the payload: none in AH
  std::uint8_t front_bytes{};  // `header_bytes` and `iv_bytes`
  std::uint8_t around_bytes{};   // and `icv_bytes`
  std::uint8_t trailer_bytes{};  // pad length and next header of ESP
  std::uint8_t padding_mask{};   // alignment of payload + padding + trailer, minus 1
  IpsecProtocol protocol{IpsecProtocol::Esp};
  IpsecMode mode{IpsecMode::Tunnel};
  Family outer_family{Family::V4};
  bool esn{};
  bool udp{};
  // A tunnel that takes every fragment and pads no packet more than it must.
  bool plain{};
  // And of ESP, whose packets are as they leave once they are sealed.
  bool leaves{};
  bool destination_options_outside{};
  bool inner_v4{};  // families that the selectors allow (TUN-01)
  bool inner_v6{};
  bool outer_df[2]{};             // by the inner DF (TUN-05)
  std::uint8_t class_mask{0xff};  // what the outer traffic class takes of the inner one (RFC 6040)
  std::uint16_t checksum_base{};  // of the outer IPv4 header without length, id, TOS and DF, folded
  WorkerId owner{};
  bool fragment_before{};  // IPv4 that is too long is cut before it is encapsulated (OUT-05)
  FragmentChecks fragments{FragmentChecks::Stateless};
  // Index into the shared DSCP maps (64 octets each); map 0 is the identity (TUN-04).
  std::uint16_t dscp_map{};
  std::uint16_t tfc_bytes{};  // shorter inner packets are padded to it; 0: no TFC
  // Of the outer path, octets; control may change it under way (SaTable::set_path_mtu). Two
  // readings may differ.
  [[nodiscard]] std::uint16_t path_mtu() const noexcept {
    return std::atomic_ref(live_path_mtu).load(std::memory_order_relaxed);
  }
  mutable std::uint16_t live_path_mtu{1500};
  // When the SA's time is over; control may set it under way (SaTable::set_expiry).
  [[nodiscard]] Expiry expiry() const noexcept {
    return std::atomic_ref(live_expiry).load(std::memory_order_relaxed);
  }
  mutable Expiry live_expiry;
  std::uint16_t tfc_mask{};  // padded packets are multiples of this plus 1
  bool loop_back{};          // what it made meets outbound policy again (ARCH-08)
};
static_assert(sizeof(OutboundSa) == 128);

// Written by the owning worker only, by all of them where the SA is spread.
struct alignas(64) OutboundState {
  std::uint64_t last_sequence{};  // last number sent
  // Reserved so far; no number above is sent (ESP-10, MAN-02). Control raises it under way.
  [[nodiscard]] std::uint64_t limit() noexcept {
    return std::atomic_ref(sequence_limit).load(std::memory_order_relaxed);
  }
  std::uint64_t sequence_limit{};
  std::uint64_t packets{};
  std::uint64_t bytes{};  // octets given to the cipher (SAD-07)
  // Where control is to be told next: of the soft limit, or that numbers run out; then of the hard
  // one (dataplane/lifetime.h).
  std::uint64_t notify_bytes{~0ull};
  std::uint64_t hard_bytes{~0ull};
  std::uint64_t notify_packets{~0ull};
  std::uint64_t hard_packets{~0ull};
};
static_assert(sizeof(OutboundState) == 64);

}  // namespace sallyport
