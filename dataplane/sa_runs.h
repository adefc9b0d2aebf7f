// Groups a burst into runs of one SA, so that each SA is touched once (and its state is written by
// straight loops). Order within an SA is kept.
#pragma once

#include <array>
#include <span>

#include "dataplane/burst.h"

namespace sallyport {

struct SaRun {
  SaSlot sa;
  std::span<Packet*> packets;
};

class SaRuns {
 public:
  // Reorders `burst` by SA, in the order in which the SAs first appear. The runs point into it:
  // they end with the burst's next change.
  explicit SaRuns(Burst& burst) noexcept;

  [[nodiscard]] auto begin() noexcept { return runs_.begin(); }
  [[nodiscard]] auto end() noexcept { return runs_.begin() + count_; }
  [[nodiscard]] unsigned size() const noexcept { return count_; }

 private:
  void group(Burst& burst) noexcept;

  std::array<SaRun, kBurstSize> runs_;
  unsigned count_{};
};

}  // namespace sallyport
