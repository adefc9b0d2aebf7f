#include "dataplane/icmp_errors.h"

#include <algorithm>
#include <array>

#include "base/enum_rows.h"
#include "net/datagram.h"
#include "net/icmp.h"
#include "net/ipv4.h"
#include "net/ipv6.h"
#include "net/mobility_extensions.h"
#include "net/protocol.h"
#include "net/udp.h"

namespace sallyport {
namespace {

constexpr std::uint8_t kNetworkControl = 0xc0;  // RFC 1812 4.3.2.5: precedence 6
constexpr std::size_t kLargest4 = 576;          // octets of the error, RFC 1812 4.3.2.3
constexpr std::size_t kLargest6 = 1280;         // RFC 4443 2.4 (c)

struct Codepoint {
  std::uint8_t type;
  std::uint8_t code;
};
struct ErrorFacts {
  IcmpError error;
  Codepoint v4;
  Codepoint v6;
};
constexpr std::array<ErrorFacts, 8> kErrorFacts{{
    {IcmpError::HopLimit, {icmp4::kTimeExceeded, 0}, {icmp6::kTimeExceeded, 0}},
    {IcmpError::NoRoute,
     {icmp4::kUnreachable, icmp4::kCodeNetwork},
     {icmp6::kUnreachable, icmp6::kCodeNoRoute}},
    {IcmpError::NoNeighbour,
     {icmp4::kUnreachable, icmp4::kCodeHost},
     {icmp6::kUnreachable, icmp6::kCodeAddress}},
    {IcmpError::Prohibited,
     {icmp4::kUnreachable, icmp4::kCodeProhibited},
     {icmp6::kUnreachable, icmp6::kCodeProhibited}},
    {IcmpError::TooBig,
     {icmp4::kUnreachable, icmp4::kCodeFragmentationNeeded},
     {icmp6::kPacketTooBig, 0}},
    {IcmpError::RoutingType, {icmp4::kParameterProblem, 0}, {icmp6::kParameterProblem, 0}},
    {IcmpError::UnknownOption,
     {icmp4::kParameterProblem, 0},
     {icmp6::kParameterProblem, icmp6::kCodeUnknownOption}},
    {IcmpError::TunnelLimit, {icmp4::kParameterProblem, 0}, {icmp6::kParameterProblem, 0}},
}};

static_assert(in_enum_order(kErrorFacts, &ErrorFacts::error));

Codepoint codepoint(IcmpError error, Family family) noexcept {
  const ErrorFacts& facts = kErrorFacts[static_cast<std::size_t>(error)];
  return family == Family::V4 ? facts.v4 : facts.v6;
}

// Or may be one: a type that cannot be seen, or that is unknown in a family without a mark for
// errors.
bool may_be_icmp_error(const PacketSummary& packet) noexcept {
  const auto type = static_cast<std::uint8_t>(packet.source_port >> 8);
  if (packet.protocol == kProtocolIcmpv6)
    return !packet.ports_visible || type < icmp6::kFirstInformational || type == icmp6::kRedirect;
  if (packet.protocol != kProtocolIcmp) return false;
  constexpr std::array kErrors{icmp4::kUnreachable, icmp4::kSourceQuench, icmp4::kRedirect,
                               icmp4::kTimeExceeded, icmp4::kParameterProblem};
  return !packet.ports_visible || std::ranges::find(kErrors, type) != kErrors.end();
}

bool is_ipsec(const PacketSummary& packet) noexcept {
  return packet.protocol == kProtocolEsp || packet.protocol == kProtocolAh ||
         (packet.protocol == kProtocolUdp && packet.ports_visible &&
          packet.source_port == kIkeNatPort);
}

// Where the type of the routing header stands: the pointer of the error. The datagram is IPv6 and
// has one.
std::uint32_t routing_type_at(ByteView datagram) noexcept {
  constexpr std::uint32_t kTypeOctet = 2;
  std::uint8_t kind = datagram[offsetof(Ipv6Header, next_header)];
  std::uint32_t offset = sizeof(Ipv6Header);
  while (kind != kProtocolRouting && offset + 1 < datagram.size()) {
    const std::uint32_t units = kind == kProtocolFragment ? 0u : datagram[offset + 1];
    kind = datagram[offset];
    offset += (units + 1) * 8;
  }
  return offset + kTypeOctet;
}

// Of the limit itself, in its option.
std::uint32_t limit_at(ByteView datagram) noexcept {
  const std::uint32_t option = encapsulation_limit_at(datagram);
  return option == 0 ? 0 : option + 2;
}

std::uint32_t rest_of_header(const UndeliverablePacket& packet, Family family) noexcept {
  if (packet.error == IcmpError::RoutingType) return routing_type_at(packet.datagram);
  if (packet.error == IcmpError::UnknownOption)
    return find_mobility_extensions(packet.datagram).option_at;
  if (packet.error == IcmpError::TunnelLimit) return limit_at(packet.datagram);
  if (packet.error != IcmpError::TooBig) return 0;
  return std::max(packet.mtu, family == Family::V4 ? kLeastIpv4Mtu : kLeastIpv6Mtu);
}

}  // namespace

IcmpErrors::IcmpErrors(const Surroundings& surroundings, const IcmpErrorSettings& settings)
    : my_(surroundings),
      all_(RateLimit::per_second(settings.per_second, kErrorsAtOnce, kInstantHertz)),
      next_id_(static_cast<std::uint16_t>(surroundings.random.u32())) {
  for (const std::uint32_t rate : settings.port_per_second)
    by_port_.push_back(RateLimit::per_second(rate, kErrorsAtOnce, kInstantHertz));
}

void IcmpErrors::report(const UndeliverablePacket& packet, Instant now) {
  PacketSummary summary;
  if (summarize(packet.datagram, summary) != ParseVerdict::Good || !due(packet, summary))
    return counters_.suppressed.add();
  if (!within_rate(packet.port, now)) return counters_.limited.add();
  const Family family = summary.family;
  const auto [type, code] = codepoint(packet.error, family);
  IcmpHeader icmp{};
  icmp.type = type;
  icmp.code = code;
  icmp.rest.set(rest_of_header(packet, family));
  const std::size_t room =
      family == Family::V4 ? kLargest4 - 20 - sizeof icmp : kLargest6 - 40 - sizeof icmp;
  const ByteView quote = packet.datagram.first(std::min<std::size_t>(summary.length, room));
  std::vector<std::uint8_t> message(sizeof icmp + quote.size());
  std::memcpy(message.data(), &icmp, sizeof icmp);
  std::ranges::copy(quote, message.begin() + sizeof icmp);
  my_.sender.originate(make_icmp_datagram({.source = speaker(packet, summary),
                                           .destination = summary.source_address(),
                                           .traffic_class = kNetworkControl,
                                           .id = next_id_++},
                                          std::move(message)));
  counters_.sent.add();
}

// RFC 1812 4.3.2.7, RFC 4443 2.4 (e); and never to ourselves, about what we encrypted.
bool IcmpErrors::due(const UndeliverablePacket& packet,
                     const PacketSummary& summary) const noexcept {
  const Address source = summary.source_address();
  const Address destination = summary.destination_address();
  if (packet.port == kNoPort || summary.later_fragment || may_be_icmp_error(summary)) return false;
  // Nobody, a group, or a source that no route leads back to.
  const bool off_route = summary.family == Family::V6 && source.is_link_local();
  if (source.is_unspecified() || source.is_multicast() || off_route || my_.own.is_broadcast(source))
    return false;
  if (my_.own.gateway_has(source) || (my_.own.host_has(source) && is_ipsec(summary))) return false;
  if (my_.own.is_broadcast(destination)) return false;
  // Path MTU discovery of IPv6 works for groups, too (RFC 4443 2.4 e.3).
  const bool tells_mtu = packet.error == IcmpError::TooBig && summary.family == Family::V6;
  return !destination.is_multicast() || tells_mtu;
}

bool IcmpErrors::within_rate(PortId port, Instant now) noexcept {
  const auto ticks = static_cast<std::uint64_t>(now.time_since_epoch().count());
  if (port.value < by_port_.size() && !by_port_[port.value].allow(ticks)) return false;
  return all_.allow(ticks);
}

// What came out of an SA came for a network behind us: the error comes from there, so that the
// SA's selectors can carry it back. Otherwise from where the packet came in (RFC 1812 4.3.2.4).
Address IcmpErrors::speaker(const UndeliverablePacket& packet,
                            const PacketSummary& summary) const noexcept {
  if (packet.decapsulated)
    if (const auto beside = my_.own.beside(summary.destination_address())) return *beside;
  return my_.own.reports_from(packet.port, summary.family);
}

}  // namespace sallyport
