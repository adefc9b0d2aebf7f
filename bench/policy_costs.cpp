#include "bench/policy_costs.h"

#include <fmt/format.h>
#include <x86intrin.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <numeric>
#include <span>
#include <stdexcept>

#include "spd/indexed_matcher.h"
#include "spd/spd.h"

namespace sallyport::bench {
namespace {

// Packets of a window: more than the caches hold the answers of.
constexpr std::size_t kPackets = 8192;
// The largest leaves room for the edits that are measured.
constexpr std::array<std::uint32_t, 4> kDeltas{0, 1, IndexedMatcher::kWorthRebuilding,
                                               IndexedMatcher::kMostDelta - 8};
constexpr unsigned kReloads = 3;

using Packets = std::vector<SelectorFields>;

// Of processor time: what else runs on the machine does not count.
template <class Work>
double milliseconds(Work&& work) {
  const std::clock_t start = std::clock();
  work();
  return 1000.0 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

template <class Window>
Spread windows_of(unsigned count, Window&& window) {
  std::vector<double> found;
  for (unsigned i = 0; i < count; ++i) found.push_back(window());
  return spread_of(std::move(found));
}

// The sum of the best times of small batches, each met again when all others have been: other work
// on the core disturbs few of them.
double ticks_per_match(const PolicyView& view, const Packets& packets) {
  constexpr std::size_t kBatch = 16;
  constexpr int kRounds = 5;
  std::vector<std::uint64_t> best(packets.size() / kBatch, ~std::uint64_t{0});
  std::uint32_t sum = 0;
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t batch = 0; batch < best.size(); ++batch) {
      const std::uint64_t start = __rdtsc();
      for (const SelectorFields& fields : std::span(packets).subspan(batch * kBatch, kBatch))
        sum += view.match(fields).value;
      best[batch] = std::min<std::uint64_t>(best[batch], __rdtsc() - start);
    }
  }
  asm volatile("" : : "r"(sum));  // the answers are wanted
  return static_cast<double>(std::reduce(best.begin(), best.end())) /
         static_cast<double>(packets.size());
}

// A matcher with a base, where so many neighbours all over the list have changed places since. A
// small list has no base: all of it is delta.
class ChangedMatcher {
 public:
  ChangedMatcher(const std::vector<Selector>& selectors, std::uint32_t changes) {
    std::vector<PolicyMatcher::Listed> list;
    for (const Selector& selector : selectors)
      list.push_back(
          {PolicyId{static_cast<std::uint32_t>(list.size() + 1)}, std::span(&selector, 1)});
    build = milliseconds([&] {
      static_cast<void>(matcher.replace(list));
      static_cast<void>(matcher.view());
    });
    for (std::uint32_t i = 0; i < changes; ++i) {
      const std::size_t place = i * list.size() / changes;
      std::swap(list[place], list[place + 1]);
    }
    static_cast<void>(matcher.replace(list));
  }

  IndexedMatcher matcher;
  double build{};  // milliseconds
};

// As it stands, but for the first policy's moves.
MatchCosts measure_matching(IndexedMatcher& matcher, std::uint32_t policies, const Packets& aimed,
                            const Packets& stray, unsigned windows) {
  const auto view = matcher.view();
  const auto move_and_view = [&] {
    static_cast<void>(matcher.move(PolicyId{1}, policies / 2));
    static_cast<void>(matcher.view());
  };
  return {.delta = static_cast<std::uint32_t>(matcher.delta()),
          .aimed = windows_of(windows, [&] { return ticks_per_match(*view, aimed); }),
          .stray = windows_of(windows, [&] { return ticks_per_match(*view, stray); }),
          .edit = windows_of(windows, [&] { return milliseconds(move_and_view); }),
          .own_bytes = view->octets().own,
          .shared_bytes = view->octets().shared};
}

Policy policy_of(const Selector& selector, std::size_t number, PolicyAction action) {
  return {.name = fmt::format("policy-{}", number), .selectors = {selector}, .action = action};
}

void measure_spd(const std::vector<Selector>& selectors, SetCosts& costs) {
  Spd spd(selectors.size() + kReloads, 1);
  std::vector<Policy> list;
  for (const Selector& selector : selectors)
    list.push_back(policy_of(selector, list.size(), PolicyAction::Bypass));
  const auto load = [&] {
    if (const auto good = spd.check(list); !good) throw std::logic_error(to_string(good.error()));
    spd.replace(list);
    static_cast<void>(spd.snapshot());
    spd.reuse(spd.take_removed());
  };
  load();
  std::size_t number = list.size();
  costs.change = windows_of(kReloads, [&] {
    return milliseconds([&] {
      static_cast<void>(
          spd.insert(policy_of(selectors[number % selectors.size()], number, PolicyAction::Discard),
                     selectors.size() / 2));
      static_cast<void>(spd.snapshot());
      ++number;
    });
  });
  load();
  costs.reload = windows_of(kReloads, [&] {
    for (std::size_t i = 0; i < list.size(); i += 10)
      list[i].action =
          list[i].action == PolicyAction::Bypass ? PolicyAction::Discard : PolicyAction::Bypass;
    return milliseconds(load);
  });
}

}  // namespace

SetCosts measure(const SelectorSet::Settings& settings, unsigned windows) {
  SelectorSet set(settings);
  Packets aimed(kPackets);
  Packets stray(kPackets);
  for (SelectorFields& fields : aimed) fields = set.aimed();
  for (SelectorFields& fields : stray) fields = set.stray();

  SetCosts costs{.set = settings, .matching = {}};
  for (const std::uint32_t delta : kDeltas) {
    if (settings.size < 4 * delta) break;
    ChangedMatcher changed(set.selectors(), delta);
    const bool has_base = changed.matcher.delta() == delta;
    if (!has_base && delta != 0) break;
    costs.build = changed.build;
    costs.matching.push_back(
        measure_matching(changed.matcher, settings.size, aimed, stray, windows));
  }
  measure_spd(set.selectors(), costs);
  return costs;
}

}  // namespace sallyport::bench
