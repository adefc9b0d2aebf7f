// Selectors that have few neighbours on one side: a search by that side leaves a few, which are
// asked one by one. Most of a large policy set is so, since a site's network stands in few entries.
#pragma once

#include <ranges>
#include <span>
#include <vector>

#include "base/prefetch.h"
#include "spd/address_number.h"
#include "spd/axis_tree.h"
#include "spd/live_columns.h"
#include "spd/policy.h"

namespace sallyport {

// The numbers from `first` on, and how many follow it.
template <class Number>
struct Stretch {
  Number first;
  Number more;

  friend auto operator<=>(const Stretch&, const Stretch&) = default;
  [[nodiscard]] Number last() const noexcept { return static_cast<Number>(first + more); }
  // 1 where `number` lies outside.
  [[nodiscard]] unsigned misses(Number number) const noexcept {
    return static_cast<Number>(number - first) > more ? 1 : 0;
  }
};

// What a selector asks of a packet besides its addresses, with one range in each slot.
struct UpperFields {
  Stretch<PortValue> local_port;
  Stretch<PortValue> remote_port;
  Stretch<std::uint8_t> protocol;

  friend auto operator<=>(const UpperFields&, const UpperFields&) = default;
  // 1 where a packet does not answer; no branch of the processor depends on it.
  [[nodiscard]] unsigned misses(const SelectorFields& fields) const noexcept {
    const unsigned local_says = fields.local_port == kNotApplicable ? 0 : 1;
    const unsigned remote_says = fields.remote_port == kNotApplicable ? 0 : 1;
    return protocol.misses(fields.protocol) | (local_says & local_port.misses(fields.local_port)) |
           (remote_says & remote_port.misses(fields.remote_port));
  }
};

// A selector with one range in each slot, or a part of one: the parts are of one column.
template <class Number>
struct Box {
  Stretch<Number> local;
  Stretch<Number> remote;
  UpperFields upper;
  std::uint32_t column;
};
template <class Number>
using Boxes = std::vector<Box<Number>>;
template <class Number>
using Side = Stretch<Number> Box<Number>::*;

// Puts the boxes that make up `selector` behind `boxes`; false, and nothing, where it has addresses
// of another family, none at all, or so many ranges that boxes are no way to write it.
template <class Number>
[[nodiscard]] bool add_boxes(const Selector& selector, std::uint32_t column, Boxes<Number>& boxes);

// The boxes of one address family that are found by one side. Immutable once built.
template <class Number>
class Neighbours {
 public:
  // The most boxes that one number lies in, and so that a search leaves.
  static constexpr std::size_t kMost = 256;

  Neighbours() = default;
  // Found by the side `along`, then asked of the side `across`; in ascending order of columns.
  Neighbours(const Boxes<Number>& boxes, Side<Number> along, Side<Number> across);

  // The memory that first_match() asks is on its way when it returns.
  [[nodiscard]] TreePath follow(Number along) const noexcept {
    const TreePath path = tree_.follow(along);
    for (const Place place : path) neighbours_[place].prefetch();
    return path;
  }
  // The first live column that matches, or `none` where it does not come before that.
  [[nodiscard]] std::uint32_t first_match(const TreePath& path, Number across,
                                          const SelectorFields& fields, const LiveColumns& live,
                                          std::uint32_t none) const noexcept {
    // Most lists have the narrow before the wide, and small nodes have the narrow.
    for (const Place place : std::views::reverse(path))
      for (const Neighbour* one = &neighbours_[place]; one->column < none; ++one) {
        if (one->across.misses(across) == 0 && uppers_[one->upper].misses(fields) == 0 &&
            live.has(one->column))
          none = one->column;
        if (one->is_last != 0) break;
      }
    return none;
  }
  [[nodiscard]] std::size_t bytes() const noexcept {
    return tree_.bytes() + neighbours_.capacity() * sizeof(Neighbour) +
           uppers_.capacity() * sizeof(UpperFields);
  }

 private:
  static constexpr std::uint32_t kMostColumns = 0x7fffffff;
  // A box of a node, but for the side that the node says all of.
  struct alignas(16) Neighbour {
    Stretch<Number> across;
    std::uint32_t upper;  // where in uppers_
    std::uint32_t column : 31;
    std::uint32_t is_last : 1;  // of the node's

    void prefetch() const noexcept { prefetch_line(this); }
  };
  static_assert(sizeof(Neighbour) == (sizeof(Number) == 4 ? 16 : 48));

  std::vector<UpperFields> uppers_;        // all different: most policies ask for the same few
  LargePageVector<Neighbour> neighbours_;  // by node
  AxisTree<Number> tree_;
};

// Each box is found by the side where it has fewer neighbours.
template <class Number>
class NarrowIndex {
 public:
  NarrowIndex() = default;
  // `boxes` in ascending order of their columns. Columns that have too many neighbours on either
  // side are left out, and put behind `wide`.
  NarrowIndex(const Boxes<Number>& boxes, std::vector<std::uint32_t>& wide);

  [[nodiscard]] std::uint32_t first_match(const SelectorFields& fields, const LiveColumns& live,
                                          std::uint32_t none) const noexcept {
    const auto local = number_of<Number>(fields.local);
    const auto remote = number_of<Number>(fields.remote);
    // First all that memory is asked for, then what it answers.
    const TreePath remote_path = by_remote_.follow(remote);
    const TreePath local_path = by_local_.follow(local);
    none = by_remote_.first_match(remote_path, local, fields, live, none);
    return by_local_.first_match(local_path, remote, fields, live, none);
  }
  [[nodiscard]] std::size_t bytes() const noexcept {
    return by_local_.bytes() + by_remote_.bytes();
  }

 private:
  Neighbours<Number> by_local_;
  Neighbours<Number> by_remote_;
};

extern template class NarrowIndex<V4Number>;
extern template class NarrowIndex<V6Number>;

}  // namespace sallyport
