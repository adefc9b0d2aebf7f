// The fast matcher: the ordered list in segments, each with an immutable interval index, so that an
// edit rebuilds one segment whatever the size of the list (docs/decisions/0002-policy-matcher.md).
#pragma once

#include <optional>
#include <vector>

#include "spd/interval_index.h"
#include "spd/policy_matcher.h"

namespace sallyport {

class IntervalMatcher final : public PolicyMatcher {
 public:
  // A segment ends at either; a policy with more ranges stands in one of its own.
  static constexpr std::size_t kSegmentColumns = IntervalIndex::kCapacity;
  static_assert(kMostSelectors <= kSegmentColumns);
  static constexpr std::size_t kSegmentRanges = 4 * kSegmentColumns;

  // Refuses also a policy of more than kSegmentColumns selectors.
  [[nodiscard]] Expected<void> insert(std::size_t position, PolicyId id,
                                      std::span<const Selector> selectors) override;
  [[nodiscard]] Expected<void> remove(PolicyId id) override;
  [[nodiscard]] Expected<void> move(PolicyId id, std::size_t position) override;
  // Builds the indices of the segments that were edited since the last call: about a millisecond
  // for a thousand selectors.
  [[nodiscard]] std::shared_ptr<const PolicyView> view() const override;

  [[nodiscard]] std::size_t segments() const noexcept { return segments_.size(); }
  // Octets of all indices that view() has built so far and that still stand.
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  // What a policy, or all of a segment's, add to an index.
  struct Weight {
    std::size_t columns{};
    std::size_t ranges{};

    [[nodiscard]] static Weight of(std::span<const Selector> selectors) noexcept;
    // Whether a segment holds `times` as much.
    [[nodiscard]] bool fits(std::size_t times) const noexcept;
    friend Weight operator+(Weight left, Weight right) noexcept {
      return {left.columns + right.columns, left.ranges + right.ranges};
    }
    friend Weight operator-(Weight left, Weight right) noexcept {
      return {left.columns - right.columns, left.ranges - right.ranges};
    }
  };
  struct Entry {
    PolicyId id;
    std::vector<Selector> selectors;
    Weight weight;
  };
  struct Segment {
    std::vector<Entry> entries;
    Weight weight;
    mutable std::shared_ptr<const IntervalIndex> index;  // null: edited since it was built

    void insert(std::size_t offset, Entry entry);
    [[nodiscard]] Entry take(std::size_t offset);
  };
  struct Place {
    std::size_t segment;
    std::size_t offset;
  };
  class View;

  [[nodiscard]] std::optional<Place> find(PolicyId id) const noexcept;
  [[nodiscard]] Place place_of(std::size_t position) const noexcept;
  void place(Entry entry, std::size_t position);
  [[nodiscard]] Entry take(Place place);
  void join_small_neighbours();

  std::vector<Segment> segments_;  // none is empty
  std::vector<bool> used_;         // by PolicyId
  std::size_t policies_{};
};

}  // namespace sallyport
