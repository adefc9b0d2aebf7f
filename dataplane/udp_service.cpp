#include "dataplane/udp_service.h"

#include <vector>

#include "net/datagram.h"
#include "net/protocol.h"
#include "net/udp.h"

namespace sallyport {
namespace {

constexpr std::size_t kMostPayload = 65'000;  // with IP and UDP headers a length field holds it

}  // namespace

bool UdpService::take(const Delivery& delivery, const UdpHandler& handler, Instant now) const {
  const PacketSummary& summary = delivery.summary;
  const Address source = summary.source_address();
  const Address destination = summary.destination_address();
  if (!my_.own.gateway_has(destination) || source.is_unspecified() || source.is_multicast())
    return false;
  const ByteView message = delivery.upper();
  const auto ports = udp_ports(message);
  const auto payload = udp_payload(message, source, destination);
  if (!ports || !payload) return false;
  handler({.source = source,
           .destination = destination,
           .source_port = ports->source,
           .destination_port = ports->destination,
           .payload = *payload},
          now);
  return true;
}

void UdpService::send(const UdpDatagram& datagram) {
  if (datagram.payload.size() > kMostPayload) return;
  const std::vector<std::uint8_t> message =
      make_udp_message({.source = datagram.source_port, .destination = datagram.destination_port},
                       datagram.source, datagram.destination, datagram.payload);
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
