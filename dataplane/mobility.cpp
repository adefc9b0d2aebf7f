#include "dataplane/mobility.h"

#include <algorithm>

#include "dataplane/buffer_room.h"
#include "dataplane/parse.h"
#include "dataplane/punt.h"
#include "net/ipv6.h"
#include "net/mobility_extensions.h"
#include "net/neighbour_discovery.h"

namespace sallyport {
namespace {

constexpr std::uint8_t kSegmentsLeftOnWire = 1;  // RFC 6275 6.4.1

MutableBytes octets_of(Packet& packet) noexcept { return {packet.data(), packet.size()}; }

bool is_marked(const Packet* packet) noexcept { return packet->summary.mobility != 0; }

std::optional<DropReason> reason_of(MobilityFault fault) noexcept {
  switch (fault) {
    case MobilityFault::None:
      return std::nullopt;
    case MobilityFault::OptionTwice:
    case MobilityFault::OptionLength:
    case MobilityFault::OptionMisplaced:
      return DropReason::HomeAddressOption;
    case MobilityFault::RoutingTwice:
    case MobilityFault::RoutingLength:
      return DropReason::Type2Routing;
  }
  return DropReason::HomeAddressOption;
}

// RFC 6275 11.3.3: of no node but this one, so that nothing is forwarded by it.
bool names_our_home(const Packet& packet, const MobilityExtensions& found,
                    const Tables& now) noexcept {
  if (found.segments_left != kSegmentsLeftOnWire) return false;
  const Address home = found.routing_address(packet.bytes());
  const std::vector<Address>& ours = now.mobility->home_addresses;
  return std::ranges::find(ours, home) != ours.end() && now.routes->look_up(home).ours();
}

// RFC 6275 9.3.1: what may come before there is a binding, IPsec even from where none can be yet
// (10.3.1).
bool needs_no_binding(std::uint8_t next) noexcept {
  return next == kProtocolEsp || next == kProtocolAh || next == kProtocolMobility;
}

// `own` is the address of ours that it was sent to.
bool is_bound(const Address& home, const Address& own, const Address& care_of,
              const WorkerContext& my) noexcept {
  for (const BindingUse use : {BindingUse::HomeAgent, BindingUse::Correspondent}) {
    const BindingId id = my.bindings.find(use, home, own);
    if (id == kNoBinding || my.bindings[id].care_of != care_of) continue;
    my.bindings.mark_used(id);
    return true;
  }
  return false;
}

std::optional<DropReason> option_fault(const Packet& packet, const MobilityExtensions& found,
                                       const WorkerContext& my) noexcept {
  const Address home = found.option_address(packet.bytes());
  const Address own = found.routing_at != 0 ? found.routing_address(packet.bytes())
                                            : packet.summary.destination_address();
  if (!home.is_unicast_routable()) return DropReason::HomeAddressNotRoutable;
  if (needs_no_binding(found.next) || is_bound(home, own, packet.summary.source_address(), my))
    return std::nullopt;
  return DropReason::HomeAddressUnbound;
}

void exchange(Packet& packet, const MobilityExtensions& found, HomeForm form) noexcept {
  exchange_home_addresses(octets_of(packet), found);
  const auto& header = packet.header<Ipv6Header>();
  std::ranges::copy(header.source, packet.summary.source.begin());
  std::ranges::copy(header.destination, packet.summary.destination.begin());
  if (found.routing_at != 0) packet.summary.segments_left = packet.data()[found.routing_at + 3];
  packet.form = form;
}

// Of a packet for us.
std::optional<DropReason> take(Packet& packet, const Tables& now, WorkerContext& my) noexcept {
  const MobilityExtensions found = find_mobility_extensions(packet.bytes());
  if (now.mobility == nullptr)
    return found.option_at == 0 ? std::nullopt : std::optional(DropReason::UnknownOption);
  if (const auto reason = reason_of(found.fault)) return reason;
  if (found.goes_on) return DropReason::RoutingHeader;
  // Neither has any business in neighbour discovery (9.3.2, 11.3.1).
  if (is_link_protocol(packet.summary)) return DropReason::HomeAddressOption;
  if (found.routing_at != 0 && !names_our_home(packet, found, now)) return DropReason::Type2Routing;
  if (found.option_at != 0)
    if (const auto reason = option_fault(packet, found, my)) return reason;
  exchange(packet, found, HomeForm::Arrived);
  return std::nullopt;
}

void refuse_home_address(Packet& packet, DropReason reason, WorkerContext& my) noexcept {
  if (reason == DropReason::HomeAddressUnbound)
    return drop_and_tell(packet, {reason, Purpose::UnknownBinding}, my);
  if (reason == DropReason::UnknownOption)
    return drop_and_tell(packet, {reason, Purpose::UnknownOption}, my);
  my.drops.drop(packet, reason);
}

[[gnu::noinline]] void take_marked(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  burst.keep_if([&](Packet& packet) {
    if (packet.summary.mobility == 0) return true;
    const auto reason = take_inner_home_addresses(packet, now, my);
    if (reason) refuse_home_address(packet, *reason, my);
    return !reason;
  });
}

// For who knows nothing of mobility (9.3.1).
void take_extensions_out(Packet& packet, const WorkerContext& my) noexcept {
  const MobilityExtensions found = find_mobility_extensions(packet.bytes());
  if (found.fault != MobilityFault::None) return;
  packet.strip_front(remove_mobility_extensions(octets_of(packet), found));
  static_cast<void>(summarize(packet, my.skipped_headers));  // as good as it was
}

CareOfAddresses care_of(const Packet& packet, const WorkerContext& my) noexcept {
  CareOfAddresses addresses;
  for (const auto& [id, address] : {std::pair(packet.bound_source, &addresses.source),
                                    std::pair(packet.bound_destination, &addresses.destination)}) {
    if (id == kNoBinding) continue;
    *address = my.bindings[id].care_of;
    my.bindings.mark_used(id);
  }
  return addresses;
}

}  // namespace

void take_home_addresses(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  if (std::ranges::any_of(burst, is_marked)) [[unlikely]]
    take_marked(burst, now, my);
}

std::optional<DropReason> take_inner_home_addresses(Packet& packet, const Tables& now,
                                                    WorkerContext& my) noexcept {
  if (!now.routes->look_up(packet.summary.destination_address()).ours()) return std::nullopt;
  return take(packet, now, my);
}

std::optional<DropReason> reveal_fault(const Packet& packet, std::uint8_t before) noexcept {
  const bool same = packet.summary.mobility == before &&
                    find_mobility_extensions(packet.bytes()).fault == MobilityFault::None;
  return same ? std::nullopt : std::optional(DropReason::HomeAddressOption);
}

void put_on_wire(Packet& packet) noexcept {
  exchange(packet, find_mobility_extensions(packet.bytes()), HomeForm::OnWire);
}

void finish_marked(Packet& packet, WorkerContext& my) noexcept {
  if (packet.form == HomeForm::Leaving)
    put_on_wire(packet);
  else if (packet.form == HomeForm::Arrived && packet.next_hop->kind == NextHop::Kind::LocalStack)
    take_extensions_out(packet, my);
}

bool insert_extensions(Packet& packet, WorkerContext& my) noexcept {
  const CareOfAddresses addresses = care_of(packet, my);
  packet.bound_destination = packet.bound_source = kNoBinding;
  const std::uint16_t added = addresses.octets();
  // The source could have made it shorter (RFC 6275 9.3.2).
  if (!may_grow(packet, added, my) || !make_room_in_front(packet, added, my)) return false;
  packet.prepend(added);
  insert_mobility_extensions(octets_of(packet), addresses);
  packet.form = HomeForm::Leaving;
  if (summarize(packet, my.skipped_headers) == ParseVerdict::Good) return true;
  my.drops.drop(packet, DropReason::TooManyExtensions);
  return false;
}

Address routed_to(const Packet& packet) noexcept {
  return find_mobility_extensions(packet.bytes()).routing_address(packet.bytes());
}

}  // namespace sallyport
