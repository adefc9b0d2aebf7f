#include "dataplane/nesting.h"

#include <cstring>

#include "dataplane/esp_decapsulate.h"
#include "dataplane/inbound.h"
#include "dataplane/outbound.h"
#include "dataplane/parse.h"
#include "dataplane/policy_match.h"

namespace sallyport {
namespace {

// What one more SA may put in front, link header and alignment included, and behind.
constexpr std::uint32_t kFront = 128;
constexpr std::uint32_t kBehind = 64;

bool has_a_pass_left(Packet& packet, WorkerContext& my) noexcept {
  if (++packet.passes < kMostPasses) return true;
  my.drops.drop(packet, DropReason::NestingTooDeep);
  return false;
}

// The SA before has used up the room in front: the packet moves towards the end of its buffer.
void make_room(Packet& packet) noexcept {
  const std::uint32_t front = packet.headroom();
  const std::uint32_t behind = packet.tailroom();
  if (front >= kFront || behind <= kBehind) return;
  const std::uint32_t distance = std::min(kFront - front, behind - kBehind);
  std::memmove(packet.data() + distance, packet.data(), packet.size());
  packet.mbuf->data_off = static_cast<std::uint16_t>(packet.mbuf->data_off + distance);
}

// From here on it is a packet of this node that comes in where it would have gone out.
bool turns_back(Packet& packet, WorkerContext& my) noexcept {
  const NextHop& hop = *packet.next_hop;
  const bool leaves = hop.leads_on() &&
                      my.ports[hop.port.value].port().side() == Side::Unprotected &&
                      summarize(packet, my.skipped_headers) == ParseVerdict::Good;
  if (!leaves) {
    my.drops.drop(packet, DropReason::NoRoute);
    return false;
  }
  make_room(packet);
  packet.ingress = hop.port;
  packet.forwarded = false;
  packet.dummy = false;
  packet.cut_to = kUncut;
  if (my.sas.outbound(packet.sa).mode == IpsecMode::Tunnel)
    packet.tunnel = packet.bound_source = packet.bound_destination = kNoBinding;
  return true;
}

}  // namespace

void go_round(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  burst.keep_if(
      [&](Packet& packet) { return has_a_pass_left(packet, my) && turns_back(packet, my); });
  if (burst.empty()) return;
  match_policies<Direction::Inbound>(burst, now, my);
  drop_unprotected(burst, my);
  for (Packet* packet : burst) packet->ingress = kNoPort;
  if (!burst.empty()) outbound(burst, now, my);
}

Burst take_nested(Burst& opened, const Tables& now, WorkerContext& my) noexcept {
  Burst inner = opened.take_if([](const Packet& packet) { return may_be_ipsec(packet.summary); });
  now.routes->look_up(inner);
  Burst ipsec = take_ipsec_for_us(inner, my);
  opened.append(inner);
  ipsec.keep_if([&](Packet& packet) { return has_a_pass_left(packet, my); });
  return ipsec;
}

}  // namespace sallyport
