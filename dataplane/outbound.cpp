#include "dataplane/outbound.h"

#include "dataplane/cut_datagram.h"
#include "dataplane/esp_encapsulate.h"
#include "dataplane/icmp_by_payload.h"
#include "dataplane/nesting.h"
#include "dataplane/policy_match.h"
#include "dataplane/sa_runs.h"
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

// Leaves in `burst` what was sealed, with the next hop of what it has become.
void seal_all(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  SaRuns runs(burst);
  std::array<CryptoJob, kBurstSize> jobs;
  unsigned count = 0;
  for (SaRun& run : runs) {
    take_sequence_numbers(run, my);
    const auto run_jobs = std::span(jobs).subspan(count, run.packets.size());
    encapsulate(run, run_jobs, my);
    count += static_cast<unsigned>(run.packets.size());
  }
  my.engine.seal(std::span(jobs).first(count));
  burst.clear();
  Burst again;
  for (const SaRun& run : runs) {
    write_udp_checksums(run, my);
    Burst& to = my.sas.outbound(run.sa).loop_back ? again : burst;
    for (Packet* packet : run.packets) to.push(*packet);
  }
  now.routes->look_up(burst);
  if (again.empty()) [[likely]]
    return;
  now.routes->look_up(again);
  go_round(again, now, my);
  burst.append(again);
}

// Inner packets that were too long for the path: each leaves in fragments, sealed one by one. They
// go out in front of the others of their burst.
[[gnu::noinline]] void protect_in_fragments(const Burst& burst, const Tables& now,
                                            WorkerContext& my) noexcept {
  PacketStore store;
  for (Packet* packet : burst) {
    Burst fragments = cut_inner(*packet, store, my);
    // What is cut to fit fits.
    for (Packet* again : choose_sas(fragments, my)) my.drops.drop(*again, DropReason::TooBig);
    seal_all(fragments, now, my);
    transmit(fragments, my);
  }
}

}  // namespace

void outbound(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  match_policies(burst, Direction::Outbound, now, my);
  Burst secured = take_protected(burst, now, my);
  if (secured.empty()) return;
  protect(secured, now, my);
  burst.append(secured);
}

void protect(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  const Burst too_long = choose_sas(burst, my);
  if (!too_long.empty()) [[unlikely]]
    protect_in_fragments(too_long, now, my);
  seal_all(burst, now, my);
}

}  // namespace sallyport
