#include "dataplane/outbound.h"

#include "dataplane/ah.h"
#include "dataplane/esp_encapsulate.h"
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

void encapsulate(SaRun& run, std::span<CryptoJob> jobs, WorkerContext& my) noexcept {
  if (my.sas.outbound(run.sa).protocol == IpsecProtocol::Esp) [[likely]]
    encapsulate_esp(run, jobs, my);
  else
    encapsulate_ah(run, jobs, my);
}

// What the engine had to come before.
void finish(const SaRun& run, WorkerContext& my) noexcept {
  if (my.sas.outbound(run.sa).protocol == IpsecProtocol::Esp) [[likely]]
    write_udp_checksums(run, my);
  else
    restore_headers(run, my);
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
  choose_sas(burst, my);
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
    finish(run, my);
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
