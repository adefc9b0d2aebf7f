#include "dataplane/seal.h"

#include "base/raw_array.h"
#include "dataplane/ah.h"
#include "dataplane/binding_routes.h"
#include "dataplane/esp_wrap.h"
#include "dataplane/lifetime.h"
#include "dataplane/nesting.h"
#include "dataplane/refusal.h"
#include "dataplane/way.h"
#include "sad/sequence_numbers.h"

namespace sallyport {
namespace {

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
[[gnu::always_inline]] inline void take_sequence_numbers(SaRun& run, const OutboundSa& sa,
                                                         OutboundState& state,
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

// Numbers the packets of a run and puts them into what their SA makes of them. What a tunnel has
// made goes to `leave`; of AH it always goes on.
template <class Leave>
[[gnu::always_inline]] inline void encapsulate(SaRun& run, std::span<CryptoJob> jobs,
                                               const OutboundSa& sa, WorkerContext& my,
                                               const Leave& leave) noexcept {
  OutboundState& state = my.sas.outbound_state(run.sa);
  take_sequence_numbers(run, sa, state, my);
  const std::uint64_t bytes = sa.protocol == IpsecProtocol::Esp
                                  ? encapsulate_esp(run, jobs.data(), sa, my, leave)
                                  : encapsulate_ah(run, jobs, sa, my);
  count_bytes(sa, state, bytes);
  if (is_to_be_told(state)) [[unlikely]]
    tell_of_outbound_life(run.sa, my);
}

// What the engine has to come before.
void finish(const SaRun& run, WorkerContext& my) noexcept {
  if (my.sas.outbound(run.sa).protocol == IpsecProtocol::Esp) [[likely]]
    write_udp_checksums(run, my);
  else
    restore_headers(run, my);
}

// Of a burst in its SAs.
struct Encapsulated {
  std::span<CryptoJob> work;  // job i is that of packet i
  bool unpredictable{};       // IVs
};

template <class Leave>
Encapsulated encapsulate_all(SaRuns& runs, std::span<CryptoJob> jobs, WorkerContext& my,
                             const Leave& leave) noexcept {
  Encapsulated all;
  std::size_t count = 0;
  for (SaRun& run : runs) {
    const OutboundSa& sa = my.sas.outbound(run.sa);
    encapsulate(run, jobs.subspan(count, run.packets.size()), sa, my, leave);
    count += run.packets.size();
    all.unpredictable |= sa.iv_rule == IvRule::EncryptedCounter;
  }
  all.work = jobs.first(count);
  return all;
}

// True where nothing has failed.
bool perform(const Encapsulated& all, WorkerContext& my) noexcept {
  if (all.unpredictable || my.ivs.makes_counters()) my.ivs.fill(all.work);
  my.laps.mark(Verb::Encapsulate);
  const bool good = my.engine.seal(all.work);
  my.laps.mark(Verb::Seal);
  return good;
}

// What the engine did not seal may still be in clear.
[[gnu::noinline]] void drop_unsealed(Burst& burst, std::span<const CryptoJob> jobs,
                                     WorkerContext& my) noexcept {
  auto job = jobs.begin();
  burst.keep_if([&](Packet& packet) {
    const bool good = job++->good;
    if (!good) my.drops.drop(packet, DropReason::SealFailure);
    return good;
  });
}

// Whose SAs make what leaves as it is, between one address of ours and one peer.
bool lead_one_way(SaRuns& runs, const WorkerContext& my) noexcept {
  const OutboundSa& first = my.sas.outbound(runs.begin()->sa);
  if (!first.leaves) return false;
  const Octets32 addresses = outer_addresses(first);
  return std::ranges::all_of(runs, [&](const SaRun& run) {
    const OutboundSa& sa = my.sas.outbound(run.sa);
    return sa.leaves && sa.outer_family == first.outer_family && outer_addresses(sa) == addresses;
  });
}

// Where all packets of a burst, none of which is going to be longer, leave behind one link header.
std::optional<Way> common_way(SaRuns& runs, std::uint32_t longest, const Tables& now,
                              WorkerContext& my) noexcept {
  if (longest == kAnyLength || now.mobility != nullptr || !lead_one_way(runs, my))
    return std::nullopt;
  const Address peer = outer_destination(my.sas.outbound(runs.begin()->sa));
  const NextHop& hop = now.routes->look_up(peer);
  if (!hop.is_neighbour()) return std::nullopt;
  const Way way = find_way(hop, peer, my);
  if (!way.known || longest > way.mtu) return std::nullopt;
  return way;
}

// Gets its link header, and waits in the port's queue while it is sealed.
struct WaitsInQueue {
  LinkHeader header;
  PortQueue& queue;  // where there is room

  [[gnu::always_inline]] void operator()(Packet& packet, const OuterDatagram& outer,
                                         const OutboundSa& sa) const noexcept {
    const std::uint16_t header_bytes = header.bytes();
    const std::uint32_t size = outer.size + header_bytes;
    packet.enclose(static_cast<std::uint16_t>(sa.front_bytes + header_bytes), size);
    header.put(outer.header - header_bytes, sa.outer_family);
    queue.put(packet.mbuf, size);
  }
};

// Takes what was not sealed out of the queue again.
[[gnu::noinline]] void take_back_unsealed(SaRuns& runs, std::span<const CryptoJob> jobs,
                                          const Way& way, WorkerContext& my) noexcept {
  Burst all = runs.burst();
  auto job = jobs.begin();
  for (Packet* packet : all) {
    if (job++->good) continue;
    way.queue->withdraw(packet->mbuf);
    packet->strip_front(way.header.bytes());
    outer_summary(my.sas.outbound(packet->sa), packet->size()).store(&packet->summary);
    my.drops.drop(*packet, DropReason::SealFailure);
  }
}

// Nothing is done with a packet after it was sealed: the octets of those behind it have driven all
// that is known of it out of the first-level cache by then.
void seal_and_leave(SaRuns& runs, const Way& way, unsigned packets, WorkerContext& my) noexcept {
  RawArray<CryptoJob, kBurstSize> jobs;
  way.queue->make_room(packets, my.drops);
  const Encapsulated all =
      encapsulate_all(runs, jobs.all(), my, WaitsInQueue{way.header, *way.queue});
  if (!perform(all, my)) [[unlikely]]
    take_back_unsealed(runs, all.work, way, my);
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

// What is to meet policy again goes round. What comes back and has not left meanwhile stands behind
// the others.
[[gnu::noinline]] void send_round(Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  Burst again =
      burst.take_if([&](const Packet& packet) { return my.sas.outbound(packet.sa).loop_back; });
  go_round(again, now, my);
  burst.append(again);
}

// Leaves in `burst` what was sealed, with the next hop of what it has become.
void seal_and_route(SaRuns& runs, Burst& burst, const Tables& now, WorkerContext& my) noexcept {
  RawArray<CryptoJob, kBurstSize> jobs;
  const Encapsulated all = encapsulate_all(runs, jobs.all(), my, GoesOn{});
  const bool good = perform(all, my);
  bool loops = false;
  for (const SaRun& run : runs) {
    finish(run, my);
    loops |= my.sas.outbound(run.sa).loop_back;
  }
  if (all.work.size() != burst.size()) [[unlikely]]
    burst = runs.burst();
  if (!good) [[unlikely]]
    drop_unsealed(burst, all.work, my);
  if (burst.empty()) [[unlikely]]
    return;
  const bool all_have_a_way = route_sealed(burst, runs.size(), now, my);
  if (loops) [[unlikely]]
    send_round(burst, now, my);
  if (!all_have_a_way) [[unlikely]]
    burst.keep_if([&](Packet& packet) { return has_a_way(packet, my); });
  my.laps.mark(Verb::RouteSealed);
}

void fetch_key(const SaRun& run, const WorkerContext& my) noexcept {
  const OutboundSa& sa = my.sas.outbound(run.sa);
  my.keys.prefetch(sa.key, sa.transform, run.packets.front()->summary.length);
}

}  // namespace

void seal(Burst& burst, std::uint32_t longest, const Tables& now, WorkerContext& my) noexcept {
  if (burst.empty()) return;
  SaRuns runs(burst);
  for (const SaRun& run : runs) fetch_key(run, my);
  const std::optional<Way> way = common_way(runs, longest, now, my);
  if (!way) return seal_and_route(runs, burst, now, my);
  seal_and_leave(runs, *way, burst.size(), my);
  burst.clear();
}

}  // namespace sallyport
