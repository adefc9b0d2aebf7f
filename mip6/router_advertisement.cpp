#include "mip6/router_advertisement.h"

#include <algorithm>
#include <utility>

#include "mip6/wire_fields.h"
#include "net/datagram.h"
#include "net/icmp.h"
#include "net/neighbour_discovery.h"

namespace sallyport::mip6 {
namespace {

constexpr std::uint16_t kMobileRouterOption = 0x8000;

struct AdvertisementHeader {
  std::uint8_t type;
  std::uint8_t code;
  Be16 checksum;
  std::uint8_t hop_limit;
  std::uint8_t flags;
  Be16 lifetime;
  Be32 reachable_time;
  Be32 retransmit_timer;
};
static_assert(sizeof(AdvertisementHeader) == 16);

struct LinkAddressOption {
  std::uint8_t type;
  std::uint8_t units;
  std::uint8_t mac[6];
};
struct NumberOption {  // an MTU, or an interval
  std::uint8_t type;
  std::uint8_t units;
  Be16 reserved;
  Be32 number;
};
struct HomeAgentOption {
  std::uint8_t type;
  std::uint8_t units;
  Be16 flags;
  Be16 preference;
  Be16 lifetime;
};
static_assert(sizeof(LinkAddressOption) == kNeighbourOptionUnit);
static_assert(sizeof(NumberOption) == kNeighbourOptionUnit);
static_assert(sizeof(HomeAgentOption) == kNeighbourOptionUnit);

std::uint32_t number_of(ByteView option) noexcept {
  return wire::fields_of<NumberOption>(option).number.get();
}

HomeAgentInformation home_agent_of(ByteView option) noexcept {
  const auto fields = wire::fields_of<HomeAgentOption>(option);
  return {.mobile_router = (fields.flags.get() & kMobileRouterOption) != 0,
          .preference = fields.preference.get(),
          .lifetime = RouterLifetime{fields.lifetime.get()}};
}

// False where the address can be no router's.
bool take_link_address(RouterAdvertisement& advertisement, ByteView option) noexcept {
  MacAddress mac;
  std::ranges::copy(option.subspan(2), mac.bytes.begin());
  advertisement.link_address = mac;
  return mac.is_station();
}

// Options of one unit.
bool take_short(RouterAdvertisement& advertisement, NeighbourOption type, ByteView option) {
  switch (type) {
    case NeighbourOption::SourceLinkAddress:
      return take_link_address(advertisement, option);
    case NeighbourOption::Mtu:
      advertisement.mtu = number_of(option);
      return true;
    case NeighbourOption::AdvertisementInterval:
      advertisement.advertisement_interval = RouterInterval{number_of(option)};
      return true;
    case NeighbourOption::HomeAgent:
      advertisement.home_agent = home_agent_of(option);
      return true;
    default:
      return true;
  }
}

bool take(RouterAdvertisement& advertisement, NeighbourOption type, ByteView option) {
  if (option.size() == kNeighbourOptionUnit) return take_short(advertisement, type, option);
  if (type != NeighbourOption::Prefix) return true;
  if (const auto prefix = parse_prefix(option)) advertisement.prefixes.push_back(*prefix);
  return true;
}

template <class Option>
void append(Octets& to, NeighbourOption type, Option option) {
  option.type = std::to_underlying(type);
  option.units = sizeof option / kNeighbourOptionUnit;
  append_octets(to, wire::view_of(option));
}

void append_number(Octets& to, NeighbourOption type, std::uint32_t number) {
  NumberOption option{};
  option.number.set(number);
  append(to, type, option);
}

void append_link_address(Octets& to, const MacAddress& mac) {
  LinkAddressOption option{};
  std::ranges::copy(mac.bytes, option.mac);
  append(to, NeighbourOption::SourceLinkAddress, option);
}

void append_home_agent(Octets& to, const HomeAgentInformation& home_agent) {
  HomeAgentOption option{};
  option.flags.set(home_agent.mobile_router ? kMobileRouterOption : std::uint16_t{0});
  option.preference.set(home_agent.preference);
  option.lifetime.set(home_agent.lifetime.count());
  append(to, NeighbourOption::HomeAgent, option);
}

Octets header_of(const RouterAdvertisement& advertisement) {
  AdvertisementHeader header{};
  header.type = icmp6::kRouterAdvertisement;
  header.hop_limit = advertisement.hop_limit;
  header.flags = advertisement.flags.wire();
  header.lifetime.set(advertisement.lifetime.count());
  header.reachable_time.set(advertisement.reachable_time.count());
  header.retransmit_timer.set(advertisement.retransmit_timer.count());
  const ByteView octets = wire::view_of(header);
  return {octets.begin(), octets.end()};
}

void append_options(Octets& to, const RouterAdvertisement& advertisement) {
  if (advertisement.link_address) append_link_address(to, *advertisement.link_address);
  if (advertisement.mtu) append_number(to, NeighbourOption::Mtu, *advertisement.mtu);
  for (const PrefixInformation& prefix : advertisement.prefixes) append_prefix(to, prefix);
  if (advertisement.advertisement_interval)
    append_number(to, NeighbourOption::AdvertisementInterval,
                  advertisement.advertisement_interval->count());
  if (advertisement.home_agent) append_home_agent(to, *advertisement.home_agent);
}

}  // namespace

std::optional<RouterAdvertisement> parse_router_advertisement(ByteView datagram,
                                                              const PacketSummary& summary) {
  if (summary.fragment || summary.hop_limit != kFromThisLink) return std::nullopt;
  const Address source = summary.source_address();
  const Address destination = summary.destination_address();
  if (summary.protocol != kProtocolIcmpv6 || !source.is_link_local()) return std::nullopt;
  const ByteView message = datagram.first(summary.length).subspan(summary.upper_offset);
  if (message.size() < sizeof(AdvertisementHeader)) return std::nullopt;
  const auto header = wire::fields_of<AdvertisementHeader>(message);
  if (header.type != icmp6::kRouterAdvertisement || header.code != 0) return std::nullopt;
  if (!icmp_checksum_good(message, source, destination)) return std::nullopt;
  RouterAdvertisement parsed{.source = source,
                             .destination = destination,
                             .hop_limit = header.hop_limit,
                             .flags = Flags<RouterFlag>::of_wire(header.flags),
                             .lifetime = RouterLifetime{header.lifetime.get()},
                             .reachable_time = RouterInterval{header.reachable_time.get()},
                             .retransmit_timer = RouterInterval{header.retransmit_timer.get()}};
  const auto take_option = [&parsed](NeighbourOption type, ByteView option) {
    return take(parsed, type, option);
  };
  if (!walk_options(message.subspan(sizeof header), take_option)) return std::nullopt;
  return parsed;
}

Expected<Octets> build_router_advertisement(const RouterAdvertisement& advertisement) {
  if (advertisement.home_agent && !advertisement.flags.has(RouterFlag::HomeAgent))
    return fail(Error::Code::Invalid, "home agent information of a router that is no home agent");
  if (advertisement.home_agent && advertisement.home_agent->lifetime == RouterLifetime{})
    return fail(Error::Code::Invalid, "a home agent's lifetime of 0", "1 to 65535 seconds");
  Octets message = header_of(advertisement);
  append_options(message, advertisement);
  return make_icmp_datagram({.source = advertisement.source,
                             .destination = advertisement.destination,
                             .hop_limit = kFromThisLink},
                            std::move(message));
}

}  // namespace sallyport::mip6
