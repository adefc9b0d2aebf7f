#include "gateway/sample_datagram.h"

#include "net/datagram.h"
#include "net/protocol.h"

namespace sallyport {
namespace {

constexpr std::size_t kUpperBytes = 20;  // as many as the longest fixed header, that of TCP
constexpr unsigned kDscpShift = 2;
constexpr std::size_t kMobilityType = 2;  // its place in the header (RFC 6275 6.1.1)
constexpr std::size_t kUdpLength = 4;     // likewise

std::vector<std::uint8_t> upper_layer(const PacketFields& fields) {
  std::vector<std::uint8_t> bytes(kUpperBytes);
  switch (port_meaning(fields.protocol)) {
    case PortMeaning::Ports:
      store_be<std::uint16_t>(bytes.data(), fields.source_port);
      store_be<std::uint16_t>(bytes.data() + 2, fields.destination_port);
      if (fields.protocol == kProtocolUdp)
        store_be<std::uint16_t>(bytes.data() + kUdpLength, kUpperBytes);
      break;
    case PortMeaning::Icmp:
      store_be<std::uint16_t>(bytes.data(), fields.source_port);
      break;
    case PortMeaning::Mobility:
      bytes[0] = kProtocolNone;
      bytes[kMobilityType] = static_cast<std::uint8_t>(fields.source_port >> 8);
      break;
    case PortMeaning::None:
      break;
  }
  return bytes;
}

}  // namespace

std::vector<std::uint8_t> sample_datagram(const PacketFields& fields) {
  return make_datagram({.source = fields.from,
                        .destination = fields.to,
                        .protocol = fields.protocol,
                        .traffic_class = static_cast<std::uint8_t>(fields.dscp << kDscpShift)},
                       upper_layer(fields));
}

}  // namespace sallyport
