#include "mip6/dhcp_relay_message.h"

#include <algorithm>
#include <utility>

#include "mip6/dhcp_options.h"
#include "mip6/wire_fields.h"

namespace sallyport::mip6 {
namespace {

struct RelayHeader {
  std::uint8_t kind;
  std::uint8_t hop_count;
  std::uint8_t link[16];
  std::uint8_t peer[16];
};
static_assert(sizeof(RelayHeader) == 34);

bool is_relay(std::uint8_t kind) {
  return kind == std::to_underlying(DhcpRelayMessage::Kind::Forward) ||
         kind == std::to_underlying(DhcpRelayMessage::Kind::Reply);
}

// False where it is there already, or is empty or longer than that.
bool take_once(Octets& to, ByteView data, std::size_t most) {
  if (!to.empty() || data.empty() || data.size() > most) return false;
  to.assign(data.begin(), data.end());
  return true;
}

}  // namespace

std::optional<DhcpRelayMessage> parse_dhcp_relay_message(ByteView message) {
  if (message.size() < sizeof(RelayHeader) || !is_relay(message[0])) return std::nullopt;
  const auto header = wire::fields_of<RelayHeader>(message);
  if (header.hop_count > kDhcpHopLimit) return std::nullopt;
  DhcpRelayMessage relay{.kind = static_cast<DhcpRelayMessage::Kind>(header.kind),
                         .hop_count = header.hop_count,
                         .link = Address::v6(header.link),
                         .peer = Address::v6(header.peer)};
  const auto take = [&relay](DhcpOption option, ByteView data) {
    if (option == DhcpOption::RelayMessage) return take_once(relay.message, data, kMostDhcpMessage);
    if (option == DhcpOption::InterfaceId)
      return take_once(relay.interface_id, data, kMostInterfaceId);
    return true;
  };
  if (!for_each_option(message.subspan(sizeof header), take)) return std::nullopt;
  if (relay.message.empty() || relay.interface_id.empty()) return std::nullopt;
  return relay;
}

Octets build_dhcp_relay_message(const DhcpRelayMessage& message) {
  RelayHeader header{};
  header.kind = std::to_underlying(message.kind);
  header.hop_count = message.hop_count;
  std::ranges::copy(message.link.bytes, header.link);
  std::ranges::copy(message.peer.bytes, header.peer);
  const ByteView octets = wire::view_of(header);
  Octets built(octets.begin(), octets.end());
  append_option(built, DhcpOption::InterfaceId, message.interface_id);
  append_option(built, DhcpOption::RelayMessage, message.message);
  return built;
}

}  // namespace sallyport::mip6
