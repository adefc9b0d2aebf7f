#include "bench/measurement.h"

#include <fmt/format.h>
#include <rte_cycles.h>
#include <rte_ethdev.h>

#include <algorithm>

#include "dataplane/dataplane_parts.h"
#include "dataplane/worker.h"
#include "net/esp.h"
#include "net/ipv4.h"
#include "net/ipv6.h"

namespace sallyport::bench {
namespace {

constexpr unsigned kFillings = 32;  // of all buffers, in one window

// Link header and outer IP header.
std::size_t before_esp(Family family) noexcept {
  return RTE_ETHER_HDR_LEN + (family == Family::V4 ? sizeof(Ipv4Header) : sizeof(Ipv6Header));
}

// What reading the clock twice costs.
std::uint64_t clock_ticks() noexcept {
  std::uint64_t least = ~0ull;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t start = rte_rdtsc_precise();
    least = std::min(least, rte_rdtsc_precise() - start);
  }
  return least;
}

template <class Work>
std::uint64_t ticks_of(Work&& work) noexcept {
  static const std::uint64_t kClock = clock_ticks();
  const std::uint64_t start = rte_rdtsc_precise();
  work();
  const std::uint64_t ticks = rte_rdtsc_precise() - start;
  return ticks - std::min(ticks, kClock);
}

// Ticks a packet of a window: kFillings times `filling`, which says its ticks.
template <class Filling>
Expected<double> window_of(Filling&& filling) {
  std::uint64_t sum = 0;
  for (unsigned i = 0; i < kFillings; ++i) {
    const Expected<std::uint64_t> ticks = filling();
    if (!ticks) return std::unexpected(ticks.error());
    sum += *ticks;
  }
  return static_cast<double>(sum) / (kFillings * kPackets);
}

}  // namespace

Course::Course(TunnelPair& pair, const Settings& settings)
    : pair_(pair),
      settings_(settings),
      flows_({pair.settings().sas, pair.settings().flows, settings.order}),
      traffic_(pair.sealing().pool(), {.family = pair.settings().family,
                                       .size = settings.size,
                                       .gateway = pair.sealing().mac(kInside)}) {}

RingGateway& Course::measured() noexcept {
  return settings_.direction == Direction::Outbound ? pair_.sealing() : pair_.opening();
}

Expected<Course::Ticks> Course::carry(RingGateway& gateway, PortId from, PortId to) {
  const auto mbufs = traffic_.mbufs();
  // Full bursts follow each other as on a busy port; smaller ones come alone.
  const unsigned at_once = settings_.burst == kBurstSize ? kPackets : settings_.burst;
  Ticks ticks = 0;
  unsigned arrived = 0;
  for (unsigned sent = 0; sent < kPackets; sent += at_once) {
    const unsigned some = std::min(at_once, kPackets - sent);
    gateway.put(from, mbufs.subspan(sent, some));
    if (profiling_ && &gateway == &measured()) gateway.laps().start();
    ticks += ticks_of([&] {
      for (unsigned turned = 0; turned < some; turned += kBurstSize) gateway.turn();
    });
    gateway.laps().stop();
    arrived += gateway.take(to, mbufs.subspan(arrived));
  }
  if (arrived != kPackets)
    return fail(Error::Code::Io,
                fmt::format("{} of {} packets got lost", kPackets - arrived, kPackets),
                "drops: " + gateway.drops());
  return ticks;
}

Expected<Course::Ticks> Course::seal() {
  traffic_.refill(flows_);
  return carry(pair_.sealing(), kInside, kOutside);
}

Expected<Course::Ticks> Course::open() {
  if (auto sealed = seal(); !sealed) return sealed;
  return carry(pair_.opening(), kOutside, kInside);
}

Course::Ticks Course::pass_through_ports() {
  const bool outbound = settings_.direction == Direction::Outbound;
  const PortId from = outbound ? kInside : kOutside;
  const PortId to = outbound ? kOutside : kInside;
  RingGateway& gateway = measured();
  gateway.put(from, traffic_.mbufs());
  const Ticks ticks = ticks_of([&] {
    std::array<rte_mbuf*, kBurstSize> frames;
    for (unsigned passed = 0; passed < kPackets; passed += kBurstSize) {
      const auto count = rte_eth_rx_burst(gateway.device(from), 0, frames.data(), kBurstSize);
      rte_eth_tx_burst(gateway.device(to), 0, frames.data(), count);
    }
  });
  static_cast<void>(gateway.take(to, traffic_.mbufs()));
  return ticks;
}

