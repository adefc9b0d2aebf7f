#include "dataplane/neighbour_messages.h"

namespace sallyport {

bool NeighbourMessages::take_arp(ByteView message, PortId port, Instant now) {
  const auto arp = parse_arp(message);
  if (!arp || arp->sender.is_multicast() || my_.own.is_broadcast(arp->sender)) return invalid();
  if (arp->operation == ArpMessage::Operation::Request)
    take_request(*arp, port, now);
  else
    my_.neighbours.claim({.port = port,
                          .address = arp->sender,
                          .mac = arp->sender_mac,
                          .solicited = my_.own.claimed_by_us(port, arp->target),
                          .override = true},
                         now);
  return true;
}

// RFC 826; a request for the sender's own address announces it (RFC 5227 3).
void NeighbourMessages::take_request(const ArpMessage& request, PortId port, Instant now) {
  const bool probe = request.sender.is_unspecified();
  const bool announcement = request.sender == request.target;
  const bool for_us = !announcement && my_.own.answered_on(port, request.target);
  if (!for_us) {
    if (!probe)
      my_.neighbours.claim(
          {.port = port, .address = request.sender, .mac = request.sender_mac, .override = true},
          now);
    return;
  }
  // The host behind a local stack makes sure of an address of its own: nobody else has it.
  if (probe && my_.own.is_local_stack(port)) return;
  if (!probe) my_.neighbours.learn(port, request.sender, request.sender_mac, now);
  const MacAddress& mac = my_.own.port(port).mac;
  my_.sender.send_arp(build_arp({.operation = ArpMessage::Operation::Reply,
                                 .sender_mac = mac,
                                 .sender = request.target,
                                 .target_mac = request.sender_mac,
                                 .target = request.sender}),
                      {port, request.sender_mac});
  my_.neighbours.counters().answers.add();
}

bool NeighbourMessages::take_discovery(const Delivery& delivery, Instant now) {
  if (!delivery.from_link()) return invalid();
  const auto message = parse_neighbour_message(delivery.datagram, delivery.summary);
  if (!message) return invalid();
  if (my_.proxy != nullptr) my_.proxy->hear(*message, delivery);
  if (my_.questions != nullptr) my_.questions->hear(*message, delivery);
  if (message->kind == NeighbourMessage::Kind::Solicitation)
    take_solicitation(*message, delivery, now);
  else
    my_.neighbours.claim({.port = delivery.port,
                          .address = message->target,
                          .mac = message->link_address,
                          .solicited = message->solicited,
                          .override = message->override},
                         now);
  return true;
}

// The gateway is a router; of those that it stands in for it says what they are (RFC 6275 10.4.1).
std::optional<NeighbourMessages::Speaker> NeighbourMessages::speaker_for(
    PortId port, const Address& target) const {
  if (my_.own.answered_on(port, target)) return Speaker{target, true};
  const auto role = my_.proxy == nullptr ? std::nullopt : my_.proxy->role_of(port, target);
  if (!role) return std::nullopt;
  return Speaker{my_.own.link_local(port), *role == NeighbourProxy::Role::Router};
}

// RFC 4861 7.2.3, 7.2.4.
void NeighbourMessages::take_solicitation(const NeighbourMessage& solicitation,
                                          const Delivery& delivery, Instant now) {
  const PortId port = delivery.port;
  const bool detection = solicitation.source.is_unspecified();
  const auto speaker = speaker_for(port, solicitation.target);
  if (!speaker) return;
  if (detection && my_.own.is_local_stack(port)) return;
  if (solicitation.link_address)
    my_.neighbours.learn(port, solicitation.source, *solicitation.link_address, now);
  const Address destination = detection ? all_nodes() : solicitation.source;
  const auto answer = build_neighbour_message({.kind = NeighbourMessage::Kind::Advertisement,
                                               .source = speaker->source,
                                               .destination = destination,
                                               .target = solicitation.target,
                                               .link_address = my_.own.port(port).mac,
                                               .router = speaker->router,
                                               .solicited = !detection,
                                               .override = true});
  const MacAddress to =
      detection ? multicast_mac(destination) : solicitation.link_address.value_or(delivery.mac);
  my_.sender.originate_on_link(answer, {port, to});
  my_.neighbours.counters().answers.add();
}

bool NeighbourMessages::invalid() noexcept {
  my_.neighbours.counters().invalid.add();
  return false;
}

}  // namespace sallyport
