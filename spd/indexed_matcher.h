// The fast matcher: a large immutable base, and a small delta with what was inserted and moved
// since it was built. An edit costs a delta, until a new base is built
// (docs/decisions/0002-policy-matcher.md).
#pragma once

#include <vector>

#include "spd/policy_index.h"
#include "spd/policy_matcher.h"

namespace sallyport {

class IndexedMatcher final : public PolicyMatcher {
 public:
  // A delta of more than this is worth a new base, and one of more than kMostDelta does not wait:
  // then view() builds it (a first load: half a second for 100 000).
  static constexpr std::size_t kWorthRebuilding = 256;
  static constexpr std::size_t kMostDelta = 32 * kWorthRebuilding;

  // Refuses a selector of more ranges than an index takes, as insertions do.
  [[nodiscard]] static Expected<void> check(std::span<const Selector> selectors);
  [[nodiscard]] Expected<void> insert(std::size_t position, PolicyId id,
                                      std::span<const Selector> selectors) override;
  [[nodiscard]] Expected<void> remove(PolicyId id) override;
  [[nodiscard]] Expected<void> move(PolicyId id, std::size_t position) override;
  [[nodiscard]] Expected<void> set_activity(PolicyId id, Activity activity) override;
  // The fewest that have to go from their places move.
  [[nodiscard]] Expected<void> replace(std::span<const Listed> list) override;
  [[nodiscard]] std::shared_ptr<const PolicyView> view() override;
  [[nodiscard]] std::shared_ptr<Rebuild> begin_rebuild() override;
  void finish_rebuild(const Rebuild& rebuild) override;

  // Selectors that the next view has in its delta, and those that it passes over in its base.
  [[nodiscard]] std::size_t delta() const noexcept { return columns_ - base_columns_; }
  [[nodiscard]] std::size_t dead() const noexcept;

 private:
  using Selectors = std::shared_ptr<const std::vector<Selector>>;
  using Column = std::uint32_t;  // in the base; of a policy the first of its columns

  struct Entry {
    PolicyId id;
    Column column{kNoColumn};  // where it is not in the base
    std::uint64_t edited{};    // when it was put where it stands
    Selectors selectors;
    Activity activity{Activity::Active};
  };
  class Base;
  class Shape;
  class View;
  class BaseRebuild;

  [[nodiscard]] std::size_t place_of(PolicyId id) const noexcept;
  // The same at once, until the next edit of the order.
  [[nodiscard]] std::size_t known_place(PolicyId id);
  void forget_shape() noexcept;
  void make_shape();
  void show_activity(const Entry& entry);
  // It stands in no order with the base any more.
  void mark_edited(Entry& entry) noexcept;
  void count_in(const Entry& entry) noexcept;
  void count_out(const Entry& entry) noexcept;
  void adopt(std::shared_ptr<const Base> base, std::uint64_t made_at);

  std::vector<Entry> entries_;  // in order; those in the base have ascending columns
  std::vector<bool> used_;      // by PolicyId
  std::size_t columns_{};       // of all entries
  std::size_t base_columns_{};  // of those that stand in the base
  std::uint64_t edits_{};
  std::shared_ptr<const Base> base_;
  std::uint64_t base_made_at_{};  // as of which edit
  // Of the next view, where the order has not been edited since the last one: what both have in
  // common, and which columns are met.
  std::shared_ptr<const Shape> shape_;
  LiveColumns live_;
  LiveColumns delta_live_;
  std::vector<std::size_t> places_;  // by PolicyId; empty: not known
};

}  // namespace sallyport
