// The packets of a burst in runs of one SA, so that each SA is touched once for those that come
// together (and its state is written by straight loops).
#pragma once

#include <algorithm>
#include <span>

#include "base/raw_array.h"
#include "dataplane/burst.h"

namespace sallyport {

struct SaRun {
  SaSlot sa;
  std::span<Packet*> packets;
  std::uint64_t first_number{};  // outbound: the first packet's; the others' follow
};

class SaRuns {
 public:
  // Packets of one SA that stand next to each other in `burst` are a run. The runs point into it:
  // they end with the burst's next change.
  explicit SaRuns(Burst& burst) noexcept;

  [[nodiscard]] auto begin() noexcept { return runs_.begin(); }
  [[nodiscard]] auto end() noexcept { return runs_.begin() + count_; }
  [[nodiscard]] unsigned size() const noexcept { return count_; }
  // The packets that are left in the runs. To give it to the burst that was cut ends the runs.
  [[nodiscard]] Burst burst() noexcept;
  // Calls `work(run)` for each, and some runs earlier `fetch(sa)` for its memory.
  template <class Fetch, class Work>
  void for_each(Fetch fetch, Work work) noexcept {
    constexpr unsigned kAhead = 4;
    for (unsigned i = 0; i < std::min(kAhead, count_); ++i) fetch(runs_[i].sa);
    for (unsigned i = 0; i < count_; ++i) {
      if (i + kAhead < count_) fetch(runs_[i + kAhead].sa);
      work(runs_[i]);
    }
  }

 private:
  RawArray<SaRun, kBurstSize> runs_;
  unsigned count_{};
};

}  // namespace sallyport
