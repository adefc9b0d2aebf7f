#include "mip6/home_agent_discovery.h"

#include <algorithm>

#include "mip6/wire_fields.h"
#include "net/datagram.h"
#include "net/icmp.h"

namespace sallyport::mip6 {
namespace {

constexpr std::uint16_t kMobileRouterDiscovery = 0x8000;
constexpr std::uint16_t kManaged = 0x8000;
constexpr std::uint16_t kOther = 0x4000;

struct DiscoveryHeader {
  std::uint8_t type;
  std::uint8_t code;
  Be16 checksum;
  Be16 identifier;
  Be16 flags;
};
static_assert(sizeof(DiscoveryHeader) == sizeof(IcmpHeader));

std::optional<DiscoveryMessage> parse_reply(const DiscoveryHeader& header, ByteView addresses) {
  if (addresses.size() % kIpv6AddressBytes != 0) return std::nullopt;
  HomeAgentDiscoveryReply reply{
      .identifier = header.identifier.get(),
      .mobile_router = (header.flags.get() & kMobileRouterDiscovery) != 0};
  for (; !addresses.empty(); addresses = addresses.subspan(kIpv6AddressBytes))
    reply.home_agents.push_back(Address::v6(addresses.first<kIpv6AddressBytes>()));
  return reply;
}

// None of its options has a meaning yet.
std::optional<DiscoveryMessage> parse_solicitation(const DiscoveryHeader& header,
                                                   ByteView options) {
  if (!walk_options(options, [](NeighbourOption, ByteView) { return true; })) return std::nullopt;
  return MobilePrefixSolicitation{.identifier = header.identifier.get()};
}

std::optional<DiscoveryMessage> parse_advertisement(const DiscoveryHeader& header,
                                                    ByteView options) {
  MobilePrefixAdvertisement parsed{.identifier = header.identifier.get(),
                                   .managed = (header.flags.get() & kManaged) != 0,
                                   .other = (header.flags.get() & kOther) != 0};
  const auto take = [&parsed](NeighbourOption type, ByteView option) {
    if (type != NeighbourOption::Prefix) return true;
    if (const auto prefix = parse_prefix(option)) parsed.prefixes.push_back(*prefix);
    return true;
  };
  if (!walk_options(options, take)) return std::nullopt;
  return parsed;
}

Octets begin(std::uint8_t type, std::uint16_t identifier, unsigned flags) {
  DiscoveryHeader header{};
  header.type = type;
  header.identifier.set(identifier);
  header.flags.set(static_cast<std::uint16_t>(flags));
  const ByteView octets = wire::view_of(header);
  return {octets.begin(), octets.end()};
}

Octets build(const HomeAgentDiscoveryRequest& request) {
  return begin(icmp6::kHomeAgentDiscoveryRequest, request.identifier,
               request.mobile_router ? kMobileRouterDiscovery : 0u);
}

Octets build(const HomeAgentDiscoveryReply& reply) {
  Octets octets = begin(icmp6::kHomeAgentDiscoveryReply, reply.identifier,
                        reply.mobile_router ? kMobileRouterDiscovery : 0u);
  for (const Address& home_agent : reply.home_agents)
    octets.insert(octets.end(), home_agent.bytes.begin(), home_agent.bytes.end());
  return octets;
}

Octets build(const MobilePrefixSolicitation& solicitation) {
  return begin(icmp6::kMobilePrefixSolicitation, solicitation.identifier, 0);
}

Octets build(const MobilePrefixAdvertisement& advertisement) {
  Octets octets =
      begin(icmp6::kMobilePrefixAdvertisement, advertisement.identifier,
            (advertisement.managed ? kManaged : 0u) | (advertisement.other ? kOther : 0u));
  for (const PrefixInformation& prefix : advertisement.prefixes) append_prefix(octets, prefix);
  return octets;
}

}  // namespace

std::optional<DiscoveryMessage> parse_discovery_message(ByteView icmp, const Address& source,
                                                        const Address& destination) {
  if (icmp.size() < sizeof(DiscoveryHeader)) return std::nullopt;
  const auto header = wire::fields_of<DiscoveryHeader>(icmp);
  if (header.code != 0 || !icmp_checksum_good(icmp, source, destination)) return std::nullopt;
  const ByteView rest = icmp.subspan(sizeof header);
  switch (header.type) {
    case icmp6::kHomeAgentDiscoveryRequest:
      return HomeAgentDiscoveryRequest{
          .identifier = header.identifier.get(),
          .mobile_router = (header.flags.get() & kMobileRouterDiscovery) != 0};
    case icmp6::kHomeAgentDiscoveryReply:
      return parse_reply(header, rest);
    case icmp6::kMobilePrefixSolicitation:
      return parse_solicitation(header, rest);
    case icmp6::kMobilePrefixAdvertisement:
      return parse_advertisement(header, rest);
    default:
      return std::nullopt;
  }
}

Octets build_discovery_message(const DiscoveryMessage& message, const Address& source,
                               const Address& destination) {
  Octets octets = std::visit([](const auto& one) { return build(one); }, message);
  set_icmp_checksum(octets, source, destination);
  return octets;
}

}  // namespace sallyport::mip6
