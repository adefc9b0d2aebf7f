#include "dataplane/solicit.h"

#include "net/arp.h"
#include "net/neighbour_discovery.h"

namespace sallyport {
namespace {

constexpr MacAddress kBroadcast{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

}  // namespace

void solicit(const Solicitation& solicitation, const OwnAddresses& own, ControlSender& sender) {
  const auto& [port, target, known] = solicitation;
  const MacAddress& mac = own.port(port).mac;
  const Address source = own.asks_for(port, target);
  if (target.family == Family::V4) {
    const ArpMessage request{.operation = ArpMessage::Operation::Request,
                             .sender_mac = mac,
                             .sender = source,
                             .target_mac = {},
                             .target = target};
    return sender.send_arp(build_arp(request), {port, known.value_or(kBroadcast)});
  }
  const Address group = solicited_node(target);
  const auto datagram = build_neighbour_message({.kind = NeighbourMessage::Kind::Solicitation,
                                                 .source = source,
                                                 .destination = known ? target : group,
                                                 .target = target,
                                                 .link_address = mac});
  sender.originate_on_link(datagram, {port, known.value_or(multicast_mac(group))});
}

}  // namespace sallyport
