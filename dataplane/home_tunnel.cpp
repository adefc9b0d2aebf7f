#include "dataplane/home_tunnel.h"

#include <algorithm>
#include <array>

#include "dataplane/buffer_room.h"
#include "dataplane/envelope.h"
#include "dataplane/mobility.h"
#include "dataplane/parse.h"
#include "dataplane/punt.h"
#include "dataplane/tunnel_headers.h"
#include "net/datagram.h"
#include "net/ipv6.h"
#include "net/mobility_extensions.h"

namespace sallyport {
namespace {

constexpr std::uint16_t kLimitBytes = 8;  // a destination options header with nothing else
constexpr std::uint8_t kVersion = 6;

struct Ends {
  const Address& source;
  const Address& destination;
};
Ends ends_of(const Binding& binding) noexcept {
  if (binding.use == BindingUse::HomeAgent) return {binding.peer, binding.care_of};
  return {binding.care_of, binding.peer};
}

// How many more tunnels the packet may go into, where it says so (RFC 2473 4.1.1).
std::optional<std::uint8_t> limit_of(const Packet& packet) noexcept {
  const std::uint16_t at = encapsulation_limit_at(packet.bytes());
  if (at == 0) return std::nullopt;
  return packet.data()[at + 2];
}

// False where it was dropped, and its source told.
bool may_enter(Packet& packet, const std::optional<std::uint8_t>& limit, std::uint32_t added,
               WorkerContext& my) noexcept {
  if (limit && *limit == 0) {
    drop_and_tell(packet, {DropReason::TunnelRefused, Purpose::TunnelLimit}, my);
    return false;
  }
  return may_grow(packet, added, my);  // or else the tunnel's packet is cut (RFC 2473 7.1)
}

void write_outer(Packet& packet, const Ends& ends, std::uint8_t next_header) noexcept {
  auto& outer = packet.header<Ipv6Header>();
  outer.version_class_flow.set(std::uint32_t{kVersion} << 28);
  outer.set_traffic_class(packet.summary.traffic_class);  // RFC 2473 6.4, RFC 6040 4.1
  outer.payload_length.set(static_cast<std::uint16_t>(packet.size() - sizeof(Ipv6Header)));
  outer.next_header = next_header;
  outer.hop_limit = kDefaultHopLimit;
  std::ranges::copy(ends.source.bytes, outer.source);
  std::ranges::copy(ends.destination.bytes, outer.destination);
}

void write_limit(Packet& packet, std::uint8_t limit) noexcept {
  const std::array<std::uint8_t, kLimitBytes> header{kProtocolIpv6, 0, 4, 1, limit, 1, 1, 0};
  std::ranges::copy(header, packet.data() + sizeof(Ipv6Header));
}

// Whose tunnel it is (HA-17, MN-08); `outer` is the source of the header that has been taken off.
BindingId tunnel_from(const Packet& packet, const Address& outer,
                      const WorkerContext& my) noexcept {
  BindingId id = my.bindings.find_around(BindingUse::HomeAgent, packet.summary.source_address());
  if (id == kNoBinding) id = my.bindings.find_link_local(packet.summary.source_address());
  if (id != kNoBinding && my.bindings[id].care_of == outer) return id;
  id = my.bindings.find_around(BindingUse::HomeRegistration, packet.summary.destination_address());
  if (id != kNoBinding && my.bindings[id].peer == outer) return id;
  return kNoBinding;
}

// Nullopt where what was inside may go on.
std::optional<DropReason> leave(Packet& packet, const Tables& now, WorkerContext& my) noexcept {
  const Address outer = packet.summary.source_address();
  const std::uint8_t outer_class = packet.summary.traffic_class;
  packet.strip_front(packet.summary.upper_offset);
  if (summarize(packet, my.skipped_headers) != ParseVerdict::Good ||
      packet.summary.family != Family::V6)
    return DropReason::InnerMalformed;
  packet.tunnel = tunnel_from(packet, outer, my);
  if (packet.tunnel == kNoBinding) return DropReason::TunnelSource;
  const std::uint8_t inner_class = packet.summary.traffic_class;
  std::uint8_t ecn = inner_class & kEcnMask;
  if (!decapsulated_ecn(ecn, outer_class)) return DropReason::EcnCe;
  const auto traffic_class = static_cast<std::uint8_t>((inner_class & ~kEcnMask) | ecn);
  if (traffic_class != inner_class) set_traffic_class(packet, traffic_class);
  my.bindings.mark_used(packet.tunnel);
  packet.came_by = CameBy::HomeTunnel;
  packet.form = HomeForm::AsItCame;
  Envelope::of(packet.mbuf).next_hop = outer;
  if (packet.summary.mobility == 0) return std::nullopt;
  return take_inner_home_addresses(packet, now, my);
}

bool is_home_tunnel(const Packet& packet) noexcept {
  return packet.summary.protocol == kProtocolIpv6 && packet.summary.family == Family::V6 &&
         packet.next_hop->ours() && packet.summary.segments_left == 0;
}

}  // namespace

bool enter_home_tunnel(Packet& packet, WorkerContext& my) noexcept {
  const BindingId id = packet.tunnel;
  const std::optional<std::uint8_t> limit = limit_of(packet);
  const std::uint32_t added = sizeof(Ipv6Header) + (limit ? kLimitBytes : 0u);
  if (packet.form == HomeForm::Leaving) put_on_wire(packet);
  if (!may_enter(packet, limit, added, my) || !make_room_in_front(packet, added, my)) return false;
  packet.prepend(static_cast<std::uint16_t>(added));
  write_outer(packet, ends_of(my.bindings[id]), limit ? kProtocolDestination : kProtocolIpv6);
  if (limit) write_limit(packet, static_cast<std::uint8_t>(*limit - 1));
  my.bindings.mark_used(id);
  packet.form = HomeForm::OnWire;
  packet.tunnel = kNoBinding;
  if (summarize(packet, my.skipped_headers) == ParseVerdict::Good) return true;
  my.drops.drop(packet, DropReason::NoRoute);  // care-of addresses that no packet may have
  return false;
}

void leave_home_tunnels(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  Burst inner = burst.take_if([](const Packet& packet) { return is_home_tunnel(packet); });
  if (inner.empty()) return;
  inner.keep_if([&](Packet& packet) {
    const bool whole = !packet.summary.fragment || !my.reassembly.enabled() ||
                       my.reassembly.add(packet, my.ticks.now(), my);
    if (!whole) return false;
    const auto reason = packet.summary.fragment ? DropReason::TunnelSource : leave(packet, now, my);
    if (reason) my.drops.drop(packet, *reason);
    return !reason;
  });
  now.routes->look_up(inner);
  burst.append(inner);
}

}  // namespace sallyport
