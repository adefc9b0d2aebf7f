#include "dataplane/outbound.h"

#include "dataplane/esp_encapsulate.h"
#include "dataplane/policy_match.h"
#include "dataplane/sa_runs.h"

namespace sallyport {
namespace {

bool is_protected(const Packet& packet) noexcept { return packet.action == PolicyAction::Protect; }

}  // namespace

void outbound(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  match_policies(burst, Direction::Outbound, now, my);
  drop_discarded(burst, my);
  Burst protect = burst.take_if(is_protected);
  if (protect.empty()) return;
  choose_sas(protect, my);
  SaRuns runs(protect);
  std::array<CryptoJob, kBurstSize> jobs;
  unsigned count = 0;
  for (SaRun& run : runs) {
    take_sequence_numbers(run, my);
    const auto run_jobs = std::span(jobs).subspan(count, run.packets.size());
    encapsulate(run, run_jobs, my);
    count += static_cast<unsigned>(run.packets.size());
  }
  my.engine.seal(std::span(jobs).first(count));
  protect.clear();
  for (const SaRun& run : runs) {
    write_udp_checksums(run, my);
    for (Packet* packet : run.packets) protect.push(*packet);
  }
  now.routes->look_up(protect);
  burst.append(protect);
}

}  // namespace sallyport
