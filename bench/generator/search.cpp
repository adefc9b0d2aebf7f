#include "bench/generator/search.h"

namespace sallyport::bench {
namespace {

constexpr double kLeast = 0.001;  // of the first rate

bool any_passes(double rate, unsigned attempts, const std::function<bool(double)>& passes) {
  for (unsigned i = 0; i < attempts; ++i)
    if (passes(rate)) return true;
  return false;
}

}  // namespace

double highest_passing_rate(const SearchSettings& settings,
                            const std::function<bool(double)>& passes) {
  const auto good_at = [&](double rate) { return any_passes(rate, settings.attempts, passes); };
  double good = 0;
  double bad = settings.first;
  while (good_at(bad)) {
    good = bad;
    bad *= 2;
  }
  while (bad - good > settings.resolution * bad && bad > kLeast * settings.first) {
    const double middle = (good + bad) / 2;
    (good_at(middle) ? good : bad) = middle;
  }
  return good;
}

}  // namespace sallyport::bench
