#include "gateway/mip6_packets.h"

#include "net/neighbour_discovery.h"

namespace sallyport {
namespace {

mip6::Protection protection(bool protection) {
  return protection ? mip6::Protection::Ipsec : mip6::Protection::None;
}

Address peer_or_none(const std::optional<Address>& peer) {
  return peer.value_or(Address::any(Family::V6));
}

}  // namespace

void Mip6Packets::send(const mip6::Departure& departure, ByteView octets) {
  MobilityDatagram datagram{.source = departure.source,
                            .destination = departure.destination,
                            .source_care_of = departure.source_care_of,
                            .destination_care_of = departure.destination_care_of,
                            .protocol = departure.protocol,
                            .hop_limit = departure.hop_limit,
                            .tunnel = departure.tunnel,
                            .octets = octets};
  std::optional<MacAddress> there = departure.link_destination;
  if (!there && departure.destination.is_multicast()) there = multicast_mac(departure.destination);
  if (departure.port && there) {
    // What is of the link alone goes there past all routes. Registrations go by them and through
    // policy, without asking for a neighbour that is told (RFC 6275 10.3.2, 11.5.5; HA-13).
    if (departure.protocol == kProtocolMobility)
      control_.learn_neighbour(*departure.port, departure.destination, *there, clock_.now());
    else
      datagram.link = LinkDestination{*departure.port, *there};
  }
  control_.send_mobility(datagram);
}

BindingUse Mip6Packets::use_of(mip6::BindingUse use, const std::optional<Address>& peer) const {
  switch (use) {
    case mip6::BindingUse::HomeAgent:
      return BindingUse::HomeAgent;
    case mip6::BindingUse::Correspondent:
      return BindingUse::Correspondent;
    case mip6::BindingUse::MobileNode:
      break;
  }
  return peer && is_home_agent_ && is_home_agent_(*peer) ? BindingUse::HomeRegistration
                                                         : BindingUse::MobileNode;
}

Expected<void> Mip6Packets::set(const mip6::BindingTable::Binding& binding) {
  const BindingUse use = use_of(binding.use, binding.peer);
  const Address peer =
      peer_or_none(use == BindingUse::HomeAgent ? binding.home_agent : binding.peer);
  return bindings_.set({.use = use,
                        .home_address = binding.home_address,
                        .care_of = binding.care_of,
                        .peer = peer,
                        .link_local = binding.link_local,
                        .networks = binding.networks});
}

void Mip6Packets::remove(mip6::BindingUse use, const Address& home_address,
                         const std::optional<Address>& peer) {
  bindings_.remove(use_of(use, peer), home_address, peer_or_none(peer));
}

bool Mip6Packets::used(mip6::BindingUse use, const Address& home_address,
                       const std::optional<Address>& peer) {
  return bindings_.take_used(use_of(use, peer), home_address, peer_or_none(peer));
}

mip6::Arrival arrival_of(const MobilityMessage& message) {
  mip6::Arrival arrival{.source = message.source,
                        .destination = message.destination,
                        .source_care_of = message.source_care_of,
                        .destination_care_of = message.destination_care_of,
                        .protection = protection(message.protection),
                        .tunnel = {},
                        .port = message.port,
                        .link_source = message.link_source};
  if (message.tunnel)
    arrival.tunnel = mip6::OuterHeader{.source = message.tunnel->source,
                                       .protection = protection(message.tunnel->protection),
                                       .names_source = message.tunnel->names_source};
  return arrival;
}

mip6::Arrival arrival_of(const UnknownBinding& packet) {
  return {.source = packet.home_address,
          .destination = packet.destination,
          .source_care_of = packet.source,
          .destination_care_of = {}};
}

}  // namespace sallyport
