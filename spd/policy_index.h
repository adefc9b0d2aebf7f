// Selectors in order of precedence, one column each, and the first of them that a packet matches
// (docs/decisions/0002-policy-matcher.md).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "spd/live_columns.h"
#include "spd/narrow_index.h"
#include "spd/wide_index.h"

namespace sallyport {

inline constexpr std::uint32_t kNoColumn = ~std::uint32_t{0};

// Immutable once built: any number of threads may ask at once. Memory and the time to build grow
// with the number of ranges.
class PolicyIndex {
 public:
  PolicyIndex() = default;
  // As many as fit(), in ascending order of their columns; they are not kept.
  explicit PolicyIndex(SelectorColumns selectors);
  // How many of these, from the front, one index takes.
  [[nodiscard]] static std::size_t fit(SelectorColumns selectors) noexcept;
  // One alone.
  [[nodiscard]] static bool fits(const Selector& selector) noexcept;

  // The first live column that matches, or kNoColumn.
  [[nodiscard]] std::uint32_t first_match(const SelectorFields& fields,
                                          const LiveColumns& live) const noexcept {
    // A packet's addresses are of one family; where a caller's are not, nothing matches.
    if (fields.local.family != fields.remote.family) return kNoColumn;
    const std::uint32_t narrow = fields.local.family == Family::V4
                                     ? narrow_v4_.first_match(fields, live, kNoColumn)
                                     : narrow_v6_.first_match(fields, live, kNoColumn);
    return wide_.first_match(fields, live, narrow);
  }
  // Octets on the heap.
  [[nodiscard]] std::size_t bytes() const noexcept {
    return narrow_v4_.bytes() + narrow_v6_.bytes() + wide_.bytes();
  }

 private:
  NarrowIndex<V4Number> narrow_v4_;
  NarrowIndex<V6Number> narrow_v6_;
  WideIndex wide_;
};

// Any number of selectors: as many indices as they take. Their columns count from 0.
class PolicyIndices {
 public:
  PolicyIndices() = default;
  explicit PolicyIndices(std::span<const Selector* const> selectors);

  [[nodiscard]] std::uint32_t first_match(const SelectorFields& fields,
                                          const LiveColumns& live) const noexcept {
    for (const PolicyIndex& index : indices_)
      if (const std::uint32_t found = index.first_match(fields, live); found != kNoColumn)
        return found;
    return kNoColumn;
  }
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  std::vector<PolicyIndex> indices_;
};

}  // namespace sallyport
