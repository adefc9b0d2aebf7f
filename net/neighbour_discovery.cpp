#include "net/neighbour_discovery.h"

#include <algorithm>

#include "net/datagram.h"
#include "net/icmp.h"
#include "net/protocol.h"

namespace sallyport {
namespace {

constexpr std::uint32_t kRouterFlag = 1u << 31;
constexpr std::uint32_t kSolicitedFlag = 1u << 30;
constexpr std::uint32_t kOverrideFlag = 1u << 29;
constexpr std::size_t kOptionUnit = 8;
constexpr std::uint8_t kSourceOption = 1;
constexpr std::uint8_t kTargetOption = 2;

struct NeighbourHeader {
  IcmpHeader icmp;
  std::uint8_t target[16];
};
static_assert(sizeof(NeighbourHeader) == 24 && alignof(NeighbourHeader) == 1);

struct LinkAddressOption {
  std::uint8_t type;
  std::uint8_t units;
  MacAddress mac;
};
static_assert(sizeof(LinkAddressOption) == kOptionUnit);

std::uint8_t option_type(NeighbourMessage::Kind kind) noexcept {
  return kind == NeighbourMessage::Kind::Solicitation ? kSourceOption : kTargetOption;
}

// Fills link_address; false where an option's length is bad (RFC 4861 4.6).
bool read_options(ByteView options, NeighbourMessage& message) noexcept {
  while (!options.empty()) {
    if (options.size() < 2) return false;
    const std::size_t size = options[1] * kOptionUnit;
    if (size == 0 || size > options.size()) return false;
    if (options[0] == option_type(message.kind) && size == sizeof(LinkAddressOption)) {
      MacAddress mac;
      std::memcpy(mac.bytes.data(), &options[2], mac.bytes.size());
      if (!mac.is_station()) return false;
      message.link_address = mac;
    }
    options = options.subspan(size);
  }
  return true;
}

bool is_solicited_node(const Address& address) noexcept {
  return address == solicited_node(address);
}

// What RFC 4861 7.1.1 and 7.1.2 ask of addresses, flags and options together.
bool is_consistent(const NeighbourMessage& message) noexcept {
  if (message.target.is_multicast() || message.target.is_unspecified()) return false;
  const bool anonymous = message.source.is_unspecified();
  if (message.kind == NeighbourMessage::Kind::Advertisement)
    return !anonymous && !(message.solicited && message.destination.is_multicast());
  return !anonymous || (is_solicited_node(message.destination) && !message.link_address);
}

}  // namespace

bool is_neighbour_discovery(const PacketSummary& packet) noexcept {
  const unsigned type = packet.source_port >> 8;
  return packet.protocol == kProtocolIcmpv6 && packet.ports_visible &&
         (type == icmp6::kNeighbourSolicitation || type == icmp6::kNeighbourAdvertisement);
}

std::optional<NeighbourMessage> parse_neighbour_message(ByteView datagram,
                                                        const PacketSummary& summary) noexcept {
  if (summary.fragment || summary.hop_limit != kFromThisLink) return std::nullopt;
  const ByteView body = datagram.first(summary.length).subspan(summary.upper_offset);
  if (body.size() < sizeof(NeighbourHeader)) return std::nullopt;
  const auto& header = *reinterpret_cast<const NeighbourHeader*>(body.data());
  const bool known_type = header.icmp.type == icmp6::kNeighbourSolicitation ||
                          header.icmp.type == icmp6::kNeighbourAdvertisement;
  if (!known_type || header.icmp.code != 0) return std::nullopt;
  if (!icmp_checksum_good(body, summary.source_address(), summary.destination_address()))
    return std::nullopt;
  NeighbourMessage message{.kind = static_cast<NeighbourMessage::Kind>(header.icmp.type),
                           .source = summary.source_address(),
                           .destination = summary.destination_address(),
                           .target = Address::v6(header.target)};
  if (message.kind == NeighbourMessage::Kind::Advertisement) {
    const std::uint32_t flags = header.icmp.rest.get();
    message.router = (flags & kRouterFlag) != 0;
    message.solicited = (flags & kSolicitedFlag) != 0;
    message.override = (flags & kOverrideFlag) != 0;
  }
  if (!read_options(body.subspan(sizeof(NeighbourHeader)), message)) return std::nullopt;
  if (!is_consistent(message)) return std::nullopt;
  return message;
}

std::vector<std::uint8_t> build_neighbour_message(const NeighbourMessage& message) {
  NeighbourHeader header{};
  header.icmp.type = static_cast<std::uint8_t>(message.kind);
  header.icmp.rest.set((message.router ? kRouterFlag : 0) |
                       (message.solicited ? kSolicitedFlag : 0) |
                       (message.override ? kOverrideFlag : 0));
  std::ranges::copy(message.target.bytes, header.target);
  std::vector<std::uint8_t> body(sizeof header);
  std::memcpy(body.data(), &header, sizeof header);
  if (message.link_address) {
    body.push_back(option_type(message.kind));
    body.push_back(1);
    body.insert(body.end(), message.link_address->bytes.begin(), message.link_address->bytes.end());
  }
  return make_icmp_datagram(
      {.source = message.source, .destination = message.destination, .hop_limit = kFromThisLink},
      std::move(body));
}

Address solicited_node(const Address& target) noexcept {
  const std::uint8_t wire[16] = {0xff,
                                 0x02,
                                 0,
                                 0,
                                 0,
                                 0,
                                 0,
                                 0,
                                 0,
                                 0,
                                 0,
                                 1,
                                 0xff,
                                 target.bytes[13],
                                 target.bytes[14],
                                 target.bytes[15]};
  return Address::v6(wire);
}

MacAddress multicast_mac(const Address& group) noexcept {
  return {{0x33, 0x33, group.bytes[12], group.bytes[13], group.bytes[14], group.bytes[15]}};
}

Address all_nodes() noexcept {
  const std::uint8_t wire[16] = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return Address::v6(wire);
}

Address all_routers() noexcept {
  const std::uint8_t wire[16] = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
  return Address::v6(wire);
}

}  // namespace sallyport
