// ICMP (RFC 792, RFC 4443) and neighbour discovery (RFC 4861) codepoints.
#pragma once

#include "base/bytes.h"

namespace sallyport {

struct IcmpHeader {
  std::uint8_t type;
  std::uint8_t code;
  Be16 checksum;
  Be32 rest;
};
static_assert(sizeof(IcmpHeader) == 8 && alignof(IcmpHeader) == 1);

namespace icmp4 {
inline constexpr std::uint8_t kEchoReply = 0;
inline constexpr std::uint8_t kUnreachable = 3;
inline constexpr std::uint8_t kSourceQuench = 4;
inline constexpr std::uint8_t kRedirect = 5;
inline constexpr std::uint8_t kEcho = 8;
inline constexpr std::uint8_t kTimeExceeded = 11;
inline constexpr std::uint8_t kParameterProblem = 12;
inline constexpr std::uint8_t kCodeNetwork = 0;
inline constexpr std::uint8_t kCodeHost = 1;
inline constexpr std::uint8_t kCodeFragmentationNeeded = 4;
inline constexpr std::uint8_t kCodeProhibited = 13;
}  // namespace icmp4

namespace icmp6 {
inline constexpr std::uint8_t kUnreachable = 1;
inline constexpr std::uint8_t kPacketTooBig = 2;
inline constexpr std::uint8_t kTimeExceeded = 3;
inline constexpr std::uint8_t kParameterProblem = 4;
inline constexpr std::uint8_t kFirstInformational = 128;  // types below are errors (RFC 4443 2.1)
inline constexpr std::uint8_t kEcho = 128;
inline constexpr std::uint8_t kEchoReply = 129;
inline constexpr std::uint8_t kListenerQuery = 130;  // RFC 2710 3
inline constexpr std::uint8_t kListenerReport = 131;
inline constexpr std::uint8_t kListenerDone = 132;
inline constexpr std::uint8_t kRouterSolicitation = 133;
inline constexpr std::uint8_t kRouterAdvertisement = 134;
inline constexpr std::uint8_t kNeighbourSolicitation = 135;
inline constexpr std::uint8_t kNeighbourAdvertisement = 136;
inline constexpr std::uint8_t kRedirect = 137;
inline constexpr std::uint8_t kListenerReport2 = 143;            // RFC 3810 5.2
inline constexpr std::uint8_t kHomeAgentDiscoveryRequest = 144;  // RFC 6275 6.5 to 6.8
inline constexpr std::uint8_t kHomeAgentDiscoveryReply = 145;
inline constexpr std::uint8_t kMobilePrefixSolicitation = 146;
inline constexpr std::uint8_t kMobilePrefixAdvertisement = 147;
inline constexpr std::uint8_t kCodeNoRoute = 0;
inline constexpr std::uint8_t kCodeProhibited = 1;
inline constexpr std::uint8_t kCodeAddress = 3;
inline constexpr std::uint8_t kCodeUnknownHeader = 1;  // of a parameter problem
inline constexpr std::uint8_t kCodeUnknownOption = 2;  // likewise
}  // namespace icmp6

}  // namespace sallyport
