#include "dataplane/outbound.h"

#include "dataplane/esp_encapsulate.h"
#include "dataplane/from_workers.h"
#include "dataplane/icmp_by_payload.h"
#include "dataplane/nesting.h"
#include "dataplane/policy_match.h"
#include "dataplane/sa_runs.h"

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

// Leaves what is bypassed or sealed.
void obey_policy(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  Burst secured = take_protected(burst, now, my);
  if (secured.empty()) return;
  protect(secured, now, my);
  burst.append(secured);
}

}  // namespace

void outbound(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  match_policies(burst, Direction::Outbound, now, my);
  obey_policy(burst, now, my);
}

void outbound_again(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  match_policies_again(burst, now, my);
  obey_policy(burst, now, my);
}

void protect(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  choose_sas(burst, my);
  give_to_outbound_owners(burst, my);
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

}  // namespace sallyport
