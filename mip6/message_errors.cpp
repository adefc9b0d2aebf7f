#include "mip6/message_errors.h"

#include <algorithm>

#include "mip6/build_message.h"
#include "mip6/wire_fields.h"
#include "net/datagram.h"
#include "net/icmp.h"
#include "net/ipv6.h"
#include "net/mobility_extensions.h"
#include "net/protocol.h"

namespace sallyport::mip6 {
namespace {

constexpr std::size_t kMostErrorBytes = 1280 - 40;  // RFC 4443 3.4: with its header

CareOfAddresses care_of_addresses(const Arrival& arrival) {
  return {.source = arrival.source_care_of, .destination = arrival.destination_care_of};
}

// As it was on the wire, IPsec aside: what an error carries.
Octets invoking_packet(const Arrival& arrival, ByteView upper) {
  Octets datagram = make_datagram(
      {.source = arrival.source, .destination = arrival.destination, .protocol = kProtocolMobility},
      upper);
  const CareOfAddresses care_of = care_of_addresses(arrival);
  if (care_of.octets() == 0) return datagram;
  Octets packet(care_of.octets());
  packet.insert(packet.end(), datagram.begin(), datagram.end());
  insert_mobility_extensions(packet, care_of);
  exchange_home_addresses(packet, find_mobility_extensions(packet));
  return packet;
}

}  // namespace

MessageErrors::MessageErrors(const Clock& clock, PacketSender& sender)
    : clock_(clock),
      sender_(sender),
      rate_(RateLimit::per_second(kPerSecond, kAtOnce, kInstantHertz)) {}

void MessageErrors::answer(const Arrival& arrival, ByteView upper, const MessageFault& fault) {
  if (fault.answer == MessageFault::Answer::BindingError)
    send_binding_error(arrival, BindingErrorStatus::UnknownType);
  if (fault.answer == MessageFault::Answer::ParameterProblem)
    send_parameter_problem(arrival, upper, fault.pointer);
}

void MessageErrors::send_binding_error(const Arrival& arrival, BindingErrorStatus status) {
  if (!may_send(arrival)) return;
  BindingError error{.status = status};
  if (arrival.source_care_of) error.home_address = arrival.source;
  const Departure departure{.source = arrival.destination,
                            .destination = arrival.wire_source(),
                            .protocol = kProtocolMobility};
  const auto octets = build_message(error, departure.source, departure.destination);
  if (octets) sender_.send(departure, *octets);
}

void MessageErrors::send_parameter_problem(const Arrival& arrival, ByteView upper,
                                           std::uint8_t pointer) {
  if (!may_send(arrival)) return;
  const std::size_t begins = sizeof(Ipv6Header) + care_of_addresses(arrival).octets();
  IcmpHeader header{};
  header.type = icmp6::kParameterProblem;
  header.rest.set(static_cast<std::uint32_t>(begins + pointer));
  const ByteView fields = wire::view_of(header);
  Octets message(fields.begin(), fields.end());
  const Octets packet = invoking_packet(arrival, upper);
  message.insert(message.end(), packet.begin(), packet.end());
  message.resize(std::min(message.size(), kMostErrorBytes));
  const Departure departure{.source = arrival.destination,
                            .destination = arrival.wire_source(),
                            .protocol = kProtocolIcmpv6};
  set_icmp_checksum(message, departure.source, departure.destination);
  sender_.send(departure, message);
}

bool MessageErrors::may_send(const Arrival& arrival) {
  const Address& to = arrival.wire_source();
  if (to.is_multicast() || to.is_unspecified() || arrival.destination.is_multicast()) return false;
  return rate_.allow(static_cast<std::uint64_t>(clock_.now().time_since_epoch().count()));
}

}  // namespace sallyport::mip6
