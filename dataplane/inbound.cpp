#include "dataplane/inbound.h"

#include "base/raw_array.h"
#include "dataplane/ah.h"
#include "dataplane/decapsulate.h"
#include "dataplane/esp_decapsulate.h"
#include "dataplane/from_workers.h"
#include "dataplane/home_tunnel.h"
#include "dataplane/nesting.h"
#include "dataplane/policy_match.h"
#include "dataplane/refusal.h"

namespace sallyport {
namespace {

void prepare_open(SaRun& run, CryptoJob* jobs, WorkerContext& my) noexcept {
  if (my.sas.inbound(run.sa).protocol == IpsecProtocol::Esp) [[likely]]
    return prepare_esp(run, jobs, my);
  check_replay(run, my);
  prepare_ah(run, {jobs, run.packets.size()}, my);
}

// What the packets of a run will need of their SA besides what is found by its slot.
void fetch_for(const SaRun& run, const WorkerContext& my) noexcept {
  const InboundSa& sa = my.sas.inbound(run.sa);
  my.keys.prefetch(sa.key, sa.transform, run.packets.front()->summary.length);
  my.sas.prefetch_checks(run.sa);
}

void open_all(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  SaRuns runs(burst);
  for (const SaRun& run : runs) fetch_for(run, my);
  RawArray<CryptoJob, kBurstSize> jobs;
  unsigned count = 0;
  for (SaRun& run : runs) {
    prepare_open(run, &jobs[count], my);
    count += static_cast<unsigned>(run.packets.size());
  }
  my.laps.mark(Verb::CheckReplay);
  my.engine.open(jobs.first(count));
  my.laps.mark(Verb::Open);
  unsigned opened = 0;
  count = 0;
  runs.for_each([&](SaSlot sa) { my.sas.prefetch_checks(sa); },
                [&](SaRun& run) {
                  const auto run_jobs = jobs.all().subspan(count, run.packets.size());
                  count += static_cast<unsigned>(run_jobs.size());
                  decapsulate(run, run_jobs, now, my);
                  opened += static_cast<unsigned>(run.packets.size());
                });
  if (opened != burst.size()) [[unlikely]]
    burst = runs.burst();
  my.laps.mark(Verb::Decapsulate);
}

// Leaves what their SAs, which have been found, let out. What another worker's SA is to open goes
// there.
void open_layer(Burst& ipsec, const Tables& now, WorkerContext& my) noexcept {
  give_to_inbound_owners(ipsec, my);
  my.laps.mark(Verb::FindSa);
  open_all(ipsec, now, my);
}

// SAs in SAs: each is looked up, opened and checked like the first.
[[gnu::noinline]] void open_nested(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  Burst opened = burst;
  burst.clear();
  while (true) {
    Burst ipsec = take_nested(opened, now, my);
    for (Packet* packet : opened) packet->passes = 0;
    burst.append(opened);
    if (ipsec.empty()) return;
    find_sas(ipsec, my);
    open_layer(ipsec, now, my);
    opened = ipsec;
  }
}

// And what is in it.
void open(Burst& ipsec, const Tables& now, WorkerContext& my) noexcept {
  open_layer(ipsec, now, my);
  if (may_hold_ipsec(ipsec)) [[unlikely]]
    open_nested(ipsec, now, my);
}

}  // namespace

// A clear packet that policy protects must not come in clear.
void drop_unprotected(Burst& burst, WorkerContext& my) noexcept {
  burst.keep_if([&](Packet& packet) {
    if (packet.action == PolicyAction::Bypass) return true;
    my.drops.drop(packet, plaintext_refusal(packet.action, packet.policy));
    return false;
  });
}

void open_from_within(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  Burst ipsec = burst.take_if([](const Packet& packet) { return may_be_ipsec(packet.summary); });
  if (ipsec.empty()) return;
  now.routes->look_up(ipsec);
  Burst for_us = take_ipsec_for_us(ipsec, my);
  burst.append(ipsec);
  if (for_us.empty()) return;
  find_sas(for_us, my);
  open(for_us, now, my);
  burst.append(for_us);
}

void inbound(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  if (have_one_sa(burst, now, my)) [[likely]]
    return open(burst, now, my);
  now.routes->look_up(burst);
  my.laps.mark(Verb::Route);
  give_to_fragment_owners(burst, now, my);
  if (now.mobility != nullptr) [[unlikely]]
    leave_home_tunnels(burst, now, my);
  Burst ipsec = take_ipsec_for_us(burst, my);
  if (!burst.empty()) {
    match_policies<Direction::Inbound>(burst, now, my);
    drop_unprotected(burst, my);
  }
  if (ipsec.empty()) return;
  find_sas(ipsec, my);
  open(ipsec, now, my);
  burst.append(ipsec);
}

}  // namespace sallyport
