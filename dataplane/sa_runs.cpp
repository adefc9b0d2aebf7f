#include "dataplane/sa_runs.h"

namespace sallyport {

SaRuns::SaRuns(Burst& burst) noexcept {
  const auto order = burst.order();
  for (auto next = order.begin(); next != order.end();) {
    const auto first = next;
    const SaSlot sa = (*first)->sa;
    while (++next != order.end() && (*next)->sa == sa) {
    }
    runs_[count_++] = {.sa = sa, .packets = {first, next}};
  }
}

Burst SaRuns::burst() noexcept {
  Burst left;
  for (const SaRun& run : *this) left.append(run.packets);
  return left;
}

}  // namespace sallyport
