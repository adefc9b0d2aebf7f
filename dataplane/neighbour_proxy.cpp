#include "dataplane/neighbour_proxy.h"

namespace sallyport {
namespace {

// RFC 4861 10: MAX_NEIGHBOR_ADVERTISEMENT.
constexpr unsigned kAdvertisements = 3;

}  // namespace

void NeighbourProxy::detect(PortId port, const Address& address, Detected detected, Instant now) {
  const NeighbourKey key = NeighbourKey::of(port, address);
  const auto [entry, is_new] = detections_.try_emplace(key);
  Detection& detection = entry->second;
  detection.asked.push_back(std::move(detected));
  if (!is_new) return;
  detection.end = now + kRetransmit;
  ends_.emplace(detection.end, key);
  const Address group = solicited_node(address);
  const auto solicitation = build_neighbour_message({.kind = NeighbourMessage::Kind::Solicitation,
                                                     .source = Address::any(Family::V6),
                                                     .destination = group,
                                                     .target = address});
  my_.sender.originate_on_link(solicitation, {port, multicast_mac(group)});
}

void NeighbourProxy::serve(PortId port, const Address& address, Role role, Instant now) {
  stop(port, address);
  begin(NeighbourKey::of(port, address), {.role = role, .left = kAdvertisements, .next = now}, now);
}

void NeighbourProxy::announce(PortId port, const Address& address, Instant now) {
  stop(port, address);
  begin(NeighbourKey::of(port, address),
        {.role = Role::Host, .left = kAdvertisements, .next = now, .is_ours = true}, now);
}

void NeighbourProxy::begin(const NeighbourKey& key, const Service& service, Instant now) {
  advertise(key, served_[key] = service, now);
}

void NeighbourProxy::stop(PortId port, const Address& address) {
  const auto entry = served_.find(NeighbourKey::of(port, address));
  if (entry == served_.end()) return;
  advertisements_.erase({entry->second.next, entry->first});
  served_.erase(entry);
}

std::optional<NeighbourProxy::Role> NeighbourProxy::role_of(PortId port,
                                                            const Address& address) const {
  const auto entry = served_.find(NeighbourKey::of(port, address));
  if (entry == served_.end() || entry->second.is_ours) return std::nullopt;
  return entry->second.role;
}

// RFC 4862 5.4.3, 5.4.4. A question of a node that knows its own address tells nothing, and what
// comes from our own link address is our own question come back.
void NeighbourProxy::hear(const NeighbourMessage& message, const Delivery& delivery) {
  const bool asks = message.kind == NeighbourMessage::Kind::Solicitation;
  if (asks && !message.source.is_unspecified()) return;
  if (delivery.mac == my_.own.port(delivery.port).mac) return;
  finish(NeighbourKey::of(delivery.port, message.target), Uniqueness::Duplicate);
}

void NeighbourProxy::tick(Instant now) {
  while (!ends_.empty() && ends_.begin()->first <= now)
    finish(NeighbourKey{ends_.begin()->second}, Uniqueness::Unique);
  while (!advertisements_.empty() && advertisements_.begin()->first <= now) {
    const NeighbourKey key = advertisements_.begin()->second;
    advertisements_.erase(advertisements_.begin());
    advertise(key, served_.at(key), now);
  }
}

// Who asked may ask anew, or have us serve, while it is told.
void NeighbourProxy::finish(const NeighbourKey& key, Uniqueness found) {
  const auto ended = detections_.extract(key);
  if (!ended) return;
  ends_.erase({ended.mapped().end, ended.key()});
  for (const Detected& detected : ended.mapped().asked) detected(found);
}

void NeighbourProxy::advertise(const NeighbourKey& key, Service& service, Instant now) {
  const Address target = key.as_address();
  const auto advertisement = build_neighbour_message({.kind = NeighbourMessage::Kind::Advertisement,
                                                      .source = my_.own.link_local(key.port),
                                                      .destination = all_nodes(),
                                                      .target = target,
                                                      .link_address = my_.own.port(key.port).mac,
                                                      .router = service.role == Role::Router,
                                                      .override = true});
  my_.sender.originate_on_link(advertisement, {key.port, multicast_mac(all_nodes())});
  if (--service.left == 0) return;
  service.next = now + kRetransmit;
  advertisements_.emplace(service.next, key);
}

}  // namespace sallyport
