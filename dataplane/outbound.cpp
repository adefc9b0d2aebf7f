#include "dataplane/outbound.h"

#include "base/raw_array.h"
#include "dataplane/ah.h"
#include "dataplane/binding_routes.h"
#include "dataplane/cut_datagram.h"
#include "dataplane/esp_encapsulate.h"
#include "dataplane/esp_wrap.h"
#include "dataplane/from_workers.h"
#include "dataplane/icmp_by_payload.h"
#include "dataplane/lifetime.h"
#include "dataplane/mobility.h"
#include "dataplane/nesting.h"
#include "dataplane/policy_match.h"
#include "dataplane/refusal.h"
#include "dataplane/sa_runs.h"
#include "dataplane/transmit.h"
#include "sad/sequence_numbers.h"

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

// The packets of the run that got no number end here.
[[gnu::noinline]] void drop_unnumbered(SaRun& run, const NumberGrant& grant,
                                       WorkerContext& my) noexcept {
  const DropReason reason =
      grant.exhausted ? DropReason::SequenceExhausted : DropReason::LifetimeExpired;
  for (Packet* packet : run.packets.subspan(grant.count)) my.drops.drop(*packet, reason);
  run.packets = run.packets.first(grant.count);
}

// As far as the SA's numbers and lifetime reach; the rest is dropped and the run shortened
// (RFC 4303 3.3.3; ESP-10, SAD-06).
void take_sequence_numbers(SaRun& run, const OutboundSa& sa, OutboundState& state,
                           WorkerContext& my) noexcept {
  const std::uint64_t limit = state.limit();
  const bool over = is_out_of_time(sa.expiry(), my);
  const std::uint64_t wanted = over ? 0 : run.packets.size();
  const NumberGrant grant = sa.owner == kEveryWorker ? reserve_numbers(state, limit, wanted)
                                                     : take_numbers(state, limit, wanted);
  run.first_number = grant.first;
  if (grant.count != run.packets.size()) [[unlikely]]
    drop_unnumbered(run, grant, my);
}

// Octets given to the cipher or, of AH, to the MAC (SAD-07).
void count_bytes(const OutboundSa& sa, OutboundState& state, std::uint64_t bytes) noexcept {
  if (sa.owner == kEveryWorker) [[unlikely]]
    std::atomic_ref(state.bytes).fetch_add(bytes, std::memory_order_relaxed);
  else
    count_up(state.bytes, bytes);
}

// Numbers the packets of a run and puts them into what their SA makes of them.
[[gnu::always_inline]] inline void encapsulate(SaRun& run, std::span<CryptoJob> jobs,
                                               const OutboundSa& sa, WorkerContext& my) noexcept {
  OutboundState& state = my.sas.outbound_state(run.sa);
  take_sequence_numbers(run, sa, state, my);
  const std::uint64_t bytes = sa.protocol == IpsecProtocol::Esp
                                  ? encapsulate_esp(run, jobs.data(), sa, my)
                                  : encapsulate_ah(run, jobs, sa, my);
  count_bytes(sa, state, bytes);
  if (is_to_be_told(state)) [[unlikely]]
    tell_of_outbound_life(run.sa, my);
}

// What the engine has to come before.
bool is_to_be_finished(const OutboundSa& sa) noexcept {
  return sa.protocol != IpsecProtocol::Esp || wants_udp_checksums(sa);
}
void finish(const SaRun& run, WorkerContext& my) noexcept {
  if (my.sas.outbound(run.sa).protocol == IpsecProtocol::Esp) [[likely]]
    write_udp_checksums(run, my);
  else
    restore_headers(run, my);
}

// What the engine did not seal may still be in clear. Job i is that of packet i.
void drop_unsealed(Burst& burst, std::span<const CryptoJob> jobs, WorkerContext& my) noexcept {
  if (std::ranges::all_of(jobs, &CryptoJob::good)) [[likely]]
    return;
  auto job = jobs.begin();
  burst.keep_if([&](Packet& packet) {
    const bool good = job++->good;
    if (!good) my.drops.drop(packet, DropReason::SealFailure);
    return good;
  });
}

