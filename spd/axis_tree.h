// A number line cut into intervals where ranges begin and end, under a search tree of 8 branches.
// A range stands at the few nodes that make it up, so that memory grows with the number of ranges
// and never with its square; the nodes on the way to a number, together, have the ranges that hold
// it.
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "base/large_pages.h"
#include "base/prefetch.h"

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

// What one axis takes, so that no place and no count outgrows 32 bits.
inline constexpr std::size_t kMostCovers = std::size_t{1} << 22;
inline constexpr std::size_t kTreeBranches = 8;
// The most nodes on the way to a number: a root and 8^8 intervals.
inline constexpr std::size_t kMostLevels = 9;
static_assert(2 * kMostCovers + 1 <= std::size_t{1} << 3 * (kMostLevels - 1));
// The most nodes that make up a range: 7 on either side of a level.
inline constexpr std::size_t kMostNodesOfCover = 2 * (kTreeBranches - 1) * (kMostLevels - 1);

// Where the columns are kept that cover a whole node and not the node above it.
using Place = std::uint32_t;
inline constexpr Place kNowhere = ~Place{0};  // there are none

// Of the nodes on the way to a number, those that have columns.
class TreePath {
 public:
  void push(Place place) noexcept {
    places_[count_] = place;
    count_ += place == kNowhere ? 0 : 1;
  }
  [[nodiscard]] const Place* begin() const noexcept { return places_.data(); }
  [[nodiscard]] const Place* end() const noexcept { return places_.data() + count_; }

 private:
  std::array<Place, kMostLevels> places_;
  std::size_t count_{};
};

// Keeps the columns of a node, which ascend, and says where.
template <class T>
concept ColumnStore = std::is_invocable_r_v<Place, T, std::span<const std::uint32_t>>;

// Key is an unsigned number. Immutable once built.
template <class Key>
class AxisTree {
 public:
  static constexpr Key kEnd = static_cast<Key>(~Key{0});

  AxisTree() = default;
  // At most kMostCovers, in ascending order of their columns, those of one column apart from each
  // other.
  template <ColumnStore Store>
  AxisTree(const Covers<Key>& covers, const Store& store);

  [[nodiscard]] TreePath follow(Key key) const noexcept {
    TreePath path;
    path.push(root_);
    std::size_t node = 0;
    for (std::size_t level = 0; level < level_count_; ++level)
      step(levels_[level], key, node, path);
    return path;
  }
  // False where all that is covered is the whole axis.
  [[nodiscard]] bool is_cut() const noexcept { return level_count_ != 0; }
  [[nodiscard]] std::size_t bytes() const noexcept { return nodes_.capacity() * sizeof(Branches); }

 private:
  static constexpr std::size_t kBranches = kTreeBranches;

  // The branches of one node; where there are fewer, the others start at the end of the axis and
  // have what the last one has.
  struct alignas(64) Branches {
    std::array<Key, kBranches> starts;
    std::array<Place, kBranches> places;

    // The last one that starts at `key` or before it.
    [[nodiscard]] std::size_t branch_of(Key key) const noexcept;
    // All lines of it, since a search goes from one to the next.
    void prefetch() const noexcept {
      for (std::size_t at = 0; at < sizeof(Branches); at += 64)
        prefetch_line(reinterpret_cast<const char*>(this) + at);
    }
  };
  struct Level {
    std::uint32_t first;  // of its nodes
    std::uint32_t count;
  };
  // No branch of the processor depends on what it reads.
  void step(const Level& level, Key key, std::size_t& node, TreePath& path) const noexcept {
    // The end of the axis is in all branches that are not there: then it is the last node.
    const Branches& branches = nodes_[level.first + std::min<std::size_t>(node, level.count - 1)];
    branches.prefetch();
    const std::size_t branch = branches.branch_of(key);
    path.push(branches.places[branch]);
    node = node * kBranches + branch;
  }

