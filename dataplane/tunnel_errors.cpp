#include "dataplane/tunnel_errors.h"

#include <algorithm>
#include <vector>

#include "dataplane/icmp_errors.h"
#include "net/datagram.h"
#include "net/icmp.h"
#include "net/icmp_error.h"
#include "net/ipv6.h"

namespace sallyport {
namespace {

constexpr std::size_t kLongestQuote = kLeastIpv6Mtu - sizeof(Ipv6Header) - sizeof(IcmpHeader);

// A tunnel's packet as far as an error quotes it.
struct TunnelPacket {
  PacketSummary outer;
  PacketSummary inner;
  ByteView quote;  // of the inner one
};

std::optional<TunnelPacket> tunnel_packet(const Delivery& error) noexcept {
  const ByteView message = error.upper();
  const auto outer = carried_packet(message, error.summary.family);
  if (!outer || outer->summary.protocol != kProtocolIpv6 || outer->upper.empty())
    return std::nullopt;
  // Errors go to the source of what they carry.
  if (outer->summary.source != error.summary.destination) return std::nullopt;
  const auto at = static_cast<std::size_t>(outer->upper.data() - message.data());
  const auto inner = carried_packet(message.subspan(at - sizeof(IcmpHeader)), Family::V6);
  if (!inner) return std::nullopt;
  return TunnelPacket{outer->summary, inner->summary, outer->upper};
}

// The error is not anybody's who does not know where the mobile node is.
bool is_of_ours(const TunnelPacket& packet, const BindingTable& bindings) noexcept {
  const Address begin = packet.outer.source_address();
  const Address end = packet.outer.destination_address();
  BindingId id = bindings.find_around(BindingUse::HomeAgent, packet.inner.destination_address());
  if (id != kNoBinding && bindings[id].care_of == end && bindings[id].peer == begin) return true;
  id = bindings.find_around(BindingUse::HomeRegistration, packet.inner.source_address());
  return id != kNoBinding && bindings[id].peer == end && bindings[id].care_of == begin;
}

// RFC 4443 2.4 (e).
bool may_hear(const PacketSummary& inner) noexcept {
  const Address source = inner.source_address();
  const bool icmp = inner.protocol == kProtocolIcmpv6;
  const bool error = icmp && (!inner.ports_visible || is_icmp_error(inner));
  return !error && !source.is_unspecified() && !source.is_multicast() &&
         inner.protocol != kProtocolOpaque;
}

// RFC 2473 8.2: what the tunnel costs is not there for the packet inside; whatever else happens in
// it, its end is out of reach. Nullopt: nobody can do anything about it.
std::optional<IcmpHeader> relayed(const Delivery& error, const TunnelPacket& packet) noexcept {
  const auto& said = *reinterpret_cast<const IcmpHeader*>(error.upper().data());
  IcmpHeader header{};
  if (said.type != icmp6::kPacketTooBig) {
    header.type = icmp6::kUnreachable;
    header.code = icmp6::kCodeAddress;
    return header;
  }
  if (packet.inner.length <= kLeastIpv6Mtu) return std::nullopt;
  const std::uint32_t around = packet.outer.upper_offset;
  const std::uint32_t mtu = said.rest.get() > around ? said.rest.get() - around : 0;
  header.type = icmp6::kPacketTooBig;
  header.rest.set(std::max<std::uint32_t>(mtu, kLeastIpv6Mtu));
  return header;
}

}  // namespace

TunnelErrors::TunnelErrors(const Surroundings& surroundings, std::uint32_t per_second)
    : my_(surroundings), limit_(RateLimit::per_second(per_second, kErrorsAtOnce, kInstantHertz)) {}

bool TunnelErrors::take(const Delivery& error, Instant now) {
  if (error.summary.family != Family::V6 || !is_icmp_error(error.summary)) return false;
  const auto packet = tunnel_packet(error);
  if (!packet || !is_of_ours(*packet, my_.bindings)) return false;
  const auto header = relayed(error, *packet);
  if (!header || !may_hear(packet->inner) ||
      !icmp_checksum_good(error.upper(), error.summary.source_address(),
                          error.summary.destination_address()) ||
      !limit_.allow(static_cast<std::uint64_t>(now.time_since_epoch().count())))
    return true;
  const ByteView quote = packet->quote.first(std::min(packet->quote.size(), kLongestQuote));
  std::vector<std::uint8_t> message(sizeof *header + quote.size());
  std::memcpy(message.data(), &*header, sizeof *header);
  std::ranges::copy(quote, message.begin() + sizeof *header);
  my_.sender.originate(make_icmp_datagram({.source = error.summary.destination_address(),
                                           .destination = packet->inner.source_address()},
                                          std::move(message)));
  return true;
}

}  // namespace sallyport
