// Sets of unsigned numbers as intervals. A cut costs the logarithm of their number, so that a set
// may be cut a hundred thousand times.
#pragma once

#include <algorithm>
#include <iterator>
#include <map>

namespace sallyport {

template <class Number>
class IntervalSet {
 public:
  static constexpr Number kEnd = static_cast<Number>(~Number{0});

  IntervalSet() = default;
  IntervalSet(Number first, Number last) { intervals_.emplace(first, last); }

  [[nodiscard]] bool empty() const noexcept { return intervals_.empty(); }
  // Intervals, as few as can be.
  [[nodiscard]] std::size_t size() const noexcept { return intervals_.size(); }
  // Ascending pairs of first and last.
  [[nodiscard]] auto begin() const noexcept { return intervals_.begin(); }
  [[nodiscard]] auto end() const noexcept { return intervals_.end(); }

  [[nodiscard]] bool contains(Number number) const noexcept { return meets(number, number); }
  [[nodiscard]] bool meets(Number first, Number last) const noexcept {
    const auto at = reaching(intervals_, first);
    return at != end() && at->first <= last;
  }
  // True where a number from `first` to `last` is in both.
  [[nodiscard]] bool meets_within(const IntervalSet& other, Number first,
                                  Number last) const noexcept {
    if (other.size() < size()) return other.meets_within(*this, first, last);
    for (auto at = reaching(intervals_, first); at != end() && at->first <= last; ++at)
      if (other.meets(std::max(at->first, first), std::min(at->second, last))) return true;
    return false;
  }
  [[nodiscard]] bool meets(const IntervalSet& other) const noexcept {
    return meets_within(other, 0, kEnd);
  }
  // True where all of `other` is in this one.
  [[nodiscard]] bool covers(const IntervalSet& other) const noexcept {
    if (other.size() > size())
      return !any_gap([&](Number first, Number last) { return other.meets(first, last); });
    return std::ranges::all_of(other.intervals_, [this](const auto& interval) {
      const auto at = reaching(intervals_, interval.first);
      return at != end() && at->first <= interval.first && interval.second <= at->second;
    });
  }

  void add(Number first, Number last) {
    auto at = reaching(intervals_, first == 0 ? first : static_cast<Number>(first - 1));
    while (at != intervals_.end() && (last == kEnd || at->first <= last + 1)) {
      first = std::min(first, at->first);
      last = std::max(last, at->second);
      at = intervals_.erase(at);
    }
    intervals_.emplace_hint(at, first, last);
  }
  void remove(Number first, Number last) {
    auto at = reaching(intervals_, first);
    while (at != intervals_.end() && at->first <= last) {
      const Number ends = at->second;
      if (at->first < first) {
        at->second = first - 1;
        ++at;
      } else {
        at = intervals_.erase(at);
      }
      if (ends > last) intervals_.emplace_hint(at, last + 1, ends);
    }
  }
  void remove(const IntervalSet& other) {
    for (const auto& [first, last] : other) remove(first, last);
  }
  // Removes what is not in `other`.
  void keep(const IntervalSet& other) {
    static_cast<void>(other.any_gap([this](Number first, Number last) {
      remove(first, last);
      return false;
    }));
  }

  friend bool operator==(const IntervalSet&, const IntervalSet&) = default;

 private:
  using Intervals = std::map<Number, Number>;  // last by first; neither overlapping nor adjacent

  // The first interval that does not end before `number`.
  template <class Some>
  [[nodiscard]] static auto reaching(Some& intervals, Number number) noexcept {
    auto at = intervals.upper_bound(number);
    if (at != intervals.begin() && std::prev(at)->second >= number) --at;
    return at;
  }
  // Asks of what lies between the intervals, and before and behind all, until one answer is yes.
  template <class Ask>
  [[nodiscard]] bool any_gap(Ask ask) const {
    Number start = 0;
    for (const auto& [first, last] : intervals_) {
      if (first > start && ask(start, static_cast<Number>(first - 1))) return true;
      if (last == kEnd) return false;
      start = last + 1;
    }
    return ask(start, kEnd);
  }

  Intervals intervals_;
};

}  // namespace sallyport
