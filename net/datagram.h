// IP datagrams made here: headers in front of a payload, for both families.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "net/address.h"

namespace sallyport {

inline constexpr std::uint8_t kDefaultHopLimit = 64;

struct DatagramHeader {
  Address source;
  Address destination;  // of the same family
  std::uint8_t protocol{};
  std::uint8_t hop_limit{kDefaultHopLimit};
  std::uint8_t traffic_class{};
  std::uint16_t id{};  // IPv4 only; such datagrams may be fragmented on their way
};

// IP header and payload, which fits the header's length field (the caller sees to it).
[[nodiscard]] std::vector<std::uint8_t> make_datagram(const DatagramHeader& header,
                                                      ByteView payload);

// The same for an ICMP or ICMPv6 message, whose checksum is filled in; protocol is by family.
[[nodiscard]] std::vector<std::uint8_t> make_icmp_datagram(DatagramHeader header,
                                                           std::vector<std::uint8_t> message);

// Fills in the checksum of a whole ICMP or ICMPv6 message between these addresses (RFC 792, RFC
// 4443 2.3); a home address stands for where the packet is on its way (RFC 6275 11.3.1).
void set_icmp_checksum(MutableBytes message, const Address& source,
                       const Address& destination) noexcept;
// A whole ICMP or ICMPv6 message as received between these addresses (RFC 792, RFC 4443 2.3).
[[nodiscard]] bool icmp_checksum_good(ByteView message, const Address& source,
                                      const Address& destination) noexcept;

}  // namespace sallyport
