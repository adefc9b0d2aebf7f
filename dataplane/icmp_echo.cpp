#include "dataplane/icmp_echo.h"

#include "net/datagram.h"
#include "net/icmp.h"
#include "net/protocol.h"

namespace sallyport {
namespace {

struct EchoFacts {
  std::uint8_t protocol;
  std::uint8_t request;
  std::uint8_t reply;
};

EchoFacts facts(Family family) noexcept {
  if (family == Family::V4) return {kProtocolIcmp, icmp4::kEcho, icmp4::kEchoReply};
  return {kProtocolIcmpv6, icmp6::kEcho, icmp6::kEchoReply};
}

}  // namespace

IcmpEcho::IcmpEcho(const Surroundings& surroundings, std::uint32_t answers_per_second)
    : my_(surroundings),
      rate_(RateLimit::per_second(answers_per_second, answers_per_second, kInstantHertz)),
      next_id_(static_cast<std::uint16_t>(surroundings.random.u32())) {}

bool IcmpEcho::answer(const Delivery& request, Instant now) {
  if (!is_for_us(request)) return false;
  if (!rate_.allow(static_cast<std::uint64_t>(now.time_since_epoch().count()))) {
    limited_.add();
    return true;
  }
  const PacketSummary& summary = request.summary;
  std::vector<std::uint8_t> message(request.upper().begin(), request.upper().end());
  message[0] = facts(summary.family).reply;
  const Address destination = summary.source_address();
  const auto reply = make_icmp_datagram({.source = summary.destination_address(),
                                         .destination = destination,
                                         .traffic_class = summary.traffic_class,
                                         .id = next_id_++},
                                        std::move(message));
  // No route names the link of a link-local address.
  if (destination.family == Family::V6 && destination.is_link_local())
    my_.sender.originate_on_link(reply, {request.port, request.mac});
  else
    my_.sender.originate(reply);
  answered_.add();
  return true;
}

bool IcmpEcho::is_for_us(const Delivery& request) const noexcept {
  const PacketSummary& summary = request.summary;
  const EchoFacts echo = facts(summary.family);
  const ByteView message = request.upper();
  if (summary.protocol != echo.protocol || summary.fragment || message.size() < sizeof(IcmpHeader))
    return false;
  if (message[0] != echo.request || message[1] != 0) return false;
  const Address source = summary.source_address();
  const Address destination = summary.destination_address();
  if (!my_.own.gateway_has(destination) || source.is_unspecified() || source.is_multicast() ||
      my_.own.is_broadcast(source))
    return false;
  if (source.family == Family::V6 && source.is_link_local() && !request.from_link()) return false;
  return icmp_checksum_good(message, source, destination);
}

}  // namespace sallyport