  struct Mark {
    std::uint32_t node;  // over all levels
    std::uint32_t column;
  };
  // The columns of every node, by level from the intervals up; each level has a node for 8 of the
  // one below, and the last one has one.
  struct Marks {
    std::vector<std::uint32_t> first_node;  // by level, over all
    std::vector<std::uint32_t> begins;      // of a node's columns; they end where the next begin
    std::vector<std::uint32_t> columns;
    [[nodiscard]] std::span<const std::uint32_t> of(std::size_t node) const noexcept {
      return std::span(columns).subspan(begins[node], begins[node + 1] - begins[node]);
    }
  };
  [[nodiscard]] static std::vector<Key> cut(const Covers<Key>& covers);
  [[nodiscard]] static Marks mark(const Covers<Key>& covers, std::span<const Key> intervals);

  LargePageVector<Branches> nodes_;  // by level; the last one's branches are the intervals
  std::array<Level, kMostLevels - 1> levels_{};
  std::size_t level_count_{};
  Place root_{kNowhere};
};

template <class Key>
std::size_t AxisTree<Key>::Branches::branch_of(Key key) const noexcept {
  if constexpr (sizeof(Key) == sizeof(std::uint32_t)) {
    // All at once; the compiler takes three times as many instructions.
    const __m256i all = _mm256_load_si256(reinterpret_cast<const __m256i*>(starts.data()));
    const __m256i keys = _mm256_set1_epi32(static_cast<int>(key));
    const __m256i not_past = _mm256_cmpeq_epi32(_mm256_min_epu32(all, keys), all);
    const int reached = _mm256_movemask_ps(_mm256_castsi256_ps(not_past));
    return static_cast<std::size_t>(std::popcount(static_cast<unsigned>(reached))) - 1;
  } else {
    std::size_t branch = 0;
    for (std::size_t step = kBranches / 2; step != 0; step /= 2)
      branch += starts[branch + step] <= key ? step : 0;
    return branch;
  }
}

template <class Key>
template <ColumnStore Store>
AxisTree<Key>::AxisTree(const Covers<Key>& covers, const Store& store) {
  assert(covers.size() <= kMostCovers);
  const std::vector<Key> starts = cut(covers);
  const Marks marks = mark(covers, starts);
  const auto kept = [&](std::size_t node) {
    const std::span<const std::uint32_t> columns = marks.of(node);
    return columns.empty() ? kNowhere : store(columns);
  };
  level_count_ = marks.first_node.size() - 2;
  root_ = kept(marks.first_node[level_count_]);
  nodes_.reserve(marks.first_node.back() - marks.first_node[1]);
  std::size_t width = 1;  // intervals of a branch
  for (std::size_t i = 1; i < level_count_; ++i) width *= kBranches;
  for (std::size_t level = 0; level < level_count_; ++level, width /= kBranches) {
    const std::size_t first = marks.first_node[level_count_ - 1 - level];
    const std::size_t count = (starts.size() + width - 1) / width;
    levels_[level] = {static_cast<std::uint32_t>(nodes_.size()),
                      static_cast<std::uint32_t>((count + kBranches - 1) / kBranches)};
    nodes_.resize(nodes_.size() + levels_[level].count);
    Branches* const nodes = &nodes_[levels_[level].first];
    for (std::size_t i = 0; i < levels_[level].count * kBranches; ++i) {
      Branches& node = nodes[i / kBranches];
      const std::size_t branch = i % kBranches;
      node.starts[branch] = i < count ? starts[i * width] : kEnd;
      node.places[branch] = i < count ? kept(first + i) : node.places[branch - 1];
    }
  }
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

// Every cover as the fewest nodes that make it up: at most 7 on either side of a level.
template <class Key>
AxisTree<Key>::Marks AxisTree<Key>::mark(const Covers<Key>& covers,
                                         std::span<const Key> intervals) {
  Marks marks{.first_node = {0}, .begins = {}, .columns = {}};
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
  marks.begins.resize(marks.first_node.back() + 1);
  for (const Mark& one : list) ++marks.begins[one.node + 1];
  for (std::size_t node = 1; node < marks.begins.size(); ++node)
    marks.begins[node] += marks.begins[node - 1];
  marks.columns.resize(list.size());
  std::vector<std::uint32_t> next(marks.begins.begin(), marks.begins.end() - 1);
  for (const Mark& one : list) marks.columns[next[one.node]++] = one.column;
  return marks;
}

}  // namespace sallyport
