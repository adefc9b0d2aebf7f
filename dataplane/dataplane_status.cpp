// What happened: the part of Dataplane that only reads.
#include <algorithm>
#include <array>

#include "dataplane/dataplane_parts.h"

namespace sallyport {
namespace {

constexpr unsigned kEventBatch = 64;  // of each worker at a time

}  // namespace

unsigned Dataplane::take_events(const TakeEvent& take) {
  std::array<Event, kEventBatch> events;
  const TickSource clock(parts_->settings.clock);
  const std::uint64_t now = clock.now();
  const double nanoseconds_per_tick = 1e9 / static_cast<double>(clock.per_second());
  unsigned count = 0;
  const auto drain = [&](EventRing& ring) {
    const unsigned taken = ring.pop(events);
    for (const Event& event : std::span(events).first(taken)) {
      const double ticks = static_cast<double>(now - std::min(now, event.ticks));
      take(event, Duration(static_cast<std::int64_t>(ticks * nanoseconds_per_tick)));
    }
    count += taken;
  };
  drain(*parts_->control_events);
  for (const auto& worker : parts_->workers) drain(worker->events());
  return count;
}

std::uint64_t Dataplane::events_lost() const {
  std::uint64_t sum = parts_->control_events->lost();
  for (const auto& worker : parts_->workers) sum += worker->events().lost();
  return sum;
}

void Dataplane::for_each_suppressed(const Suppressed& visit) const {
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const auto reason = static_cast<DropReason>(i);
    if (!facts(reason).audit) continue;
    visit(kControl, reason, parts_->control_audit->suppressed(reason));
    for (const auto& worker : parts_->workers)
      visit(worker->context().id, reason, worker->audit().suppressed(reason));
  }
}

std::vector<PortStatus> Dataplane::ports() const {
  std::vector<PortStatus> list;
  for (const auto& port : parts_->ports) {
    PortStatus status{.settings = &port->settings(),
                      .id = port->id(),
                      .mac = port->mac(),
                      .driver = port->driver(),
                      .link_up = port->link_up(),
                      .queues = port->queue_count()};
    for (const auto& worker : parts_->workers) {
      const PortQueue& queue = worker->ports()[port->id().value];
      status.received_packets += queue.received.packets.read();
      status.received_bytes += queue.received.bytes.read();
      status.sent_packets += queue.sent.packets.read();
      status.sent_bytes += queue.sent.bytes.read();
    }
    list.push_back(std::move(status));
  }
  return list;
}

std::vector<WorkerStatus> Dataplane::workers() const {
  std::vector<WorkerStatus> list;
  for (const auto& worker : parts_->workers) {
    const WorkerCounters& counters = worker->context().counters;
    const FlowCache& flows = worker->flows();
    list.push_back({.id = worker->context().id,
                    .turns = counters.turns.read(),
                    .busy_turns = counters.busy_turns.read(),
                    .flow_hits = flows.hits(),
                    .flow_misses = flows.misses.read(),
                    .flow_stale = flows.stale.read(),
                    .flow_evictions = flows.evictions.read(),
                    .flow_refused = flows.refused.read(),
                    .punted = counters.punted.read(),
                    .held = counters.held.read(),
                    .released = counters.released.read(),
                    .originated = counters.originated.read(),
                    .fragments_made = counters.fragments_made.read(),
                    .group_copies = counters.group_copies.read(),
                    .given = worker->context().hand_off.given.read(),
                    .taken = worker->context().hand_off.taken.read(),
                    .fragments_kept = counters.fragments_kept.read(),
                    .fragments_left = counters.fragments_left.read(),
                    .fragments_joined = counters.fragments_joined.read(),
                    .resynchronised = worker->context().resynchronisation.found.read(),
                    .resynchronisation_trials = worker->context().resynchronisation.trials.read(),
                    .crypto_variant = std::string(worker->crypto_variant())});
  }
  return list;
}

std::uint64_t Dataplane::dropped(DropReason reason) const {
  std::uint64_t sum = parts_->control_drops.read(reason);
  for (const auto& worker : parts_->workers) sum += worker->context().drops.read(reason);
  return sum;
}

Dataplane::Traffic Dataplane::policy_traffic(PolicyId policy) const {
  const Traffic& before = parts_->forgotten[policy.value];
  const Traffic all = parts_->counted(policy);
  Traffic since{.packets = all.packets - before.packets, .bytes = all.bytes - before.bytes};
  if (since.packets != 0) since.idle = parts_->idle(policy);
  return since;
}

void Dataplane::forget_policy_traffic(PolicyId policy) {
  parts_->forgotten[policy.value] = parts_->counted(policy);
}

Dataplane::Traffic Dataplane::Parts::counted(PolicyId policy) const {
  Traffic sum;
  for (const auto& worker : workers) {
    const PolicyCounter& counter = worker->context().policy_counters[policy.value];
    sum.packets += counter.packets.read();
    sum.bytes += counter.bytes.read();
  }
  return sum;
}

Duration Dataplane::Parts::idle(PolicyId policy) const {
  std::uint64_t last = 0;
  for (const auto& worker : workers)
    last = std::max(last, worker->context().policy_counters[policy.value].last.read());
  const TickSource clock(settings.clock);
  const std::uint64_t now = clock.now();
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(
      static_cast<double>(now - std::min(now, last)) / static_cast<double>(clock.per_second())));
}

PacketAccount Dataplane::account() const {
  PacketAccount account;
  for (const PortStatus& port : ports()) {
    account.received += port.received_packets;
    account.sent += port.sent_packets;
  }
  std::uint64_t released = parts_->control_released.read();
  for (const WorkerStatus& worker : workers()) {
    account.originated += worker.originated;
    account.fragments_made += worker.fragments_made;
    account.group_copies += worker.group_copies;
    account.fragments_joined += worker.fragments_joined;
    account.fragments_kept += worker.fragments_kept - worker.fragments_left;
    account.punted += worker.punted;
    account.held += worker.held;
    account.handed_off += worker.given - worker.taken;
    released += worker.released;
  }
  account.held -= released;
  // What control refused of it has been dropped.
  account.punted -= parts_->control_drops.read(DropReason::PuntRefused);
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const auto reason = static_cast<DropReason>(i);
    (facts(reason).kind == DropClass::Consumed ? account.consumed : account.dropped) +=
        dropped(reason);
  }
  return account;
}

std::size_t Dataplane::mbufs_in_use() const {
  return rte_mempool_in_use_count(parts_->pool.get()) +
         rte_mempool_in_use_count(parts_->large_pool.get());
}

}  // namespace sallyport
