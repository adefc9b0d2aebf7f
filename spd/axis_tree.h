// A number line cut into intervals where ranges begin and end, under a search tree of 16 branches.
// A range stands in the rows of the few nodes that make it up, so that memory grows with the number
// of ranges and never with its square; the rows on the way to a number, together, are the ranges
// that hold it.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <span>
#include <vector>

#include "base/large_pages.h"
#include "spd/bit_rows.h"

namespace sallyport {

// Which part of an axis a column covers; inclusive. A column may have several.
template <class Key>
struct Cover {
  std::uint32_t column;
  Key first;
  Key last;
};
template <class Key>
using Covers = std::vector<Cover<Key>>;

// The most rows on a path: a root and 16^7 intervals.
inline constexpr std::size_t kMostLevels = 8;

// The rows on the way to one number of an axis: the union of their columns covers it.
class RowPath {
 public:
  // A row of one column, which is not worth a place of its own.
  struct Single {
    std::uint32_t block;
    std::uint64_t summary;
    std::uint64_t word;
  };

  void push(BitRows::Row row) noexcept {
    row.prefetch();
    rows_[row_count_++] = row;
  }
  void push(std::uint32_t column) noexcept {
    singles_[single_count_++] = {column / (64 * 64), std::uint64_t{1} << column / 64 % 64,
                                 std::uint64_t{1} << column % 64};
  }
  [[nodiscard]] std::span<const BitRows::Row> rows() const noexcept {
    return {rows_.data(), row_count_};
  }
  [[nodiscard]] std::span<const Single> singles() const noexcept {
    return {singles_.data(), single_count_};
  }
  [[nodiscard]] std::uint64_t blocks() const noexcept {
    std::uint64_t blocks = 0;
    for (const BitRows::Row& row : rows()) blocks |= row.blocks();
    for (const Single& single : singles()) blocks |= std::uint64_t{1} << single.block;
    return blocks;
  }

 private:
  std::array<BitRows::Row, kMostLevels> rows_;
  std::array<Single, kMostLevels> singles_;
  std::size_t row_count_{};
  std::size_t single_count_{};
};

// Key is an unsigned number. Immutable once built.
template <class Key>
class AxisTree {
 public:
  static constexpr Key kEnd = static_cast<Key>(~Key{0});

  AxisTree() = default;
  // `covers` in ascending order of their columns, those of one column apart from each other. The
  // rows are put into `rows`.
  AxisTree(const Covers<Key>& covers, BitRows& rows);

  void follow(Key key, const BitRows& rows, RowPath& path) const noexcept {
    Descent descent{key};
    while (descent.level < levels_.size()) step(descent);
    push(descent, rows, path);
  }
  // One axis, a number on it, and where its rows are to go.
  struct Walk {
    const AxisTree& axis;
    Key key;
    RowPath& path;
  };
  // Two at once: neither waits for the other's memory.
  static void follow(const Walk& left, const Walk& right, const BitRows& rows) noexcept {
    Descent on_left{left.key};
    Descent on_right{right.key};
    const std::size_t left_levels = left.axis.levels_.size();
    const std::size_t right_levels = right.axis.levels_.size();
    for (std::size_t i = 0; i < std::max(left_levels, right_levels); ++i) {
      if (i < left_levels) left.axis.step(on_left);
      if (i < right_levels) right.axis.step(on_right);
    }
    left.axis.push(on_left, rows, left.path);
    right.axis.push(on_right, rows, right.path);
  }
  [[nodiscard]] std::size_t bytes() const noexcept {
    std::size_t sum = 0;
    for (const Level& level : levels_) sum += level.capacity() * sizeof(Branches);
    return sum;
  }

 private:
  static constexpr std::size_t kBranches = 16;
  // What stands where a row does: nothing, a column and this mark, or where the row is.
  static constexpr std::uint32_t kNoRow = 0xffffffff;
  static constexpr std::uint32_t kSingle = 0x80000000;

  // The branches of one node; where there are fewer, the others start at the end of the axis and
  // have the last one's row.
  struct alignas(64) Branches {
    std::array<Key, kBranches> starts;
    std::array<std::uint32_t, kBranches> rows;
  };
  using Level =
      LargePageVector<Branches>;  // level 0 has the intervals as branches; the top one node

  // On the way from the root to an interval; no step branches on what it reads.
  struct Descent {
    Key key;
    std::size_t node{};
    std::size_t level{};  // steps so far
    std::array<std::uint32_t, kMostLevels> rows{};
  };
  void step(Descent& descent) const noexcept {
    const Level& level = levels_[levels_.size() - 1 - descent.level];
    // The end of the axis is in all branches that are not there: then it is the last node.
    const Branches& branches = level[std::min(descent.node, level.size() - 1)];
    const std::size_t branch = branch_of(branches, descent.key);
    descent.rows[descent.level++] = branches.rows[branch];
    descent.node = descent.node * kBranches + branch;
  }
  void push(const Descent& descent, const BitRows& rows, RowPath& path) const noexcept {
    push(root_, rows, path);
    for (std::size_t i = 0; i < descent.level; ++i) push(descent.rows[i], rows, path);
  }
  static void push(std::uint32_t place, const BitRows& rows, RowPath& path) noexcept {
    if (place == kNoRow) return;
    if ((place & kSingle) != 0)
      path.push(place & ~kSingle);
    else
      path.push(rows.at(place));
  }

