#include "mip6/dhcp_relay.h"

#include <algorithm>
#include <array>
#include <utility>

#include "mip6/dhcp_message.h"
#include "net/protocol.h"

namespace sallyport::mip6 {
namespace {

RateLimit limit_of(const DhcpRelay::Settings& settings) {
  return RateLimit::per_second(settings.messages_per_second, settings.messages_per_second,
                               kInstantHertz);
}

// What a server says, and what relay agents say, no client does. Types that are not known are
// relayed (RFC 8415 19). No relay agent is served: what it says of links and clients servers
// believe because it is of the network (19.4), which a mobile node is not. One behind a mobile
// router reaches the server itself, whose unicast address it should have (19).
bool is_of_client(ByteView message) {
  constexpr std::array<std::uint8_t, 5> kOthers{
      2, 7, 10, 12, 13};  // Advertise, Reply, Reconfigure, Relay-forward, Relay-reply
  return !message.empty() && std::ranges::find(kOthers, message[0]) == kOthers.end();
}

// Behind a relay agent of ours there is no other one.
bool is_for_client(ByteView message) {
  return message[0] != std::to_underlying(DhcpRelayMessage::Kind::Forward) &&
         message[0] != std::to_underlying(DhcpRelayMessage::Kind::Reply);
}

}  // namespace

DhcpRelay::DhcpRelay(const Surroundings& around, const Settings& settings,
                     const Address& link_local)
    : around_(around),
      settings_(settings),
      link_local_(link_local),
      rates_(kMostRates),
      all_(limit_of(settings)) {}

void DhcpRelay::set(const Settings& settings, const Address& link_local) {
  link_local_ = link_local;
  if (settings == settings_) return;
  settings_ = settings;
  all_ = limit_of(settings);
}

// RFC 8415 19.1.1. That node's home agent address is one of the home link, as leases are to be.
void DhcpRelay::receive(const BindingEntry& node, const Arrival& arrival, ByteView udp) {
  const bool to_us =
      arrival.destination == all_dhcp_servers() || arrival.destination == link_local_;
  if (!to_us || !arrival.source.is_link_local() || udp_ports(udp) != kDhcpToServer) return;
  const auto message = udp_payload(udp, arrival.source, arrival.destination);
  if (!message || message->size() > kMostDhcpMessage || !is_of_client(*message)) return;
  if (!may_send(node.home_address)) return;
  const auto& id = node.home_address.bytes;
  around_.server.send(build_dhcp_relay_message({.kind = DhcpRelayMessage::Kind::Forward,
                                                .link = node.own,
                                                .peer = arrival.source,
                                                .interface_id = {id.begin(), id.end()},
                                                .message = {message->begin(), message->end()}}));
}

bool DhcpRelay::may_send(const Address& home_address) {
  const Instant now = around_.clock.now();
  if (rates_.find(home_address) == nullptr) rates_.put(home_address, {});
  return rates_.find(home_address)->take(now) &&
         all_.allow(static_cast<std::uint64_t>(now.time_since_epoch().count()));
}

// RFC 8415 19.2
void DhcpRelay::receive_from_server(ByteView relay_message) {
  const auto reply = parse_dhcp_relay_message(relay_message);
  if (!reply || reply->kind != DhcpRelayMessage::Kind::Reply) return;
  if (reply->interface_id.size() != kIpv6AddressBytes || !is_for_client(reply->message)) return;
  const Address home_address =
      Address::v6(ByteView(reply->interface_id).first<kIpv6AddressBytes>());
  const BindingEntry* const node = around_.cache.home_registration(home_address);
  if (node == nullptr || !node->valid || !reply->peer.is_link_local()) return;
  if (around_.serves && !around_.serves(home_address)) return;
  around_.sender.send({.source = link_local_,
                       .destination = reply->peer,
                       .protocol = kProtocolUdp,
                       .tunnel = home_address},
                      make_udp_message(kDhcpToClient, link_local_, reply->peer, reply->message));
}

}  // namespace sallyport::mip6
