#include "dataplane/udp_service.h"

#include <vector>

#include "net/checksum.h"
#include "net/datagram.h"
#include "net/protocol.h"
#include "net/udp.h"

namespace sallyport {
namespace {

constexpr std::size_t kMostPayload = 65'000;  // with IP and UDP headers a length field holds it

std::uint16_t checksum_of(ByteView message, const Address& source, const Address& destination) {
  return checksum_finish(
      checksum_add(message, pseudo_header_sum(source, destination, kProtocolUdp,
                                              static_cast<std::uint32_t>(message.size()))));
}

}  // namespace

bool UdpService::take(const Delivery& delivery, const UdpHandler& handler, Instant now) const {
  const PacketSummary& summary = delivery.summary;
  const Address source = summary.source_address();
  const Address destination = summary.destination_address();
  if (!my_.own.gateway_has(destination) || source.is_unspecified() || source.is_multicast())
    return false;
  ByteView message = delivery.upper();
  if (message.size() < sizeof(UdpHeader)) return false;
  const auto& header = *reinterpret_cast<const UdpHeader*>(message.data());
  const std::size_t length = header.length.get();
  if (length < sizeof header || length > message.size()) return false;
  message = message.first(length);
  // None is allowed over IPv4 alone (RFC 8200 8.1).
  const bool unsummed = header.checksum.get() == 0 && source.family == Family::V4;
  if (!unsummed && checksum_of(message, source, destination) != 0) return false;
  handler({.source = source,
           .destination = destination,
           .source_port = header.source_port.get(),
           .destination_port = header.destination_port.get(),
           .payload = message.subspan(sizeof header)},
          now);
  return true;
}

void UdpService::send(const UdpDatagram& datagram) {
  if (datagram.payload.size() > kMostPayload) return;
  std::vector<std::uint8_t> message(sizeof(UdpHeader) + datagram.payload.size());
  auto& header = *reinterpret_cast<UdpHeader*>(message.data());
  header.source_port.set(datagram.source_port);
  header.destination_port.set(datagram.destination_port);
  header.length.set(static_cast<std::uint16_t>(message.size()));
  std::memcpy(message.data() + sizeof header, datagram.payload.data(), datagram.payload.size());
  const std::uint16_t sum = checksum_of(message, datagram.source, datagram.destination);
  header.checksum.set(sum == 0 ? std::uint16_t{0xffff} : sum);
  const auto whole = make_datagram({.source = datagram.source,
                                    .destination = datagram.destination,
                                    .protocol = kProtocolUdp,
                                    .id = next_id_++},
                                   message);
  if (datagram.link)
    my_.sender.originate_on_link(whole, *datagram.link);
  else
    my_.sender.originate(whole);
}

}  // namespace sallyport
