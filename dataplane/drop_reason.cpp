#include "dataplane/drop_reason.h"

#include <array>

#include "base/enum_rows.h"

namespace sallyport {
namespace {

using enum DropReason;
constexpr auto kDropped = DropClass::Dropped;
constexpr auto kConsumed = DropClass::Consumed;

constexpr std::array<DropFacts, kDropReasonCount> kDropFacts{{
    {LinkHeader, "link_header", "frame shorter than its link header", kDropped, false},
    {LinkAddress, "link_address", "frame for another station", kDropped, false},
    {LinkVlan, "link_vlan", "VLAN tag that the port does not carry", kDropped, false},
    {LinkType, "link_type", "neither IPv4, IPv6 nor ARP", kDropped, false},
    {LinkGroup, "link_group",
     "unicast packet in a frame to a group (RFC 1122 3.3.6, RFC 1812 5.3.4)", kDropped, false},
    {Truncated, "truncated", "shorter than its headers or its length field say", kDropped, false},
    {BadVersion, "bad_version", "IP version is neither 4 nor 6", kDropped, false},
    {BadHeaderLength, "bad_header_length", "header, option or extension length", kDropped, false},
    {BadChecksum, "bad_checksum", "IPv4 header checksum (RFC 1812 5.2.2)", kDropped, false},
    {BadAddress, "bad_address", "source or destination not allowed on a wire (RFC 1812 5.3.7)",
     kDropped, false},
    {TooManyExtensions, "too_many_extensions", "IPv6 extension headers beyond the bound", kDropped,
     false},
    {RoutingHeader, "routing_header",
     "for us by a routing header with segments left (RFC 8200 4.4)", kDropped, false},
    {NoRoute, "no_route", "no route to the destination", kDropped, false},
    {Blackhole, "blackhole", "route says discard", kDropped, false},
    {Multicast, "multicast", "multicast or broadcast is not forwarded", kDropped, false},
    {CopiedToGroup, "copied_to_group",
     "went on as copies, one for each mobile node that listens (RFC 6275 10.4.2)", kConsumed,
     false},
    {GroupLimit, "group_limit", "a copy too many of what comes to a group with many listeners",
     kDropped, false},
    {LinkProtocol, "link_protocol",
     "neighbour discovery or MLD is of one link, and not forwarded (RFC 4861, RFC 2710)", kDropped,
     false},
    {HopLimit, "hop_limit", "TTL or hop limit ran out", kDropped, false},
    {TooBig, "too_big", "larger than the MTU and not to be fragmented", kDropped, false},
    {NeighbourUnresolved, "neighbour_unresolved", "next hop did not answer", kDropped, false},
    {PortDown, "port_down", "egress port has no link", kDropped, false},
    {TransmitFull, "transmit_full", "transmit queue was full", kDropped, false},
    {FragmentTiny, "fragment_tiny",
     "fragment that hides the upper header, or of an odd size (RFC 1858, 3128, 7112)", kDropped,
     true},
    {FragmentTooLong, "fragment_too_long", "fragments of more than a datagram can hold", kDropped,
     true},
    {FragmentOverlap, "fragment_overlap", "fragments that overlap void their datagram (RFC 5722)",
     kDropped, true},
    {FragmentDuplicate, "fragment_duplicate", "the same fragment once more (RFC 8200 4.5)",
     kConsumed, false},
    {FragmentTooMany, "fragment_too_many", "datagram in more pieces than are kept", kDropped, true},
    {FragmentTimeout, "fragment_timeout", "the rest of the datagram did not come in time", kDropped,
     true},
    {FragmentTableFull, "fragment_table_full", "given up for a newer datagram", kDropped, false},
    {FragmentForbidden, "fragment_forbidden", "neighbour discovery in fragments (RFC 6980 5)",
     kDropped, false},
    {FragmentUnmatched, "fragment_unmatched",
     "later fragment whose first was not let through (RFC 4301 7.3)", kDropped, true},
    {FragmentUnagreed, "fragment_unagreed",
     "later fragment for an SA that names ports, whose peer takes none (RFC 7296 1.3.1)", kDropped,
     true},
    {NoPolicy, "no_policy", "matched no policy (RFC 4301 5.1, 5.2)", kDropped, true},
    {PolicyDiscard, "policy_discard", "a policy says discard", kDropped, true},
    {PlaintextProtected, "plaintext_protected", "came in clear, policy says protect (RFC 4301 5.2)",
     kDropped, true},
    {NoSa, "no_sa", "policy says protect and there is no SA", kDropped, true},
    {FieldHidden, "field_hidden",
     "an SA populated from packets needs a field that this one does not show (RFC 4301 4.4.2.2)",
     kDropped, true},
    {AcquireRefused, "acquire_refused", "the key manager could not make an SA", kDropped, false},
    {IcmpNoSa, "icmp_no_sa",
     "ICMP error: no policy for it, no SA for the return traffic of what it carries (RFC 4301 6.2)",
     kDropped, true},
    {TransportForwarded, "transport_forwarded",
     "transport mode is for this node's own traffic (RFC 4301 4.1)", kDropped, true},
    {FragmentTransport, "fragment_transport", "transport mode carries no fragments (RFC 4301 4.1)",
     kDropped, true},
    {FamilyNotAllowed, "family_not_allowed", "inner family outside the SA's selectors", kDropped,
     true},
    {NoRoom, "no_room", "buffer too small for the headers to be added", kDropped, false},
    {UnknownSpi, "unknown_spi", "no SA for SPI and addresses (RFC 4303 3.4.2)", kDropped, true},
    {EspFragment, "esp_fragment", "fragment offered to ESP (RFC 4303 3.4.1)", kDropped, true},
    {EspTruncated, "esp_truncated", "shorter than the headers, IV, trailer and ICV of its SA",
     kDropped, true},
    {EspAlignment, "esp_alignment", "ciphertext is not whole blocks", kDropped, true},
    {AhLength, "ah_length", "AH of another length than its SA's (RFC 4302 2.2, 2.6)", kDropped,
     true},
    {Replay, "replay", "seen before or left of the window (RFC 4303 3.4.3)", kDropped, true},
    {IcvFailure, "icv_failure", "integrity check failed (RFC 4303 3.4.4)", kDropped, true},
    {BadPadding, "bad_padding", "ESP padding is not 1, 2, 3, ... (RFC 4303 2.4)", kDropped, true},
    {BadNextHeader, "bad_next_header", "next header does not fit the mode (RFC 4303 2.6)", kDropped,
     true},
    {InnerMalformed, "inner_malformed", "what came out is no IP packet", kDropped, true},
    {SelectorMismatch, "selector_mismatch", "not within its SA's selectors (RFC 4301 5.2 step 4)",
     kDropped, true},
    {NestingTooDeep, "nesting_too_deep", "more SAs inside SAs than are followed (RFC 4301 4.3)",
     kDropped, true},
    {EcnCe, "ecn_ce", "congestion mark on a Not-ECT inner packet (RFC 6040 4.2)", kDropped, false},
    {DummyPacket, "dummy_packet", "dummy packet, next header 59 (RFC 4303 2.6)", kConsumed, false},
    {SequenceExhausted, "sequence_exhausted", "the SA has no sequence number left (RFC 4303 3.3.3)",
     kDropped, true},
    {LifetimeExpired, "lifetime_expired", "the SA's hard lifetime has passed", kDropped, true},
    {SealFailure, "seal_failure", "the crypto engine did not seal it: nothing leaves in clear",
     kDropped, true},
    {UdpChecksum, "udp_checksum", "UDP over IPv6 without a checksum (RFC 8200 8.1)", kDropped,
     false},
    {NatKeepalive, "nat_keepalive", "NAT keepalive (RFC 3948 2.3)", kConsumed, false},
    {UnknownOption, "unknown_option",
     "Home Address option, which is unknown where mobility is off (RFC 6275 6.3)", kDropped, false},
    {HomeAddressOption, "home_address_option",
     "Home Address option twice, misplaced, hidden, or of a wrong length (RFC 6275 6.3)", kDropped,
     true},
    {HomeAddressNotRoutable, "home_address_not_routable",
     "home address that is not unicast routable (RFC 6275 9.3.1)", kDropped, true},
    {HomeAddressUnbound, "home_address_unbound",
     "no binding of home address and care-of address (RFC 6275 9.3.1)", kDropped, true},
    {Type2Routing, "type2_routing",
     "type 2 routing header that is malformed or names no home address of ours (RFC 6275 11.3.3)",
     kDropped, true},
    {TunnelSource, "tunnel_source",
     "tunnel that is not the one of a mobile node and its home agent (RFC 6275 10.4.5, 11.3.3)",
     kDropped, true},
    {TunnelRefused, "tunnel_refused",
     "may not go into a mobile node's tunnel (RFC 6275 10.4.2, RFC 2473 4.1.1)", kDropped, false},
    {HandoffFull, "handoff_full", "the ring to the worker that owns the SA or the queue was full",
     kDropped, false},
    {HandoffAstray, "handoff_astray", "the SA changed its owner again and again", kDropped, false},
    {PuntFull, "punt_full", "the ring to control was full", kDropped, false},
    {PuntLimit, "punt_limit", "more packets of one kind for control than [limits] punt_rate",
     kDropped, false},
    {PuntRefused, "punt_refused", "for this node, and nothing here takes it", kDropped, false},
    {HoldFull, "hold_full", "too many packets wait for a neighbour or an SA", kDropped, false},
    {HoldTimeout, "hold_timeout",
     "what the packet waited for, a neighbour or an SA, did not come in time", kDropped, false},
    {NoBuffer, "no_buffer", "no free packet buffer", kDropped, false},
    {Instance, "instance_stopping", "in flight when the gateway stopped", kDropped, false},
}};

static_assert(in_enum_order(kDropFacts, &DropFacts::reason));

}  // namespace

const DropFacts& facts(DropReason reason) noexcept {
  return kDropFacts[static_cast<std::size_t>(reason)];
}

DropReason drop_reason(ParseVerdict verdict) noexcept {
  switch (verdict) {
    case ParseVerdict::BadVersion:
      return DropReason::BadVersion;
    case ParseVerdict::BadHeaderLength:
      return DropReason::BadHeaderLength;
    case ParseVerdict::BadChecksum:
      return DropReason::BadChecksum;
    case ParseVerdict::BadAddress:
      return DropReason::BadAddress;
    case ParseVerdict::TooManyExtensions:
      return DropReason::TooManyExtensions;
    default:
      return DropReason::Truncated;
  }
}

}  // namespace sallyport
