// One trial of RFC 2544: packets at a constant rate for some time, and what came back of them.
#pragma once

#include <rte_mempool.h>

#include <chrono>
#include <optional>

#include "bench/generator/arrivals.h"
#include "bench/generator/frames.h"
#include "dataplane/port.h"

namespace sallyport::bench {

using Seconds = std::chrono::duration<double>;

// Sends by `out` and receives by `in`, which may be the same port, in one loop on this core.
struct Ends {
  const Port& out;
  const Port& in;
  rte_mempool* pool;
};

struct TrialSettings {
  std::optional<double> rate;  // packets a second; none: as many as the device takes
  Seconds time{1};
  unsigned burst{32};  // frames that are sent at once, at most
};

struct Outcome {
  double seconds{};         // of sending
  std::uint64_t sent{};     // taken by the device
  std::uint64_t refused{};  // not taken: its queue was full
  std::uint64_t skipped{};  // were due while this machine stood still; never offered
  std::uint64_t received{};
  std::uint64_t out_of_order{};
  std::optional<Latencies> latencies;  // in ticks; none where packets cannot be told apart

  [[nodiscard]] std::uint64_t offered() const noexcept { return sent + refused; }
  // Share of what was offered that did not come back; less than 0 where packets came twice.
  [[nodiscard]] double loss() const noexcept;
  [[nodiscard]] double offered_rate() const noexcept;
  [[nodiscard]] double received_rate() const noexcept;
};

// Ends once nothing more has come for a while.
[[nodiscard]] Outcome run_trial(const Ends& ends, const Frames& frames,
                                const TrialSettings& settings) noexcept;

}  // namespace sallyport::bench
