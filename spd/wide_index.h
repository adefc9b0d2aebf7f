// Selectors of any kind, however many of them meet: an axis of intervals for each slot, rows of
// bits on each, and a match is the first bit that all have.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "spd/address_number.h"
#include "spd/axis_tree.h"
#include "spd/bit_rows.h"
#include "spd/live_columns.h"
#include "spd/policy.h"

namespace sallyport {

// A selector, and the column that it is.
struct SelectorColumn {
  std::uint32_t column;
  const Selector* selector;
};
using SelectorColumns = std::span<const SelectorColumn>;

// The rows on the way to one number of an axis: the union of their columns covers it.
class RowPath {
 public:
  void push(const TreePath& path, const BitRows& rows) noexcept {
    for (const Place place : path) {
      rows_[count_] = rows.at(place);
      blocks_ |= rows_[count_++].blocks();
    }
  }
  [[nodiscard]] std::span<const BitRows::Row> rows() const noexcept {
    return {rows_.data(), count_};
  }
  [[nodiscard]] std::uint64_t blocks() const noexcept { return blocks_; }

 private:
  std::array<BitRows::Row, kMostLevels> rows_;
  std::size_t count_{};
  std::uint64_t blocks_{};
};

// Immutable once built.
class WideIndex {
 public:
  WideIndex() = default;
  // In ascending order of their columns. They get numbers of their own here, close together.
  explicit WideIndex(SelectorColumns selectors);

  // The first live column that matches, or `none` where it does not come before that.
  [[nodiscard]] std::uint32_t first_match(const SelectorFields& fields, const LiveColumns& live,
                                          std::uint32_t none) const noexcept {
    if (columns_.empty() || columns_.front() >= none) return none;
    return first_match(follow(fields), live, none);
  }
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  static constexpr std::size_t kAxes = 5;  // of one address family

  template <class Key>
  struct Axis {
    AxisTree<Key> tree;
    bool decides{};  // false where every selector covers the whole of it
  };
  struct AddressAxes {
    Axis<V4Number> v4;
    Axis<V6Number> v6;
  };
  // The paths of a packet's fields by all axes that decide, the most selective ones first.
  class Paths {
   public:
    template <class Key>
    void push(const Axis<Key>& axis, Key key, const BitRows& rows) noexcept {
      if (axis.decides) paths_[count_++].push(axis.tree.follow(key), rows);
    }
    [[nodiscard]] const RowPath* begin() const noexcept { return paths_.data(); }
    [[nodiscard]] const RowPath* end() const noexcept { return paths_.data() + count_; }

   private:
    std::array<RowPath, kAxes> paths_;
    std::size_t count_{};
  };
  [[nodiscard]] Paths follow(const SelectorFields& fields) const noexcept;
  [[nodiscard]] std::uint32_t first_match(const Paths& paths, const LiveColumns& live,
                                          std::uint32_t none) const noexcept;
  // Of one block of numbers.
  [[nodiscard]] std::uint32_t first_in_block(const Paths& paths, std::uint32_t block,
                                             const LiveColumns& live,
                                             std::uint32_t none) const noexcept;

  std::vector<std::uint32_t> columns_;  // by number
  BitRows rows_;
  AddressAxes local_;
  AddressAxes remote_;
  Axis<PortValue> remote_port_;
  Axis<PortValue> local_port_;
  Axis<std::uint32_t> protocol_;  // decides always: one of them has to
};

}  // namespace sallyport
