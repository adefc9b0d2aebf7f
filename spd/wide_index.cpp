#include "spd/wide_index.h"

#include <algorithm>
#include <bit>

namespace sallyport {
namespace {

static_assert(kMostCovers * kMostNodesOfCover * BitRows::kMostWordsPerColumn <= kNowhere);

// Where the covers of one column meet or overlap they become one.
template <class Key>
void merge(Covers<Key>& covers) {
  std::ranges::sort(covers, [](const Cover<Key>& left, const Cover<Key>& right) {
    return left.column != right.column ? left.column < right.column : left.first < right.first;
  });
  const auto meet = [](const Cover<Key>& before, const Cover<Key>& after) {
    return before.column == after.column &&
           (before.last == AxisTree<Key>::kEnd || after.first <= before.last + 1);
  };
  std::size_t kept = 0;
  for (const Cover<Key>& cover : covers) {
    if (kept != 0 && meet(covers[kept - 1], cover))
      covers[kept - 1].last = std::max(covers[kept - 1].last, cover.last);
    else
      covers[kept++] = cover;
  }
  covers.resize(kept);
}

template <class Number>
Covers<Number> address_covers(SelectorColumns selectors,
                              std::vector<AddressRange> Selector::* side) {
  Covers<Number> covers;
  for (std::uint32_t number = 0; number < selectors.size(); ++number) {
    const std::vector<AddressRange>& ranges = selectors[number].selector->*side;
    if (ranges.empty()) covers.push_back({number, 0, AxisTree<Number>::kEnd});
    for (const AddressRange& range : ranges)
      if (range.first.family == kFamilyOf<Number>)
        covers.push_back({number, number_of<Number>(range.first), number_of<Number>(range.last)});
  }
  merge(covers);
  return covers;
}

Covers<PortValue> port_covers(SelectorColumns selectors, PortSet Selector::* side) {
  Covers<PortValue> covers;
  for (std::uint32_t number = 0; number < selectors.size(); ++number) {
    const PortSet& ports = selectors[number].selector->*side;
    if (ports.is_any()) {
      covers.push_back({number, 0, AxisTree<PortValue>::kEnd});
      continue;
    }
    for (const PortRange& range : ports.ranges())
      covers.push_back({number, range.first, range.last});
    if (ports.is_opaque()) covers.push_back({number, kUnavailable, kUnavailable});
    covers.push_back({number, kNotApplicable, kNotApplicable});
  }
  merge(covers);
  return covers;
}

Covers<std::uint32_t> protocol_covers(SelectorColumns selectors) {
  Covers<std::uint32_t> covers;
  for (std::uint32_t number = 0; number < selectors.size(); ++number) {
    const std::optional<std::uint8_t> protocol = selectors[number].selector->protocol;
    covers.push_back(
        {number, protocol.value_or(0), protocol ? *protocol : AxisTree<std::uint32_t>::kEnd});
  }
  return covers;
}

std::uint64_t lowest(std::uint64_t bits) noexcept { return bits & -bits; }
std::uint32_t place_of(std::uint64_t bit) noexcept {
  return static_cast<std::uint32_t>(std::countr_zero(bit));
}

// What the rows of one axis have of one block.
class BlockPath {
 public:
  // Of the block at the single bit above all of `below`. The union of their summaries.
  std::uint64_t open(const RowPath& path, std::uint64_t below) noexcept {
    std::uint64_t summary = 0;
    for (const BitRows::Row& row : path.rows()) {
      blocks_[count_] = row.block(below);
      summary |= blocks_[count_].summary;
      count_ += blocks_[count_].summary == 0 ? 0 : 1;
    }
    return summary;
  }
  [[nodiscard]] std::uint64_t word(std::uint64_t below) const noexcept {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < count_; ++i) word |= blocks_[i].word(below);
    return word;
  }

 private:
  std::array<BitRows::Block, kMostLevels> blocks_;
  std::size_t count_{};
};

}  // namespace

WideIndex::WideIndex(SelectorColumns selectors) {
  columns_.reserve(selectors.size());
  for (const SelectorColumn& each : selectors) columns_.push_back(each.column);
  const auto fill = [&]<class Key>(Axis<Key>& axis, const Covers<Key>& covers) {
    axis.tree = AxisTree<Key>(covers, [this](auto numbers) { return rows_.add(numbers); });
    axis.decides = axis.tree.is_cut() || covers.size() != selectors.size();
  };
  fill(remote_.v4, address_covers<V4Number>(selectors, &Selector::remote));
  fill(remote_.v6, address_covers<V6Number>(selectors, &Selector::remote));
  fill(local_.v4, address_covers<V4Number>(selectors, &Selector::local));
  fill(local_.v6, address_covers<V6Number>(selectors, &Selector::local));
  fill(remote_port_, port_covers(selectors, &Selector::remote_port));
  fill(local_port_, port_covers(selectors, &Selector::local_port));
  fill(protocol_, protocol_covers(selectors));
  protocol_.decides = true;
  rows_.finish();
}

WideIndex::Paths WideIndex::follow(const SelectorFields& fields) const noexcept {
  Paths paths;
  if (fields.remote.family == Family::V4) {
    paths.push(remote_.v4, number_of<V4Number>(fields.remote), rows_);
    paths.push(local_.v4, number_of<V4Number>(fields.local), rows_);
  } else {
    paths.push(remote_.v6, number_of<V6Number>(fields.remote), rows_);
    paths.push(local_.v6, number_of<V6Number>(fields.local), rows_);
  }
  paths.push(remote_port_, fields.remote_port, rows_);
  paths.push(local_port_, fields.local_port, rows_);
  paths.push(protocol_, std::uint32_t{fields.protocol}, rows_);
  return paths;
}

std::uint32_t WideIndex::first_match(const Paths& paths, const LiveColumns& live,
                                     std::uint32_t none) const noexcept {
  std::uint64_t blocks = ~std::uint64_t{0};
  for (const RowPath& path : paths) blocks &= path.blocks();
  for (; blocks != 0; blocks &= blocks - 1) {
    const std::uint32_t found = first_in_block(paths, place_of(blocks), live, none);
    if (found < none) return found;
  }
  return none;
}

std::uint32_t WideIndex::first_in_block(const Paths& paths, std::uint32_t block,
                                        const LiveColumns& live,
                                        std::uint32_t none) const noexcept {
  const std::uint64_t below = (std::uint64_t{1} << block) - 1;
  std::array<BlockPath, kAxes> axes;
  std::size_t count = 0;
  std::uint64_t words = ~std::uint64_t{0};
  for (const RowPath& path : paths) words &= axes[count++].open(path, below);
  for (; words != 0; words &= words - 1) {
    const std::uint32_t first = block * BitRows::kPerBlock + place_of(words) * BitRows::kPerWord;
    if (columns_[first] >= none) return none;
    std::uint64_t bits = ~std::uint64_t{0};
    for (std::size_t i = 0; i < count; ++i) bits &= axes[i].word(lowest(words) - 1);
    for (; bits != 0; bits &= bits - 1) {
      const std::uint32_t column = columns_[first + place_of(bits)];
      if (live.has(column)) return std::min(column, none);
    }
  }
  return none;
}

std::size_t WideIndex::bytes() const noexcept {
  std::size_t sum = columns_.capacity() * sizeof columns_[0] + rows_.bytes();
  for (const AddressAxes* axes : {&local_, &remote_})
    sum += axes->v4.tree.bytes() + axes->v6.tree.bytes();
  for (const auto* axis : {&protocol_, &local_port_, &remote_port_}) sum += axis->tree.bytes();
  return sum;
}

}  // namespace sallyport
