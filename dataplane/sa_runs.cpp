#include "dataplane/sa_runs.h"

#include <algorithm>

namespace sallyport {

SaRuns::SaRuns(Burst& burst) noexcept {
  const auto order = burst.order();
  if (order.empty()) return;
  const SaSlot first = order.front()->sa;
  if (std::ranges::all_of(order, [&](const Packet* packet) { return packet->sa == first; })) {
    runs_[count_++] = {.sa = first, .packets = order};
    return;
  }
  group(burst);
}

Burst SaRuns::burst() noexcept {
  Burst left;
  for (const SaRun& run : *this) left.append(run.packets);
  return left;
}

void SaRuns::group(Burst& burst) noexcept {
  constexpr unsigned kPlaces = 4 * kBurstSize;  // sparse, so that probing is short
  constexpr std::uint8_t kFree = 0xff;
  std::array<std::uint8_t, kPlaces> run_at;
  run_at.fill(kFree);
  std::array<std::uint8_t, kBurstSize> run_of;
  std::array<std::uint8_t, kBurstSize> length{};
  for (unsigned i = 0; i < burst.size(); ++i) {
    const SaSlot sa = burst[i].sa;
    unsigned place = sa.value % kPlaces;
    while (run_at[place] != kFree && runs_[run_at[place]].sa != sa) place = (place + 1) % kPlaces;
    if (run_at[place] == kFree) {
      run_at[place] = static_cast<std::uint8_t>(count_);
      runs_[count_++] = {.sa = sa, .packets = {}};
    }
    run_of[i] = run_at[place];
    ++length[run_of[i]];
  }
  std::array<Packet*, kBurstSize> arrived;
  std::ranges::copy(burst.packets(), arrived.begin());
  const auto order = burst.order();
  std::array<unsigned, kBurstSize> next;
  unsigned start = 0;
  for (unsigned run = 0; run < count_; ++run) {
    next[run] = start;
    runs_[run].packets = order.subspan(start, length[run]);
    start += length[run];
  }
  for (unsigned i = 0; i < order.size(); ++i) order[next[run_of[i]]++] = arrived[i];
}

}  // namespace sallyport