Course::Ticks Course::perform_raw(RawCrypto& raw) {
  const Transform transform = pair_.settings().transform;
  const std::size_t front = before_esp(pair_.settings().family);
  const std::size_t around =
      front + sizeof(EspHeader) + facts(transform.cipher).iv_bytes + icv_bytes(transform);
  std::array<RawPacket, kPackets> packets;
  for (unsigned i = 0; i < kPackets; ++i) {
    rte_mbuf* const mbuf = traffic_.mbufs()[i];
    packets[i] = {.esp = rte_pktmbuf_mtod_offset(mbuf, std::uint8_t*, front),
                  .text_bytes = mbuf->data_len - static_cast<std::uint32_t>(around),
                  .key = pair_.key_of(flows_.next().sa)};
  }
  raw.prepare(packets);
  return ticks_of([&] { raw.run(); });
}

Expected<void> Course::warm_up() {
  const TunnelPair::Settings& pair = pair_.settings();
  const Flows measured = std::exchange(flows_, Flows({pair.sas, pair.flows, Order::Sequential}));
  const bool outbound = settings_.direction == Direction::Outbound;
  for (std::uint32_t sent = 0; sent < pair.flows; sent += kPackets)
    if (const auto done = outbound ? seal() : open(); !done) return std::unexpected(done.error());
  flows_ = measured;
  return {};
}

Expected<Course::Window> Course::measure(RawCrypto* raw) {
  const bool outbound = settings_.direction == Direction::Outbound;
  const auto turn = window_of([&] { return outbound ? seal() : open(); });
  if (!turn) return std::unexpected(turn.error());
  const auto port = window_of([&] { return Expected<Ticks>(pass_through_ports()); });
  if (raw == nullptr) return Window{*turn, *port, 0};
  if (auto sealed = seal(); !sealed) return std::unexpected(sealed.error());
  const auto alone = window_of([&] { return Expected<Ticks>(perform_raw(*raw)); });
  return Window{*turn, *port, *alone};
}

Expected<std::vector<Course::Window>> Course::measure_windows(RawCrypto* raw) {
  std::vector<Window> windows;
  for (unsigned i = 0; i <= settings_.windows; ++i) {
    const auto window = measure(raw);
    if (!window) return std::unexpected(window.error());
    if (i != 0) windows.push_back(*window);  // the first one warmed up
  }
  return windows;
}

Expected<std::array<double, kVerbCount>> Course::profile() {
  const auto before = measured().laps().ticks();
  const auto fillings = settings_.windows * kFillings;
  profiling_ = true;
  for (unsigned i = 0; i < fillings; ++i) {
    const auto done = settings_.direction == Direction::Outbound ? seal() : open();
    if (!done) return std::unexpected(done.error());
  }
  profiling_ = false;
  const auto& after = measured().laps().ticks();
  std::array<double, kVerbCount> verbs;
  for (std::size_t i = 0; i < kVerbCount; ++i)
    verbs[i] = static_cast<double>(after[i] - before[i]) / (double{kPackets} * fillings);
  return verbs;
}

Expected<Measurement> Course::run() {
  if (!traffic_.complete()) return fail(Error::Code::Exhausted, "no buffers for the traffic");
  const TunnelPair::Settings& pair = pair_.settings();
  const auto raw = raw_crypto(pair.transform, settings_.direction,
                              *pair_.sealing().dataplane().parts().keys, settings_.burst);
  if (auto warm = warm_up(); !warm) return std::unexpected(warm.error());
  const FlowCache& cache = pair_.sealing().dataplane().parts().workers.front()->flows();
  const std::uint64_t hits = cache.hits();
  const std::uint64_t lookups = cache.lookups.read();
  const auto windows = measure_windows(raw.get());
  if (!windows) return std::unexpected(windows.error());
  const auto spread = [&](auto&& value) {
    std::vector<double> values;
    for (const Window& window : *windows) values.push_back(value(window));
    return spread_of(std::move(values));
  };
  Measurement result{.direction = settings_.direction,
                     .transform = pair.transform,
                     .size = settings_.size,
                     .mean_octets = traffic_.mean_octets(),
                     .sas = pair.sas,
                     .other_policies = pair.other_policies,
                     .flows = pair.flows,
                     .turn = spread([](const Window& window) { return window.turn; }),
                     .port = spread([](const Window& window) { return window.port; })};
  if (raw != nullptr) {
    result.raw = spread([](const Window& window) { return window.raw; });
    result.own = spread([](const Window& window) { return window.own(); });
  }
  result.flow_hits = static_cast<double>(cache.hits() - hits) /
                     static_cast<double>(cache.lookups.read() - lookups);
  if (settings_.profile) {
    const auto verbs = profile();
    if (!verbs) return std::unexpected(verbs.error());
    result.verbs = *verbs;
  }
  return result;
}

}  // namespace sallyport::bench
