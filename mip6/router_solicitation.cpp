#include "mip6/router_solicitation.h"

#include "mip6/neighbour_options.h"
#include "mip6/wire_fields.h"
#include "net/datagram.h"
#include "net/icmp.h"
#include "net/neighbour_discovery.h"

namespace sallyport::mip6 {

bool is_router_solicitation(ByteView datagram, const PacketSummary& summary) {
  if (summary.fragment || summary.hop_limit != kFromThisLink) return false;
  if (summary.protocol != kProtocolIcmpv6) return false;
  const ByteView message = datagram.first(summary.length).subspan(summary.upper_offset);
  if (message.size() < sizeof(IcmpHeader)) return false;
  const auto header = wire::fields_of<IcmpHeader>(message);
  if (header.type != icmp6::kRouterSolicitation || header.code != 0) return false;
  const Address source = summary.source_address();
  if (!icmp_checksum_good(message, source, summary.destination_address())) return false;
  // Who has no address yet has no link address to tell.
  return walk_options(message.subspan(sizeof header), [&](NeighbourOption type, ByteView) {
    return type != NeighbourOption::SourceLinkAddress || !source.is_unspecified();
  });
}

Octets build_router_solicitation(const Address& source, const MacAddress& link_address) {
  constexpr std::size_t kHeaderBytes = 8;  // of which four are reserved
  Octets message(kHeaderBytes);
  message[0] = icmp6::kRouterSolicitation;
  message.push_back(static_cast<std::uint8_t>(NeighbourOption::SourceLinkAddress));
  message.push_back(1);  // unit
  message.insert(message.end(), link_address.bytes.begin(), link_address.bytes.end());
  set_icmp_checksum(message, source, all_routers());
  return message;
}

}  // namespace sallyport::mip6
