#include "dataplane/binding_routes.h"

#include <algorithm>

#include "base/raw_array.h"
#include "dataplane/envelope.h"
#include "dataplane/home_tunnel.h"
#include "dataplane/mobility.h"
#include "dataplane/punt.h"
#include "dataplane/tunnelled_peers.h"
#include "net/neighbour_discovery.h"

namespace sallyport {
namespace {

constexpr std::uint8_t kBindingUpdate = 5;
constexpr std::uint8_t kBindingAcknowledgement = 6;

bool is_mobility(const PacketSummary& summary) noexcept {
  return summary.protocol == kProtocolMobility && summary.ports_visible;
}

// Of the node that makes them: they say themselves where they go (RFC 6275 6.1.7, 6.1.8).
bool leads_itself(const PacketSummary& summary) noexcept {
  const auto type = static_cast<std::uint8_t>(summary.source_port >> 8);
  return is_mobility(summary) && (type == kBindingUpdate || type == kBindingAcknowledgement);
}

// This node is its source, or the host behind it is.
bool is_our_own(const Packet& packet, const WorkerContext& my) noexcept {
  return packet.ingress == kNoPort ||
         (!packet.decapsulated && packet.came_by == CameBy::Link &&
          my.ports[packet.ingress.value].port().kind() == PortKind::LocalStack);
}

// Where the binding's other end is.
const Address& care_of_end(const Binding& binding) noexcept {
  return binding.use == BindingUse::HomeRegistration ? binding.peer : binding.care_of;
}

void enter_tunnel_of(BindingId id, Packet& packet, const Tables& now,
                     const WorkerContext& my) noexcept {
  packet.tunnel = id;
  packet.next_hop = &now.routes->look_up(care_of_end(my.bindings[id]));
}

// Of a mobile node of ours; true where it goes by the tunnel to its home agent.
bool lead_from_home(Packet& packet, const Tables& now, const WorkerContext& my) noexcept {
  const Address source = packet.summary.source_address();
  const Address destination = packet.summary.destination_address();
  // The option is for nobody on the link (11.3.1), and routes do not lead there either.
  if (destination.is_link_local()) return false;
  const BindingId home = my.bindings.find(BindingUse::HomeRegistration, source);
  if (is_mobility(packet.summary)) {
    if (home != kNoBinding) enter_tunnel_of(home, packet, now, my);
    return home != kNoBinding;
  }
  const bool is_home_agent = home != kNoBinding && my.bindings[home].peer == destination;
  packet.bound_source =
      is_home_agent ? home : my.bindings.find(BindingUse::MobileNode, source, destination);
  if (packet.bound_source != kNoBinding || home == kNoBinding) return false;
  enter_tunnel_of(home, packet, now, my);
  return true;
}

// To a mobile node of somebody's.
void lead_to_home(Packet& packet, const Tables& now, const WorkerContext& my) noexcept {
  const Address destination = packet.summary.destination_address();
  const bool mobility = is_mobility(packet.summary);
  BindingId id = my.bindings.find(BindingUse::HomeAgent, destination);
  // Mobility messages have a routing header where control has put one in (6.1): all others go
  // as they would from anywhere, by the home agent, which we may be.
  if (id != kNoBinding && mobility) return enter_tunnel_of(id, packet, now, my);
  if (id == kNoBinding)
    id = my.bindings.find(BindingUse::Correspondent, destination, packet.summary.source_address());
  if (id == kNoBinding || mobility) return;
  packet.bound_destination = id;
  packet.next_hop = &now.routes->look_up(my.bindings[id].care_of);
}

// What others have sent to a mobile node that is away, or what comes from behind a mobile router of
// ours. `served`: the binding of a node of ours that has its destination. False where it had to go.
bool lead_forwarded(Packet& packet, BindingId served, const Tables& now,
                    WorkerContext& my) noexcept {
  const Address destination = packet.summary.destination_address();
  if (destination.is_link_local()) {
    if (my.bindings.find_link_local(destination) == kNoBinding) return true;
    drop_and_tell(packet, {DropReason::TunnelRefused, Purpose::OffLink}, my);
    return false;
  }
  BindingId id =
      served != kNoBinding ? served : my.bindings.find_network(BindingUse::HomeAgent, destination);
  // From within alone: a stranger of the link that is visited may write any source.
  const bool within = packet.decapsulated || packet.ingress == kNoPort ||
                      my.ports[packet.ingress.value].port().side() == Side::Protected;
  if (id == kNoBinding && within)
    id = my.bindings.find_around(BindingUse::HomeRegistration, packet.summary.source_address());
  if (id != kNoBinding) enter_tunnel_of(id, packet, now, my);
  return true;
}

// A care-of address that is ours, or that no route leads to, leads nowhere.
bool has_found_a_way(Packet& packet, const NextHop* before, WorkerContext& my) noexcept {
  if (packet.next_hop == before || packet.next_hop->is_neighbour()) return true;
  my.drops.drop(packet, DropReason::NoRoute);
  return false;
}

// Neighbours that know us at a node's address ask there whether we still are (RFC 4861 7.3.3):
// control stands in for the node (RFC 6275 10.4.1).
bool is_for_stand_in(const Packet& packet, const WorkerContext& my) noexcept {
  const bool from_link = packet.ingress != kNoPort && !packet.decapsulated;
  if (!from_link || packet.came_by != CameBy::Link || !is_neighbour_discovery(packet.summary))
    return false;
  const Address destination = packet.summary.destination_address();
  return my.bindings.find(BindingUse::HomeAgent, destination) != kNoBinding ||
         my.bindings.find_link_local(destination) != kNoBinding;
}

// By an SA between us and it: others may say nothing as a neighbour.
bool is_from_home_agent(const Packet& packet, const MobilityFacts& facts,
                        const WorkerContext& my) noexcept {
  if (packet.sa == kNoSa || packet.sa_direction != Direction::Inbound) return false;
  const Address& far_end = my.sas.inbound(packet.sa).source;
  return std::ranges::any_of(facts.home_addresses, [&](const Address& home_address) {
    const BindingId id = my.bindings.find(BindingUse::HomeRegistration, home_address);
    return id != kNoBinding && my.bindings[id].peer == far_end;
  });
}

// What a home agent says to a node that is away as it would on the home link: to groups, and by
// link-local addresses, which no route leads to (10.4.2, 10.4.4).
bool is_for_host_by_tunnel(const Packet& packet, const Tables& now,
                           const WorkerContext& my) noexcept {
  if (packet.came_by != CameBy::SaTunnel || !now.mobility->host) return false;
  if (is_link_protocol(packet.summary) || !is_from_home_agent(packet, *now.mobility, my))
    return false;
  return packet.next_hop->kind == NextHop::Kind::Multicast ||
         packet.summary.destination_address().is_link_local();
}

// Questions about one group, and reports of MLD's first version, go to that group (RFC 2710 5).
bool is_said_to_group(const Packet& packet, const WorkerContext& my) noexcept {
  return packet.next_hop->kind == NextHop::Kind::Multicast &&
         is_listener_discovery(packet.summary) &&
         (packet.came_by != CameBy::Link || is_our_own(packet, my));
}

bool lead(Packet& packet, BindingId served, const Tables& now, WorkerContext& my) noexcept {
  packet.tunnel = kNoBinding;
  const NextHop* const routed = packet.next_hop;
  if (packet.form == HomeForm::Leaving) {
    if ((packet.summary.mobility & kMarkType2Routing) != 0)
      packet.next_hop = &now.routes->look_up(routed_to(packet));
    return has_found_a_way(packet, routed, my);
  }
  if (routed->ours()) {
    if (packet.came_by != CameBy::Link) watch_tunnelled_peer(packet, now, my);
    return true;
  }
  if (is_said_to_group(packet, my)) {
    punt_delivery(packet, my);
    return false;
  }
  if (is_for_host_by_tunnel(packet, now, my)) {
    packet.next_hop = &*now.mobility->host;
    return true;
  }
  if (routed->kind == NextHop::Kind::Multicast) return true;
  if (is_link_protocol(packet.summary)) {
    if (!is_for_stand_in(packet, my)) return true;
    punt_delivery(packet, my);
    return false;
  }
  if (!is_our_own(packet, my))
    return lead_forwarded(packet, served, now, my) && has_found_a_way(packet, routed, my);
  if (leads_itself(packet.summary)) return true;
  if (!lead_from_home(packet, now, my)) lead_to_home(packet, now, my);
  return has_found_a_way(packet, routed, my);
}

}  // namespace

void lead_by_bindings(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  RawArray<Address, kBurstSize> destinations;
  RawArray<BindingId, kBurstSize> served;
  for (unsigned i = 0; i < burst.size(); ++i)
    destinations[i] = burst[i].summary.destination_address();
  my.bindings.find(BindingUse::HomeAgent, destinations.first(burst.size()),
                   served.first(burst.size()));
  const BindingId* next = served.begin();
  burst.keep_if([&](Packet& packet) {
    const BindingId of_destination = *next++;
    return packet.summary.family == Family::V4 || lead(packet, of_destination, now, my);
  });
}

void lead_again(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  for (Packet* packet : burst) {
    if (my.sas.outbound(packet->sa).mode == IpsecMode::Tunnel) continue;
    if (packet->tunnel != kNoBinding)
      enter_tunnel_of(packet->tunnel, *packet, now, my);
    else if (packet->form == HomeForm::Leaving &&
             (packet->summary.mobility & kMarkType2Routing) != 0)
      packet->next_hop = &now.routes->look_up(routed_to(*packet));
  }
}

bool lead_into_tunnel(Packet& packet, const Address& home_address, const Tables& now,
                      const WorkerContext& my) noexcept {
  BindingId id = my.bindings.find(BindingUse::HomeAgent, home_address);
  if (id == kNoBinding) id = my.bindings.find(BindingUse::HomeRegistration, home_address);
  if (id == kNoBinding) return false;
  enter_tunnel_of(id, packet, now, my);
  packet.by_name = true;
  return packet.next_hop->is_neighbour();
}

void lead_by_name(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  burst.keep_if([&](Packet& packet) {
    if (lead_into_tunnel(packet, Envelope::of(packet.mbuf).next_hop, now, my)) return true;
    my.drops.drop(packet, DropReason::TunnelRefused);
    return false;
  });
}

Address named_tunnel(const Packet& packet, const WorkerContext& my) noexcept {
  return packet.by_name ? my.bindings[packet.tunnel].home_address : Address{};
}

void follow_bindings(Burst& burst, WorkerContext& my) noexcept {
  burst.keep_if([&](Packet& packet) {
    if (packet.tunnel != kNoBinding) return enter_home_tunnel(packet, my);
    const bool bound = packet.bound_source != kNoBinding || packet.bound_destination != kNoBinding;
    return !bound || insert_extensions(packet, my);
  });
}

Address tunnel_name(const Packet& packet, const WorkerContext& my) noexcept {
  const Binding& binding = my.bindings[packet.tunnel];
  return binding.use == BindingUse::HomeAgent ? binding.home_address : binding.peer;
}

}  // namespace sallyport
