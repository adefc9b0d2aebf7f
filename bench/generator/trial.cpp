#include "bench/generator/trial.h"

#include <rte_cycles.h>

#include <array>
#include <memory>
#include <span>

#include "bench/pace.h"

namespace sallyport::bench {
namespace {

constexpr unsigned kMostAtOnce = 64;
constexpr Seconds kLongestWait{1};       // for what comes after the last packet was sent
constexpr Seconds kStragglers{0.1};      // how long after the last packet another may come
constexpr Seconds kMostBehind{0.000'5};  // what a late sender catches up with

std::uint64_t ticks(Seconds time) noexcept {
  return static_cast<std::uint64_t>(time.count() * static_cast<double>(rte_get_tsc_hz()));
}

// One trial under way.
class Run {
 public:
  Run(const Ends& ends, const Frames& frames, std::uint32_t trial)
      : ends_(ends), frames_(frames), trial_(trial), arrivals_(std::make_unique<Arrivals>(trial)) {}

  // Offers `count` packets, which were due at tick `now`.
  void send(unsigned count, std::uint64_t now) noexcept {
    std::array<rte_mbuf*, kMostAtOnce> mbufs;
    if (rte_pktmbuf_alloc_bulk(ends_.pool, mbufs.data(), count) != 0) {
      outcome_.refused += count;
      return;
    }
    for (unsigned i = 0; i < count; ++i) {
      const Stamp stamp{.trial = trial_, .number = outcome_.sent + i, .sent_at = now};
      mbufs[i]->data_len = frames_.frame_bytes();
      mbufs[i]->pkt_len = frames_.frame_bytes();
      frames_.write(stamp, rte_pktmbuf_mtod(mbufs[i], std::uint8_t*));
      arrivals_->note_sent(stamp);
    }
    const std::uint16_t taken =
        rte_eth_tx_burst(ends_.out.device_id(), 0, mbufs.data(), static_cast<std::uint16_t>(count));
    outcome_.sent += taken;
    outcome_.refused += count - taken;
    rte_pktmbuf_free_bulk(&mbufs[taken], count - taken);
  }

  void receive() noexcept {
    std::array<rte_mbuf*, kMostAtOnce> mbufs;
    const std::uint16_t count =
        rte_eth_rx_burst(ends_.in.device_id(), 0, mbufs.data(), kMostAtOnce);
    if (count == 0) return;
    const std::uint64_t now = rte_rdtsc();
    for (const rte_mbuf* mbuf : std::span(mbufs).first(count)) {
      const ByteView frame{rte_pktmbuf_mtod(mbuf, const std::uint8_t*), mbuf->data_len};
      if (frame.size() > RTE_ETHER_HDR_LEN) arrivals_->note(frame.subspan(RTE_ETHER_HDR_LEN), now);
    }
    rte_pktmbuf_free_bulk(mbufs.data(), count);
  }

  // Other traffic of the link may never end.
  void wait_for_stragglers() noexcept {
    const std::uint64_t start = rte_rdtsc();
    std::uint64_t last = start;
    std::uint64_t seen = arrivals_->count();
    for (std::uint64_t now = start;
         now - last < ticks(kStragglers) && now - start < ticks(kLongestWait); now = rte_rdtsc()) {
      receive();
      if (arrivals_->count() != seen) last = now;
      seen = arrivals_->count();
    }
  }

  [[nodiscard]] Outcome finish(double seconds, std::uint64_t skipped) noexcept {
    outcome_.seconds = seconds;
    outcome_.skipped = skipped;
    outcome_.received = arrivals_->count();
    outcome_.out_of_order = arrivals_->out_of_order();
    const bool certain = !arrivals_->encrypted() || outcome_.received == outcome_.sent;
    const Latencies* const latencies = arrivals_->latencies();
    if (latencies != nullptr && certain) outcome_.latencies = *latencies;
    return outcome_;
  }

 private:
  const Ends& ends_;
  const Frames& frames_;
  std::uint32_t trial_;
  std::unique_ptr<Arrivals> arrivals_;
  Outcome outcome_;
};

}  // namespace

double Outcome::loss() const noexcept {
  if (offered() == 0) return 0;
  return 1 - static_cast<double>(received) / static_cast<double>(offered());
}

double Outcome::offered_rate() const noexcept { return static_cast<double>(offered()) / seconds; }

double Outcome::received_rate() const noexcept { return static_cast<double>(received) / seconds; }

Outcome run_trial(const Ends& ends, const Frames& frames, const TrialSettings& settings) noexcept {
  static std::uint32_t trials;
  Run run(ends, frames, ++trials);
  const unsigned burst = std::min(settings.burst, kMostAtOnce);
  const std::uint64_t start = rte_rdtsc();
  const std::uint64_t end = start + ticks(settings.time);
  const double hertz = static_cast<double>(rte_get_tsc_hz());
  const double rate = settings.rate.value_or(0);
  Pace pace(rate, hertz, start, burst + static_cast<std::uint64_t>(rate * kMostBehind.count()));
  std::uint64_t now = start;
  for (; now < end; now = rte_rdtsc()) {
    const unsigned count = settings.rate ? pace.due(now, burst) : burst;
    if (count != 0) run.send(count, now);
    run.receive();
  }
  const double seconds = static_cast<double>(now - start) / hertz;
  run.wait_for_stragglers();
  return run.finish(seconds, pace.skipped());
}

}  // namespace sallyport::bench
