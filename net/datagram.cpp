#include "net/datagram.h"

#include <algorithm>

#include "net/checksum.h"
#include "net/icmp.h"
#include "net/ipv4.h"
#include "net/ipv6.h"
#include "net/protocol.h"

namespace sallyport {
namespace {

std::uint8_t icmp_protocol(Family family) noexcept {
  return family == Family::V4 ? kProtocolIcmp : kProtocolIcmpv6;
}

// Only ICMPv6 covers the addresses.
std::uint32_t checksum_start(const Address& source, const Address& destination,
                             std::size_t length) noexcept {
  if (source.family == Family::V4) return 0;
  return pseudo_header_sum(source, destination, kProtocolIcmpv6,
                           static_cast<std::uint32_t>(length));
}

Ipv4Header ipv4_header(const DatagramHeader& header, std::size_t payload) noexcept {
  Ipv4Header ip{};
  ip.version_ihl = 0x45;
  ip.tos = header.traffic_class;
  ip.ttl = header.hop_limit;
  ip.protocol = header.protocol;
  ip.total_length.set(static_cast<std::uint16_t>(sizeof ip + payload));
  ip.id.set(header.id);
  std::ranges::copy(header.source.wire(), ip.source);
  std::ranges::copy(header.destination.wire(), ip.destination);
  ip.checksum.set(checksum(ByteView(reinterpret_cast<const std::uint8_t*>(&ip), sizeof ip)));
  return ip;
}

Ipv6Header ipv6_header(const DatagramHeader& header, std::size_t payload) noexcept {
  Ipv6Header ip{};
  ip.next_header = header.protocol;
  ip.hop_limit = header.hop_limit;
  ip.version_class_flow.set(std::uint32_t{6} << 28);
  ip.set_traffic_class(header.traffic_class);
  ip.payload_length.set(static_cast<std::uint16_t>(payload));
  std::ranges::copy(header.source.bytes, ip.source);
  std::ranges::copy(header.destination.bytes, ip.destination);
  return ip;
}

template <class IpHeader>
std::vector<std::uint8_t> join(const IpHeader& ip, ByteView payload) {
  std::vector<std::uint8_t> datagram(sizeof ip + payload.size());
  std::memcpy(datagram.data(), &ip, sizeof ip);
  std::ranges::copy(payload, datagram.begin() + sizeof ip);
  return datagram;
}

}  // namespace

std::vector<std::uint8_t> make_datagram(const DatagramHeader& header, ByteView payload) {
  if (header.source.family == Family::V4) return join(ipv4_header(header, payload.size()), payload);
  return join(ipv6_header(header, payload.size()), payload);
}

std::vector<std::uint8_t> make_icmp_datagram(DatagramHeader header,
                                             std::vector<std::uint8_t> message) {
  set_icmp_checksum(message, header.source, header.destination);
  header.protocol = icmp_protocol(header.source.family);
  return make_datagram(header, message);
}

void set_icmp_checksum(MutableBytes message, const Address& source,
                       const Address& destination) noexcept {
  auto& icmp = *reinterpret_cast<IcmpHeader*>(message.data());
  icmp.checksum.set(0);
  icmp.checksum.set(
      checksum_finish(checksum_add(message, checksum_start(source, destination, message.size()))));
}

bool icmp_checksum_good(ByteView message, const Address& source,
                        const Address& destination) noexcept {
  return checksum_finish(
             checksum_add(message, checksum_start(source, destination, message.size()))) == 0;
}

}  // namespace sallyport
