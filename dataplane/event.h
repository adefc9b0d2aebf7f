// What workers tell control without a packet: auditable drops and the lives of SAs. No DPDK here.
#pragma once

#include <array>
#include <type_traits>

#include "base/types.h"
#include "dataplane/drop_reason.h"
#include "net/address.h"
#include "spd/policy.h"

namespace sallyport {

enum class EventKind : std::uint8_t {
  Drop,          // an auditable event (RFC 4301 4.2, 4302 4, 4303 4; AUD-01)
  SoftLifetime,  // the SA wants a successor (RFC 4301 4.4.2.1; SAD-06)
  HardLifetime,  // the SA has stopped
  MovedPeer,     // the SA's newest packet has come from elsewhere (RFC 7296 2.23; NAT-06)
  // The source has reached a mobile node of ours by way of its home agent (RFC 6275 11.7.2).
  TunnelledPeer,
};

// Which limit of an SA's life was reached first.
enum class LifeLimit : std::uint8_t { Bytes, Packets, Seconds, Sequence };

// The `worker` of what control dropped itself.
inline constexpr WorkerId kControl{0xffff};

// By value through an EventRing. What a drop cannot show is 0 or absent: `spi` 0, `has_sequence`,
// `has_addresses`, `ports_visible`.
struct alignas(64) Event {
  std::array<std::uint8_t, 16> source{};       // wire order, as in Address
  std::array<std::uint8_t, 16> destination{};  // of the packet as it was: inner once opened
  std::uint64_t ticks{};                       // of the worker's clock
  std::uint64_t sequence{};
  std::uint64_t suppressed{};  // by this worker for this reason, since it started
  Spi spi{};
  SaSlot sa{kNoSa};  // in the table of `direction`
  PolicyId policy{};
  std::uint32_t flow_label{};   // IPv6
  std::uint16_t source_port{};  // or ICMP type * 256 + code, as in PacketSummary
  std::uint16_t destination_port{};
  PortId ingress{kNoPort};
  WorkerId worker{};
  EventKind kind{EventKind::Drop};
  DropReason reason{};
  LifeLimit limit{};
  Direction direction{Direction::Inbound};
  Family family{Family::V4};
  std::uint8_t protocol{};        // of what the addresses belong to
  std::uint8_t ipsec_protocol{};  // 50, 51, or 0 where no SA and no IPsec header is concerned
  bool has_sequence{};
  bool has_addresses{};
  bool ports_visible{};
  bool decapsulated{};  // what the addresses and ports describe came out of an SA
};
static_assert(std::is_trivially_copyable_v<Event> && sizeof(Event) == 128);

}  // namespace sallyport
