#include "dataplane/worker.h"

#include <rte_cycles.h>
#include <rte_pause.h>

#include <algorithm>
#include <thread>

#include "dataplane/forward.h"
#include "dataplane/from_control.h"
#include "dataplane/from_workers.h"
#include "dataplane/inbound.h"
#include "dataplane/mobility.h"
#include "dataplane/parse.h"

namespace sallyport {
namespace {

constexpr std::uint32_t kIcmpBurst = 10;
// Some milliseconds of a turn at most.
constexpr std::uint32_t kGroupCopies = 500'000;
constexpr std::uint32_t kGroupCopiesAtOnce = 4096;
constexpr std::uint32_t kPuntBursts = 10;  // a tenth of a second's punts may come at once
constexpr std::chrono::microseconds kNap{50};
constexpr unsigned kEmptyTurnsBeforeNap = 64;  // a packet that follows closely finds us awake

RateLimit icmp_limit(std::uint32_t per_second) {
  return RateLimit::per_second(per_second, kIcmpBurst, rte_get_tsc_hz());
}

RateLimit punt_limit(std::uint32_t per_second) {
  return RateLimit::per_second(per_second, std::max(1u, per_second / kPuntBursts),
                               rte_get_tsc_hz());
}

std::uint64_t fragment_life(const Worker::Settings& settings) {
  return static_cast<std::uint64_t>(settings.reassembly_time.count()) *
         TickSource(settings.clock).per_second();
}

Reassembly::Settings reassembly_settings(const Worker::Shared& shared,
                                         const Worker::Settings& settings, std::uint64_t seed) {
  return {.datagrams = settings.reassembly_datagrams,
          .life_ticks = fragment_life(settings),
          .seed = seed,
          .buffers = shared.large_pool};
}

}  // namespace

Worker::Worker(const Shared& shared, const Settings& settings, Equipment equipment)
    : tables_(shared.tables),
      settings_(settings),
      equipment_(std::move(equipment)),
      flows_(settings.flows, settings.flow_cache, KeyedHash(equipment_.hash_key),
             TickSource(settings.clock).per_second(), shared.memory),
      asked_sas_(KeyedHash(equipment_.hash_key), static_cast<std::uint32_t>(settings.held_each),
                 TickSource(settings.clock).per_second()),
      audit_({shared.sas, equipment_.events, shared.audit, TickSource(settings.clock), settings.id},
             settings.audit_events_per_second),
      reassembly_(reassembly_settings(shared, settings, equipment_.hash_seed), shared.memory),
      fragment_flows_(settings.fragment_flows, fragment_life(settings), equipment_.hash_seed,
                      shared.memory),
      my_{.sas = shared.sas,
          .handles = shared.handles,
          .populated = shared.populated,
          .keys = shared.keys,
          .bindings = shared.bindings,
          .key_manager = shared.key_manager,
          .pool = shared.pool,
          .large_pool = shared.large_pool,
          .id = settings.id,
          .engine = *equipment_.engine,
          .ivs = *equipment_.ivs,
          .flows = flows_,
          .reassembly = reassembly_,
          .fragment_flows = fragment_flows_,
          .neighbours = RecentNeighbours(shared.neighbours),
          .asked_sas = asked_sas_,
          .ids = {settings.id, settings.workers, equipment_.first_datagram_id},
          .ticks = TickSource(settings.clock),
          .skipped_headers = settings.skipped_headers,
          .ports = equipment_.ports,
          .to_control = equipment_.to_control,
          .from_control = equipment_.from_control,
          .events = equipment_.events,
          .hand_off = *equipment_.hand_off,
          .drops = Drops(audit_),
          .moved_peers = MovedPeers(TickSource(settings.clock).per_second()),
          .tunnelled_peers = TunnelledPeers(TickSource(settings.clock).per_second()),
          .policy_counters = std::vector<PolicyCounter>(settings.policies + 1),
          .icmp_errors = icmp_limit(settings.icmp_errors_per_second),
          .group_copies = RateLimit::per_second(kGroupCopies, kGroupCopiesAtOnce, rte_get_tsc_hz()),
          .punts = {punt_limit(settings.punts_per_second), punt_limit(settings.punts_per_second),
                    punt_limit(settings.punts_per_second), punt_limit(settings.punts_per_second),
                    punt_limit(settings.punts_per_second)}} {}

bool Worker::turn() noexcept {
  const Tables& now = tables_.read();
  if (!reassembly_.empty()) [[unlikely]]
    reassembly_.expire(my_.ticks.now(), my_);
  bool busy = take_from_control(now);
  busy |= take_from_workers(now);
  for (PortQueue& port : equipment_.ports) busy |= receive_from(port, now);
  if (busy) transmit_all();
  tables_.quiescent(settings_.id);
  my_.counters.turns.add();
  if (busy) my_.counters.busy_turns.add();
  return busy;
}

bool Worker::receive_from(PortQueue& port, const Tables& now) noexcept {
  Burst burst;
  port.receive(store_, burst);
  if (burst.empty()) return false;
  my_.laps.mark(Verb::Receive);
  if (parse(burst, port.port(), my_)) [[unlikely]]
    take_home_addresses(burst, now, my_);
  my_.laps.mark(Verb::Parse);
  if (port.port().side() == Side::Unprotected)
    inbound(burst, now, my_);
  else if (now.mobility != nullptr) [[unlikely]]
    open_from_within(burst, now, my_);
  forward(burst, now, my_);
  return true;
}

bool Worker::take_from_control(const Tables& now) noexcept {
  Burst burst = receive_from_control(store_, my_);
  if (burst.empty()) return false;
  forward_from_control(burst, now, my_);
  return true;
}

bool Worker::take_from_workers(const Tables& now) noexcept {
  bool busy = false;
  for (unsigned source = 0; source < my_.hand_off.sources(); ++source) {
    Burst burst;
    my_.hand_off.take(source, store_, burst);
    if (burst.empty()) continue;
    go_on_with(burst, now, my_);
    busy = true;
  }
  return busy;
}

void Worker::transmit_all() noexcept {
  for (PortQueue& port : equipment_.ports) port.flush(my_.drops);
  my_.hand_off.flush(my_.drops);
  my_.laps.mark(Verb::Send);
}

void Worker::run() noexcept {
  tables_.go_online(settings_.id);  // not before: control does not wait for a worker that never ran
  unsigned empty_turns = 0;
  while (!stopping_.load(std::memory_order_relaxed)) {
    empty_turns = turn() ? 0 : empty_turns + 1;
    if (empty_turns >= kEmptyTurnsBeforeNap) idle();
  }
  tables_.go_offline(settings_.id);
}

void Worker::idle() noexcept {
  switch (settings_.idle) {
    case IdleMode::Spin:
      rte_pause();
      return;
    case IdleMode::Yield:
      std::this_thread::yield();
      return;
    case IdleMode::Sleep:
      break;
  }
  tables_.go_offline(settings_.id);
  std::this_thread::sleep_for(kNap);
  tables_.go_online(settings_.id);
}

}  // namespace sallyport
