#include "dataplane/mobility_service.h"

#include <vector>

#include "net/datagram.h"
#include "net/icmp.h"
#include "net/icmp_error.h"
#include "net/mobility_extensions.h"
#include "net/neighbour_discovery.h"

namespace sallyport {
namespace {

constexpr std::size_t kMostOctets = 65'000;  // with all headers a length field holds it

// In its logical form.
std::vector<std::uint8_t> with_extensions(const MobilityDatagram& datagram) {
  const CareOfAddresses care_of{datagram.source_care_of, datagram.destination_care_of};
  std::vector<std::uint8_t> plain = make_datagram({.source = datagram.source,
                                                   .destination = datagram.destination,
                                                   .protocol = datagram.protocol,
                                                   .hop_limit = datagram.hop_limit},
                                                  datagram.octets);
  if (care_of.octets() == 0) return plain;
  plain.insert(plain.begin(), care_of.octets(), 0);
  insert_mobility_extensions(plain, care_of);
  return plain;
}

// Router advertisements are of one link: out of a tunnel they are nobody's (RFC 4861 6.1.2). What
// a mobile node says there of groups or to DHCPv6 counts for who has the other end of the tunnel
// (RFC 6275 10.4.3, 10.4.4).
bool may_come_so(const Delivery& delivery) noexcept {
  const bool listener = is_listener_discovery(delivery.summary);
  if (listener && delivery.summary.hop_limit != 1) return false;  // RFC 3810 5
  if (is_link_protocol(delivery.summary) && !listener) return delivery.from_link();
  if (!listener && delivery.summary.protocol != kProtocolUdp) return true;
  return !delivery.tunnel || delivery.tunnel->from_far_end;
}

}  // namespace

bool MobilityService::take(const Delivery& delivery, Instant now) const {
  if (!handlers_.message) return false;
  const PacketSummary& summary = delivery.summary;
  if (!may_come_so(delivery)) return false;
  MobilityMessage message{.source = summary.source_address(),
                          .destination = summary.destination_address(),
                          .protection = delivery.transport,
                          .tunnel = delivery.tunnel,
                          .sa = delivery.sa,
                          .port = delivery.port,
                          .link_source = delivery.mac,
                          .protocol = summary.protocol,
                          .octets = delivery.upper(),
                          .datagram = delivery.datagram};
  const MobilityExtensions found = find_mobility_extensions(delivery.datagram);
  if (found.fault != MobilityFault::None) return false;
  if (found.option_at != 0) message.source_care_of = found.option_address(delivery.datagram);
  if (found.routing_at != 0) message.destination_care_of = found.routing_address(delivery.datagram);
  handlers_.message(message, now);
  return true;
}

void MobilityService::take_problem(const Delivery& error) const {
  const PacketSummary& summary = error.summary;
  if (!handlers_.parameter_problem || summary.family != Family::V6 || !is_icmp_error(summary))
    return;
  const ByteView message = error.upper();
  const auto& said = *reinterpret_cast<const IcmpHeader*>(message.data());
  if (said.type != icmp6::kParameterProblem ||
      !icmp_checksum_good(message, summary.source_address(), summary.destination_address()))
    return;
  const auto packet = carried_packet(message, Family::V6);
  // Errors go to the source of what they carry.
  if (!packet || packet->summary.source != summary.destination) return;
  handlers_.parameter_problem({.source = packet->summary.source_address(),
                               .destination = packet->summary.destination_address(),
                               .protocol = packet->summary.protocol,
                               .code = said.code});
}

void MobilityService::reject(ByteView datagram, Instant now) const {
  PacketSummary summary;
  if (!handlers_.unknown_binding || summarize(datagram, summary) != ParseVerdict::Good) return;
  const MobilityExtensions found = find_mobility_extensions(datagram);
  if (found.option_at == 0 || found.fault != MobilityFault::None) return;
  handlers_.unknown_binding({.source = summary.source_address(),
                             .destination = summary.destination_address(),
                             .home_address = found.option_address(datagram)},
                            now);
}

void MobilityService::send(const MobilityDatagram& datagram) {
  if (datagram.octets.size() > kMostOctets) return;
  const std::vector<std::uint8_t> octets = with_extensions(datagram);
  if (datagram.tunnel)
    sender_.originate_in_tunnel(octets, *datagram.tunnel);
  else if (datagram.link)
    sender_.originate_on_link(octets, *datagram.link);
  else
    sender_.originate(octets);
}

}  // namespace sallyport
