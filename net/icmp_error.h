// ICMP errors and the packets that they carry (RFC 792, RFC 4443 3; RFC 4301 6).
#pragma once

#include <optional>

#include "net/packet_summary.h"

namespace sallyport {

// True for a whole message that carries the packet that it is about: destination unreachable, time
// exceeded, parameter problem, and every error of ICMPv6. Not for redirects and source quenches:
// nothing here obeys those (RFC 6633).
[[nodiscard]] bool is_icmp_error(const PacketSummary& message) noexcept;

// The packet that an error carries: its beginning, as much as whoever sent the error kept of it.
struct CarriedPacket {
  // `length` is what the packet said, mostly more than is left of it. What is not left is not
  // visible: ports, or behind IPv6 extension headers even the protocol (kProtocolOpaque).
  PacketSummary summary;
  ByteView upper;  // what is left from the upper-layer header on; empty for a later fragment
};
// `message` is an ICMP or ICMPv6 message from its header on, of an error between hosts of
// `family`; untrusted and cut short anywhere. Nullopt where the addresses are not even there.
[[nodiscard]] std::optional<CarriedPacket> carried_packet(ByteView message, Family family) noexcept;

// True for an ICMP error about ESP, AH, or UDP from port 4500. `datagram` is what `message`
// summarizes.
[[nodiscard]] bool carries_ipsec(const PacketSummary& message, ByteView datagram) noexcept;

}  // namespace sallyport
