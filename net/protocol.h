// IP protocol numbers, their names, and what each shows in place of ports (RFC 4301 4.4.1.1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sallyport {

// IP protocol numbers that the gateway knows by name (IANA).
enum IpProtocol : std::uint8_t {
  kProtocolHopByHop = 0,
  kProtocolIcmp = 1,
  kProtocolIpv4 = 4,
  kProtocolTcp = 6,
  kProtocolUdp = 17,
  kProtocolDccp = 33,
  kProtocolIpv6 = 41,
  kProtocolRouting = 43,
  kProtocolFragment = 44,
  kProtocolEsp = 50,
  kProtocolAh = 51,
  kProtocolIcmpv6 = 58,
  kProtocolNone = 59,
  kProtocolDestination = 60,
  kProtocolSctp = 132,
  kProtocolMobility = 135,
  kProtocolUdpLite = 136,
};

// The protocol of an IPv6 fragment that does not show it (SEL-03). No packet has this number
// otherwise: a fragment header that shows what follows it is skipped.
inline constexpr std::uint8_t kProtocolOpaque = kProtocolFragment;

// What a protocol offers to the two port slots of a selector.
enum class PortMeaning : std::uint8_t {
  None,      // nothing (SEL-10)
  Ports,     // a source and a destination port (SEL-04)
  Icmp,      // one value: type * 256 + code (SEL-07)
  Mobility,  // one value: MH type * 256 (SEL-08)
};

[[nodiscard]] constexpr PortMeaning port_meaning(std::uint8_t protocol) noexcept {
  switch (protocol) {
    case kProtocolTcp:
    case kProtocolUdp:
    case kProtocolSctp:
    case kProtocolDccp:
    case kProtocolUdpLite:
      return PortMeaning::Ports;
    case kProtocolIcmp:
    case kProtocolIcmpv6:
      return PortMeaning::Icmp;
    case kProtocolMobility:
      return PortMeaning::Mobility;
    default:
      return PortMeaning::None;
  }
}

// "tcp", "icmpv6", "opaque", or a number from 0 to 255.
[[nodiscard]] Expected<std::uint8_t> parse_protocol(std::string_view text);
// The name that parse_protocol knows, else the number.
[[nodiscard]] std::string protocol_name(std::uint8_t protocol);

}  // namespace sallyport