// What a tunnel has sealed goes to its peer; the others keep the packets' own destinations. True
// where all have a way.
bool route_sealed(Burst& burst, unsigned runs, const Tables& now, WorkerContext& my) noexcept {
  const bool one_peer = runs == 1 && my.sas.outbound(burst[0].sa).mode == IpsecMode::Tunnel;
  if (one_peer) {
    const NextHop& next_hop = now.routes->look_up(burst[0].summary.destination_address());
    for (Packet* packet : burst) packet->next_hop = &next_hop;
    return next_hop.leads_on();
  }
  now.routes->look_up(burst);
  if (now.mobility != nullptr) [[unlikely]]
    lead_again(burst, now, my);
  return std::ranges::all_of(burst, [](const Packet* p) { return p->next_hop->leads_on(); });
}

// What an SA leads to where no packet can go ends here.
bool has_a_way(Packet& packet, WorkerContext& my) noexcept {
  const auto reason = outer_dead_end(*packet.next_hop);
  if (reason) [[unlikely]]
    my.drops.drop(packet, *reason);
  return !reason;
}

// What is to meet policy again goes round; what comes back stands behind the others.
[[gnu::noinline]] void send_round(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  Burst again =
      burst.take_if([&](const Packet& packet) { return my.sas.outbound(packet.sa).loop_back; });
  go_round(again, now, my);
  burst.append(again);
}

void fetch_key(const SaRun& run, const WorkerContext& my) noexcept {
  const OutboundSa& sa = my.sas.outbound(run.sa);
  my.keys.prefetch(sa.key, sa.transform, run.packets.front()->summary.length);
}

// Leaves in `burst` what was sealed, with the next hop of what it has become.
void seal_all(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  SaRuns runs(burst);
  for (const SaRun& run : runs) fetch_key(run, my);
  RawArray<CryptoJob, kBurstSize> jobs;
  unsigned sealed = 0;
  bool loops = false;
  bool unpredictable = false;  // IVs
  bool unfinished = false;
  for (SaRun& run : runs) {
    const OutboundSa& sa = my.sas.outbound(run.sa);
    encapsulate(run, jobs.all().subspan(sealed, run.packets.size()), sa, my);
    sealed += static_cast<unsigned>(run.packets.size());
    loops |= sa.loop_back;
    unpredictable |= sa.iv_rule == IvRule::EncryptedCounter;
    unfinished |= is_to_be_finished(sa);
  }
  const std::span<CryptoJob> work = jobs.first(sealed);
  if (unpredictable || my.ivs.makes_counters()) my.ivs.fill(work);
  my.laps.mark(Verb::Encapsulate);
  my.engine.seal(work);
  my.laps.mark(Verb::Seal);
  if (unfinished) [[unlikely]]
    for (const SaRun& run : runs) finish(run, my);
  if (sealed != burst.size()) [[unlikely]]
    burst = runs.burst();
  drop_unsealed(burst, work, my);
  if (burst.empty()) [[unlikely]]
    return;
  const bool all_have_a_way = route_sealed(burst, runs.size(), now, my);
  if (loops) [[unlikely]]
    send_round(burst, now, my);
  if (!all_have_a_way) [[unlikely]]
    burst.keep_if([&](Packet& packet) { return has_a_way(packet, my); });
  my.laps.mark(Verb::RouteSealed);
}

// Inner packets that were too long for the path: each leaves in fragments, sealed one by one. They
// go out in front of the others of their burst.
[[gnu::noinline]] void protect_in_fragments(const Burst& burst, const Tables& now,
                                            WorkerContext& my) noexcept {
  PacketStore store;
  for (Packet* packet : burst) {
    Burst fragments = cut_inner(*packet, store, my);
    // What is cut to fit fits.
    for (Packet* again : choose_sas(fragments, now, my)) my.drops.drop(*again, DropReason::TooBig);
    seal_all(fragments, now, my);
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
  Burst too_long = choose_sas(burst, now, my);
  if (!too_long.empty()) [[unlikely]] {
    give_to_outbound_owners(too_long, now, my);  // whole: policy cannot tell where a piece belongs
    protect_in_fragments(too_long, now, my);
  }
  give_to_outbound_owners(burst, now, my);
  if (now.mobility != nullptr) [[unlikely]]
    complete_inner_packets(burst, my);
  my.laps.mark(Verb::ChooseSa);
  seal_all(burst, now, my);
}

}  // namespace sallyport
