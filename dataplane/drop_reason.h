// The reasons for which packets end, and what each means. No DPDK here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/packet_summary.h"

namespace sallyport {

// Adding one: a value here and a row in drop_reason.cpp, in the same order.
enum class DropReason : std::uint8_t {
  // Link and IP headers.
  LinkHeader,
  LinkAddress,
  LinkVlan,
  LinkType,
  LinkGroup,
  Truncated,
  BadVersion,
  BadHeaderLength,
  BadChecksum,
  BadAddress,
  TooManyExtensions,
  RoutingHeader,
  // Forwarding.
  NoRoute,
  Blackhole,
  Multicast,
  CopiedToGroup,
  GroupLimit,
  LinkProtocol,
  HopLimit,
  TooBig,
  NeighbourUnresolved,
  PortDown,
  TransmitFull,
  // Fragments for us, and stateful checks of others.
  FragmentTiny,
  FragmentTooLong,
  FragmentOverlap,
  FragmentDuplicate,
  FragmentTooMany,
  FragmentTimeout,
  FragmentTableFull,
  FragmentForbidden,
  FragmentUnmatched,
  FragmentUnagreed,
  // The boundary.
  NoPolicy,
  PolicyDiscard,
  PlaintextProtected,
  NoSa,
  FieldHidden,
  AcquireRefused,
  IcmpNoSa,
  TransportForwarded,
  FragmentTransport,
  FamilyNotAllowed,
  NoRoom,
  // SAs.
  UnknownSpi,
  EspFragment,
  EspTruncated,
  EspAlignment,
  AhLength,
  Replay,
  IcvFailure,
  BadPadding,
  BadNextHeader,
  InnerMalformed,
  SelectorMismatch,
  NestingTooDeep,
  EcnCe,
  DummyPacket,
  SequenceExhausted,
  LifetimeExpired,
  SealFailure,
  UdpChecksum,
  NatKeepalive,
  // Mobile IPv6.
  UnknownOption,
  HomeAddressOption,
  HomeAddressNotRoutable,
  HomeAddressUnbound,
  Type2Routing,
  TunnelSource,
  TunnelRefused,
  // Hand-over to another worker.
  HandoffFull,
  HandoffAstray,
  // Hand-over to control.
  PuntFull,
  PuntLimit,
  PuntRefused,
  HoldFull,
  HoldTimeout,
  NoBuffer,
  Instance,
};
inline constexpr std::size_t kDropReasonCount = static_cast<std::size_t>(DropReason::Instance) + 1;

// Consumed: the packet did its work here (a dummy, a keepalive), nothing was lost.
enum class DropClass : std::uint8_t { Dropped, Consumed };

struct DropFacts {
  DropReason reason;
  std::string_view name;     // in counters and tables
  std::string_view meaning;  // a sentence for the operator, with the RFC
  DropClass kind;
  bool audit;  // an auditable event of RFC 4301 4.2 and others (AUD-01)
};
[[nodiscard]] const DropFacts& facts(DropReason reason) noexcept;

// Of what is no datagram that we carry.
[[nodiscard]] DropReason drop_reason(ParseVerdict verdict) noexcept;

}  // namespace sallyport
