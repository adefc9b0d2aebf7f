#include "dataplane/outbound.h"

#include "dataplane/binding_routes.h"
#include "dataplane/cut_datagram.h"
#include "dataplane/from_workers.h"
#include "dataplane/icmp_by_payload.h"
#include "dataplane/mobility.h"
#include "dataplane/policy_match.h"
#include "dataplane/seal.h"
#include "dataplane/transmit.h"

namespace sallyport {
namespace {

// Leaves in `burst` what is bypassed; what is discarded ends here.
Burst take_protected(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  Burst protect;
  burst.keep_if([&](Packet& packet) {
    if (packet.action == PolicyAction::Bypass) return true;
    if (packet.action == PolicyAction::Protect || protect_by_payload(packet, now, my)) [[likely]]
      protect.push(packet);
    else
      drop_discarded(packet, my);
    return false;
  });
  return protect;
}

// Inner packets that were too long for the path: each leaves in fragments, sealed one by one. They
// go out in front of the others of their burst.
[[gnu::noinline]] void protect_in_fragments(const Burst& burst, const Tables& now,
                                            WorkerContext& my) noexcept {
  PacketStore store;
  for (Packet* packet : burst) {
    Burst fragments = cut_inner(*packet, store, my);
    const Chosen again = choose_sas(fragments, now, my);
    // What is cut to fit fits.
    for (Packet* piece : again.cut_before) my.drops.drop(*piece, DropReason::TooBig);
    seal(fragments, again.longest, now, my);
    transmit(fragments, my);
  }
}

// What an SA in transport mode has made goes by the tunnel that it is for; one in tunnel mode leads
// there itself.
[[gnu::noinline]] void follow_sealed(Burst& secured, WorkerContext& my) noexcept {
  Burst bound = secured.take_if([&](const Packet& packet) {
    return packet.tunnel != kNoBinding && my.sas.outbound(packet.sa).mode == IpsecMode::Transport;
  });
  follow_bindings(bound, my);
  secured.append(bound);
}

void protect_all(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  protect(burst, now, my);
  if (now.mobility != nullptr) [[unlikely]]
    follow_sealed(burst, my);
}

// Leaves what is bypassed or protected.
void obey_policy(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  Burst secured = take_protected(burst, now, my);
  if (now.mobility != nullptr) [[unlikely]]
    follow_bindings(burst, my);
  if (secured.empty()) return;
  protect_all(secured, now, my);
  burst.append(secured);
}

// Inside a tunnel nobody but the packet's destination touches its extensions.
[[gnu::noinline]] void complete_inner_packets(const Burst& burst,
                                              const WorkerContext& my) noexcept {
  for (Packet* packet : burst)
    if (packet->form == HomeForm::Leaving && my.sas.outbound(packet->sa).mode == IpsecMode::Tunnel)
      put_on_wire(*packet);
}

}  // namespace

void outbound(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  const bool all_protected = match_policies<Direction::Outbound>(burst, now, my);
  my.laps.mark(Verb::MatchPolicy);
  if (all_protected) [[likely]]
    return protect_all(burst, now, my);
  obey_policy(burst, now, my);
}

void outbound_again(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  match_policies_again(burst, now, my);
  obey_policy(burst, now, my);
}

void protect(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  Chosen chosen = choose_sas(burst, now, my);
  if (!chosen.cut_before.empty()) [[unlikely]] {
    // Whole: policy cannot tell where a piece belongs.
    give_to_outbound_owners(chosen.cut_before, now, my);
    protect_in_fragments(chosen.cut_before, now, my);
  }
  give_to_outbound_owners(burst, now, my);
  if (now.mobility != nullptr) [[unlikely]]
    complete_inner_packets(burst, my);
  my.laps.mark(Verb::ChooseSa);
  seal(burst, chosen.longest, now, my);
}

}  // namespace sallyport
