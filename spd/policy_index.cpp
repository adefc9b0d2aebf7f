#include "spd/policy_index.h"

#include <algorithm>
#include <array>
#include <bit>

namespace sallyport {
namespace {

using Wide = unsigned __int128;
using Selectors = std::span<const Selector* const>;

constexpr std::size_t kAxes = 5;

template <class Key>
Key number(const Address& address) noexcept {
  if constexpr (sizeof(Key) == 4) return address.v4_value();
  if constexpr (sizeof(Key) == 16)
    return Wide{load_be<std::uint64_t>(address.bytes.data())} << 64 |
           load_be<std::uint64_t>(address.bytes.data() + 8);
}

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

template <class Key>
Covers<Key> address_covers(Selectors selectors, std::vector<AddressRange> Selector::* side) {
  const Family family = sizeof(Key) == 4 ? Family::V4 : Family::V6;
  Covers<Key> covers;
  for (std::uint32_t column = 0; column < selectors.size(); ++column) {
    const std::vector<AddressRange>& ranges = selectors[column]->*side;
    if (ranges.empty()) covers.push_back({column, 0, AxisTree<Key>::kEnd});
    for (const AddressRange& range : ranges)
      if (range.first.family == family)
        covers.push_back({column, number<Key>(range.first), number<Key>(range.last)});
  }
  merge(covers);
  return covers;
}

Covers<PortValue> port_covers(Selectors selectors, PortSet Selector::* side) {
  Covers<PortValue> covers;
  for (std::uint32_t column = 0; column < selectors.size(); ++column) {
    const PortSet& ports = selectors[column]->*side;
    if (ports.is_any()) {
      covers.push_back({column, 0, AxisTree<PortValue>::kEnd});
      continue;
    }
    for (const PortRange& range : ports.ranges())
      covers.push_back({column, range.first, range.last});
    if (ports.is_opaque()) covers.push_back({column, kUnavailable, kUnavailable});
    covers.push_back({column, kNotApplicable, kNotApplicable});
  }
  merge(covers);
  return covers;
}

Covers<std::uint32_t> protocol_covers(Selectors selectors) {
  Covers<std::uint32_t> covers;
  for (std::uint32_t column = 0; column < selectors.size(); ++column) {
    const std::optional<std::uint8_t> protocol = selectors[column]->protocol;
    covers.push_back(
        {column, protocol.value_or(0), protocol ? *protocol : AxisTree<std::uint32_t>::kEnd});
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
  BlockPath(const RowPath& path, std::uint32_t number) noexcept {
    const std::uint64_t below = (std::uint64_t{1} << number) - 1;
    for (const BitRows::Row& row : path.rows())
      if (const BitRows::Block block = row.block(below); block.summary != 0) push(block);
    for (const RowPath::Single& single : path.singles())
      if (single.block == number) push({single.summary, &single.word});
  }
  [[nodiscard]] std::uint64_t summary() const noexcept { return summary_; }
  [[nodiscard]] std::uint64_t word(std::uint64_t below) const noexcept {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < count_; ++i) word |= blocks_[i].word(below);
    return word;
  }

 private:
  void push(const BitRows::Block& block) noexcept {
    blocks_[count_++] = block;
    summary_ |= block.summary;
  }

  std::array<BitRows::Block, kMostLevels> blocks_;
  std::size_t count_{};
  std::uint64_t summary_{};
};

// The paths of a packet's fields, the most selective ones first.
using Paths = std::array<RowPath, kAxes>;

// The first column of block `number` that all axes have, and `live`; kNowhere where there is none.
constexpr std::uint32_t kBlock = 64 * 64;
constexpr std::uint32_t kNowhere = kBlock;
std::uint32_t first_in_block(const Paths& paths, std::uint32_t number,
                             std::span<const std::uint64_t> live) noexcept {
  const BlockPath remote(paths[0], number);
  const BlockPath local(paths[1], number);
  std::uint64_t words = remote.summary() & local.summary();
  if (words == 0) return kNowhere;
  const std::array<BlockPath, 3> others{BlockPath(paths[2], number), BlockPath(paths[3], number),
                                        BlockPath(paths[4], number)};
  for (const BlockPath& axis : others) words &= axis.summary();
  for (; words != 0; words &= words - 1) {
    const std::uint64_t before = lowest(words) - 1;
    const std::uint32_t word = place_of(words);
    std::uint64_t hits = live[word] & remote.word(before) & local.word(before);
    if (hits == 0) continue;
    for (const BlockPath& axis : others) hits &= axis.word(before);
    if (hits != 0) return word * 64 + place_of(hits);
  }
  return kNowhere;
}

}  // namespace

PolicyIndex::PolicyIndex(Selectors selectors) {
  local_.v4 = {address_covers<std::uint32_t>(selectors, &Selector::local), rows_};
  local_.v6 = {address_covers<Wide>(selectors, &Selector::local), rows_};
  remote_.v4 = {address_covers<std::uint32_t>(selectors, &Selector::remote), rows_};
  remote_.v6 = {address_covers<Wide>(selectors, &Selector::remote), rows_};
  protocol_ = {protocol_covers(selectors), rows_};
  local_port_ = {port_covers(selectors, &Selector::local_port), rows_};
  remote_port_ = {port_covers(selectors, &Selector::remote_port), rows_};
  rows_.finish();
}

// A packet's addresses are of one family; where a caller's are not, nothing matches.
void PolicyIndex::follow_addresses(const SelectorFields& fields, RowPath& local,
                                   RowPath& remote) const noexcept {
  const auto walk = [&]<class Key>(const AxisTree<Key>& here, const AxisTree<Key>& there) {
    AxisTree<Key>::follow({here, number<Key>(fields.local), local},
                          {there, number<Key>(fields.remote), remote}, rows_);
  };
  if (fields.local.family != fields.remote.family) return;
  if (fields.local.family == Family::V4)
    walk(local_.v4, remote_.v4);
  else
    walk(local_.v6, remote_.v6);
}

std::optional<std::uint32_t> PolicyIndex::first_match(
    const SelectorFields& fields, std::span<const std::uint64_t> live) const noexcept {
  Paths paths;
  follow_addresses(fields, paths[1], paths[0]);
  std::uint64_t blocks = paths[0].blocks() & paths[1].blocks();
  if (blocks == 0) return std::nullopt;
  remote_port_.follow(fields.remote_port, rows_, paths[2]);
  local_port_.follow(fields.local_port, rows_, paths[3]);
  protocol_.follow(fields.protocol, rows_, paths[4]);
  blocks &= paths[2].blocks() & paths[3].blocks() & paths[4].blocks();
  for (; blocks != 0; blocks &= blocks - 1) {
    const std::uint32_t block = place_of(blocks);
    const std::uint32_t found = first_in_block(paths, block, live.subspan(std::size_t{block} * 64));
    if (found != kNowhere) return block * kBlock + found;
  }
  return std::nullopt;
}

std::size_t PolicyIndex::bytes() const noexcept {
  std::size_t sum = rows_.bytes();
  for (const AddressAxes* axes : {&local_, &remote_}) sum += axes->v4.bytes() + axes->v6.bytes();
  for (const auto* axis : {&protocol_, &local_port_, &remote_port_}) sum += axis->bytes();
  return sum;
}

}  // namespace sallyport