  static std::size_t branch_of(const Branches& branches, Key key) noexcept {
    if constexpr (sizeof(Key) <= sizeof(std::uint32_t)) {
      std::uint32_t reached = 0;  // all 16 at once
      for (const Key start : branches.starts) reached += start <= key ? 1u : 0u;
      return reached - 1;
    } else {
      std::size_t branch = 0;
      for (std::size_t step = kBranches / 2; step != 0; step /= 2)
        branch += branches.starts[branch + step] <= key ? step : 0;
      return branch;
    }
  }

  struct Mark {
    std::uint32_t node;  // over all levels
    std::uint32_t column;
  };
  // The columns of every node, by level from the intervals up; each level has a node for 16 of the
  // one below, and the last one has one.
  struct Marks {
    std::vector<std::uint32_t> first_node;  // by level, over all
    std::vector<std::uint32_t> end;         // of a node's columns is where the next one's begin
    std::vector<std::uint32_t> columns;
    [[nodiscard]] std::span<const std::uint32_t> of(std::size_t node) const noexcept {
      return std::span(columns).subspan(end[node], end[node + 1] - end[node]);
    }
  };
  [[nodiscard]] static std::vector<Key> cut(const Covers<Key>& covers);
  [[nodiscard]] static Marks mark(const Covers<Key>& covers, std::span<const Key> intervals);
  [[nodiscard]] static std::uint32_t add(std::span<const std::uint32_t> columns, BitRows& rows) {
    if (columns.empty()) return kNoRow;
    return columns.size() == 1 ? columns.front() | kSingle : rows.add(columns);
  }

  std::vector<Level> levels_;
  std::uint32_t root_{kNoRow};
};

template <class Key>
AxisTree<Key>::AxisTree(const Covers<Key>& covers, BitRows& rows) {
  std::vector<Key> starts = cut(covers);
  const Marks marks = mark(covers, starts);
  std::size_t level = 0;
  for (; starts.size() > 1; ++level) {
    Level& nodes = levels_.emplace_back((starts.size() + kBranches - 1) / kBranches);
    for (std::size_t i = 0; i < nodes.size() * kBranches; ++i) {
      Branches& branches = nodes[i / kBranches];
      const bool there = i < starts.size();
      branches.starts[i % kBranches] = there ? starts[i] : kEnd;
      branches.rows[i % kBranches] = there ? add(marks.of(marks.first_node[level] + i), rows)
                                           : branches.rows[i % kBranches - 1];
    }
    std::vector<Key> above;
    for (std::size_t i = 0; i < starts.size(); i += kBranches) above.push_back(starts[i]);
    starts = std::move(above);
  }
  root_ = add(marks.of(marks.first_node[level]), rows);
  assert(levels_.size() < kMostLevels);
}

template <class Key>
std::vector<Key> AxisTree<Key>::cut(const Covers<Key>& covers) {
  std::vector<Key> starts{0};
  starts.reserve(1 + 2 * covers.size());
  for (const Cover<Key>& cover : covers) {
    starts.push_back(cover.first);
    if (cover.last != kEnd) starts.push_back(cover.last + 1);
  }
  std::ranges::sort(starts);
  starts.erase(std::ranges::unique(starts).begin(), starts.end());
  return starts;
}

// Every cover as the fewest nodes that make it up: at most 15 on either side of a level.
template <class Key>
AxisTree<Key>::Marks AxisTree<Key>::mark(const Covers<Key>& covers,
                                         std::span<const Key> intervals) {
  Marks marks{.first_node = {0}, .end = {}, .columns = {}};
  std::vector<std::size_t> counts{intervals.size()};  // of nodes, by level
  std::size_t places = 1;                             // intervals that a whole tree has
  while (true) {
    marks.first_node.push_back(marks.first_node.back() + static_cast<std::uint32_t>(counts.back()));
    if (counts.back() == 1) break;
    counts.push_back((counts.back() + kBranches - 1) / kBranches);
    places *= kBranches;
  }
  std::vector<Mark> list;
  list.reserve(2 * covers.size());
  const auto put = [&](std::size_t level, std::size_t node, std::uint32_t column) {
    if (node < counts[level])
      list.push_back({marks.first_node[level] + static_cast<std::uint32_t>(node), column});
  };
  const auto put_all = [&](std::size_t from, std::size_t to, std::uint32_t column) {
    for (std::size_t level = 0; from < to; ++level, from /= kBranches, to /= kBranches) {
      const bool top = level + 1 == counts.size();
      for (; from < to && (top || from % kBranches != 0); ++from) put(level, from, column);
      for (; from < to && to % kBranches != 0; --to) put(level, to - 1, column);
    }
  };
  const auto place_of = [&](Key start) {
    return static_cast<std::size_t>(std::ranges::lower_bound(intervals, start) - intervals.begin());
  };
  for (const Cover<Key>& cover : covers)
    put_all(place_of(cover.first), cover.last == kEnd ? places : place_of(cover.last + 1),
            cover.column);
  // By node, and in each the columns as they came: ascending.
  marks.end.resize(marks.first_node.back() + 1);
  for (const Mark& one : list) ++marks.end[one.node + 1];
  for (std::size_t node = 1; node < marks.end.size(); ++node)
    marks.end[node] += marks.end[node - 1];
  marks.columns.resize(list.size());
  std::vector<std::uint32_t> next(marks.end.begin(), marks.end.end() - 1);
  for (const Mark& one : list) marks.columns[next[one.node]++] = one.column;
  return marks;
}

}  // namespace sallyport
