#include "bench/home_agent_storm.h"

#include <fmt/format.h>
#include <rte_cycles.h>

#include <algorithm>
#include <array>

#include "bench/machine.h"
#include "bench/pace.h"
#include "dataplane/burst.h"

namespace sallyport::bench {
namespace {

constexpr double kLongestWait = 30;  // seconds, for acknowledgements behind the last update
constexpr unsigned kStepsOfWindow = 32;
constexpr double kMicroseconds = 1e6;

double hertz() { return static_cast<double>(rte_get_tsc_hz()); }

// Puts the mean of every so many steps behind `windows`.
class Windows {
 public:
  explicit Windows(std::vector<double>& windows) : windows_(windows) {}
  void add(double ticks) {
    sum_ += ticks;
    if (++steps_ < kStepsOfWindow) return;
    windows_.push_back(sum_ / kStepsOfWindow);
    sum_ = 0;
    steps_ = 0;
  }

 private:
  std::vector<double>& windows_;
  double sum_{};
  unsigned steps_{};
};

}  // namespace

Times times_of(std::vector<double> microseconds) {
  std::ranges::sort(microseconds);
  const auto at = [&](std::size_t percent) {
    return microseconds[(microseconds.size() - 1) * percent / 100];
  };
  return {.median = at(50), .p99 = at(99), .most = microseconds.back()};
}

void ControlThread::start(int core) {
  stopping_ = false;
  ticks_.clear();
  thread_ = std::thread([this, core] { run(core); });
}

void ControlThread::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void ControlThread::run(int core) {
  stay_on(core, "control");
  while (!stopping_) {
    const unsigned messages = gateway_.waiting();
    const std::uint64_t start = thread_ticks();
    gateway_.poll();
    const auto ticks = static_cast<double>(thread_ticks() - start);
    if (messages != 0) ticks_.insert(ticks_.end(), messages, ticks / messages);
  }
}

Storm::Storm(HomeAgentGateway& gateway, HomeNodes& nodes, const StormSettings& settings)
    : gateway_(gateway),
      nodes_(nodes),
      settings_(settings),
      frames_({gateway.ring().mac(kInside), gateway.ring().mac(kOutside)},
              gateway.settings().transform),
      draw_(nodes.count()),
      sent_at_(nodes.count()) {}

NodeNumber Storm::moves() const noexcept {
  return std::max<NodeNumber>(1, static_cast<NodeNumber>(settings_.share * nodes_.count()));
}

// All over the list.
NodeNumber Storm::mover(NodeNumber number) const noexcept {
  return static_cast<NodeNumber>(std::uint64_t{number} * nodes_.count() / moves());
}

Expected<std::vector<rte_mbuf*>> Storm::buffers(std::size_t count) {
  std::vector<rte_mbuf*> mbufs(count);
  if (rte_pktmbuf_alloc_bulk(gateway_.ring().pool(), mbufs.data(), static_cast<unsigned>(count)) !=
      0)
    return fail(Error::Code::Exhausted, "no buffers for the storm");
  return mbufs;
}

Expected<double> Storm::step(NodeNumber updates) {
  auto payload = buffers(kPayload);
  if (!payload) return std::unexpected(payload.error());
  auto asking = buffers(updates);
  if (!asking) return std::unexpected(asking.error());
  for (rte_mbuf* const mbuf : *payload)
    frames_.write_to_node(*mbuf, nodes_.tunnel(draw_.next()), settings_.octets);
  for (rte_mbuf* const mbuf : *asking) {
    const NodeNumber node = mover(asked_++);
    const auto next = static_cast<Place>(nodes_.place(node) + 1);
    frames_.write_update(*mbuf, nodes_.update(node, next));
    sent_at_[node] = rte_rdtsc();
  }
  RingGateway& ring = gateway_.ring();
  ring.put(kInside, *payload);
  if (!asking->empty()) ring.put(kOutside, *asking);
  const std::uint64_t start = thread_ticks();
  for (unsigned turned = 0; turned < kPayload; turned += kBurstSize) ring.turn();
  const auto ticks = static_cast<double>(thread_ticks() - start);
  arrived_ = 0;
  take_out();
  result_.lost += kPayload - std::min<std::uint64_t>(arrived_, kPayload);
  return ticks / kPayload;
}

void Storm::take_out() {
  std::array<rte_mbuf*, kWireCapacity> mbufs;
  for (const PortId port : {kInside, kOutside})
    while (const unsigned count = gateway_.ring().take(port, mbufs)) {
      for (rte_mbuf* const mbuf : std::span(mbufs).first(count)) judge(read_sent(*mbuf));
      rte_pktmbuf_free_bulk(mbufs.data(), count);
    }
}

// In the order in which they went out.
void Storm::judge(const Sent& sent) {
  if (sent.kind == Sent::Kind::Other) return;
  std::uint64_t& asked = sent_at_[sent.node];
  const auto next = static_cast<Place>(nodes_.place(sent.node) + 1);
  if (sent.kind == Sent::Kind::Payload) {
    ++arrived_;
    const bool there = sent.to == nodes_.tunnel(sent.node).outer;
    if (!there && (asked == 0 || sent.to != care_of(sent.node, next))) ++result_.misled;
    return;
  }
  if (asked == 0 || sent.to != care_of(sent.node, next)) return;
  answers_.push_back(static_cast<double>(rte_rdtsc() - asked) / hertz() * kMicroseconds);
  asked = 0;
  nodes_.moved(sent.node, next);
  ++answered_;
}

Expected<void> Storm::carry_quietly(std::vector<double>& windows) {
  const std::uint64_t start = rte_rdtsc();
  Windows means(windows);
  while (static_cast<double>(rte_rdtsc() - start) < settings_.quiet_seconds * hertz() ||
         windows.empty()) {
    const auto ticks = step(0);
    if (!ticks) return std::unexpected(ticks.error());
    means.add(*ticks);
  }
  return {};
}

Expected<void> Storm::storm(std::vector<double>& windows) {
  const NodeNumber all = moves();
  const std::uint64_t start = rte_rdtsc();
  const auto passed = [start] { return static_cast<double>(rte_rdtsc() - start) / hertz(); };
  Pace pace(all / settings_.seconds, hertz(), start, all);
  Windows means(windows);
  while ((answered_ < all && passed() < settings_.seconds + kLongestWait) || windows.empty()) {
    const unsigned due = pace.due(rte_rdtsc(), kMostUpdates);
    const auto ticks = step(std::min<NodeNumber>(due, all - asked_));
    if (!ticks) return std::unexpected(ticks.error());
    means.add(*ticks);
    result_.packets += kPayload;
    result_.seconds = passed();
  }
  result_.moves = all;
  result_.unacknowledged = all - answered_;
  return {};
}

Expected<StormResult> Storm::run() {
  std::vector<double> quiet, disturbed;
  ControlThread control(gateway_);
  control.start(settings_.control_core);
  if (auto carried = carry_quietly(quiet); !carried) return std::unexpected(carried.error());
  if (result_.lost != 0)
    return fail(Error::Code::Io, fmt::format("{} packets got lost before", result_.lost),
                "drops: " + gateway_.ring().drops());
  if (auto done = storm(disturbed); !done) return std::unexpected(done.error());
  control.stop();
  std::vector<double> kept;
  for (const double ticks : control.ticks()) kept.push_back(ticks / hertz() * kMicroseconds);
  result_.quiet = spread_of(quiet);
  result_.disturbed = spread_of(disturbed);
  if (!kept.empty()) result_.control = times_of(kept);
  if (!answers_.empty()) result_.answer = times_of(answers_);
  return result_;
}

}  // namespace sallyport::bench
