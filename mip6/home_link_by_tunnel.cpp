#include "mip6/home_link_by_tunnel.h"

#include "mip6/dhcp_message.h"
#include "mip6/listener_discovery.h"
#include "net/icmp.h"
#include "net/protocol.h"

namespace sallyport::mip6 {

void HomeLinkByTunnel::bound(const Address& home_agent) {
  if (home_agent_ != home_agent) queried_ = false;  // another one has not asked yet
  home_agent_ = home_agent;
  away_ = true;
}

void HomeLinkByTunnel::unbound() {
  home_agent_.reset();
  queried_ = false;
  away_ = false;
}

bool HomeLinkByTunnel::from_host(const Arrival& arrival, std::uint8_t protocol, ByteView octets) {
  if (!away_ || arrival.port != settings_.host_link) return false;
  const auto icmp = icmp_behind(protocol, octets);
  const bool of_listener =
      settings_.carries_listener_discovery && icmp && is_listener_message(*icmp);
  const bool of_client =
      settings_.carries_dhcp && protocol == kProtocolUdp && udp_ports(octets) == kDhcpToServer;
  if (!of_listener && !of_client) return false;
  if (of_listener)
    report(arrival, *icmp);
  else
    ask_server(arrival, octets);
  return true;
}

// Only once somebody at the other end listens (RFC 6275 11.3.4). One that has no address yet speaks
// from the unspecified one; it is for the home agent to judge.
void HomeLinkByTunnel::report(const Arrival& arrival, ByteView icmp) {
  if (!queried_ || !(arrival.source.is_link_local() || arrival.source.is_unspecified())) return;
  const auto message = parse_listener_message(icmp, arrival.source, arrival.destination);
  if (!message || std::holds_alternative<ListenerQuery>(*message)) return;
  sender_.send({.source = arrival.source,
                .destination = arrival.destination,
                .protocol = kProtocolHopByHop,
                .hop_limit = kListenerHopLimit,
                .tunnel = settings_.home_address},
               with_router_alert(icmp));
}

void HomeLinkByTunnel::ask_server(const Arrival& arrival, ByteView udp) {
  const bool good = arrival.source.is_link_local() && arrival.destination == all_dhcp_servers() &&
                    udp_payload(udp, arrival.source, arrival.destination);
  if (!good) return;
  sender_.send({.source = arrival.source,
                .destination = arrival.destination,
                .protocol = kProtocolUdp,
                .tunnel = settings_.home_address},
               udp);
}

bool HomeLinkByTunnel::from_tunnel(const Arrival& arrival, std::uint8_t protocol, ByteView octets) {
  if (!away_ || !settings_.host_link || !arrival.tunnel) return false;
  // One host may have several home addresses, each with a node of its own.
  if (arrival.tunnel->home_address.value_or(settings_.home_address) != settings_.home_address)
    return false;
  const auto icmp = icmp_behind(protocol, octets);
  if (!settings_.carries_listener_discovery || !icmp || !is_listener_message(*icmp)) return false;
  if (arrival.tunnel->source == home_agent_ && arrival.source.is_link_local())
    pass_query(arrival, *icmp);
  return true;
}

// The host is asked as on any link, and answers by us.
void HomeLinkByTunnel::pass_query(const Arrival& arrival, ByteView icmp) {
  const auto message = parse_listener_message(icmp, arrival.source, arrival.destination);
  if (!message || !std::holds_alternative<ListenerQuery>(*message)) return;
  if (!arrival.destination.is_multicast()) return;
  queried_ = true;
  sender_.send({.source = arrival.source,
                .destination = arrival.destination,
                .protocol = kProtocolHopByHop,
                .hop_limit = kListenerHopLimit,
                .port = settings_.host_link},
               with_router_alert(icmp));
}

}  // namespace sallyport::mip6
