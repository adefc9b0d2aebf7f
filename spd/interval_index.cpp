#include "spd/interval_index.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

namespace sallyport {
namespace {

using Wide = unsigned __int128;

std::size_t position_of_lowest(std::uint64_t bits) noexcept {
  return static_cast<std::size_t>(std::countr_zero(bits));
}

template <class Key>
Key number(const Address& address) noexcept {
  if constexpr (sizeof(Key) == 4) return address.v4_value();
  if constexpr (sizeof(Key) == 16)
    return Wide{load_be<std::uint64_t>(address.bytes.data())} << 64 |
           load_be<std::uint64_t>(address.bytes.data() + 8);
}

// Inclusive; which part of an axis a column covers.
template <class Key>
struct Cover {
  std::uint32_t column;
  Key first;
  Key last;
};
template <class Key>
using Covers = std::vector<Cover<Key>>;

template <class Key>
inline constexpr Key kEnd = static_cast<Key>(~Key{0});

// Where the covers of one column meet or overlap they become one.
template <class Key>
void merge(Covers<Key>& covers) {
  std::ranges::sort(covers, [](const Cover<Key>& left, const Cover<Key>& right) {
    return left.column != right.column ? left.column < right.column : left.first < right.first;
  });
  const auto meet = [](const Cover<Key>& before, const Cover<Key>& after) {
    return before.column == after.column &&
           (before.last == kEnd<Key> || after.first <= before.last + 1);
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

}  // namespace

// Holds the row under construction and writes it where it stands.
class BitRows::Builder {
 public:
  explicit Builder(BitRows& rows) noexcept : rows_(rows) {}

  void clear() noexcept {
    bits_.fill(0);
    summary_ = 0;
  }
  void flip(std::uint32_t column) noexcept {
    const std::uint32_t word = column / 64;
    bits_[word] ^= std::uint64_t{1} << column % 64;
    const std::uint64_t mark = std::uint64_t{1} << word;
    summary_ = bits_[word] != 0 ? summary_ | mark : summary_ & ~mark;
  }
  // The offset of the row as it stands.
  [[nodiscard]] std::uint32_t write() {
    packed_.assign(1, summary_);
    for (std::uint64_t left = summary_; left != 0; left &= left - 1)
      packed_.push_back(bits_[position_of_lowest(left)]);
    std::vector<std::uint64_t>& words = rows_.words_;
    const std::uint64_t hash = hash_of(packed_);
    const auto [first, last] = written_.equal_range(hash);
    for (auto row = first; row != last; ++row) {
      const auto there = words.begin() + row->second;
      // Rows of one summary are of one length.
      if (*there == summary_ && std::equal(packed_.begin(), packed_.end(), there))
        return row->second;
    }
    const auto offset = static_cast<std::uint32_t>(words.size());
    written_.emplace(hash, offset);
    words.insert(words.end(), packed_.begin(), packed_.end());
    return offset;
  }
  void finish() { rows_.words_.shrink_to_fit(); }

 private:
  static std::uint64_t hash_of(std::span<const std::uint64_t> words) noexcept {
    std::uint64_t hash = words.size();
    for (const std::uint64_t word : words) {
      hash = (hash ^ word) * 0x9e3779b97f4a7c15;  // 2^64 over the golden ratio: mixes upwards
      hash ^= hash >> 32;
    }
    return hash;
  }

  BitRows& rows_;
  std::array<std::uint64_t, 64> bits_{};
  std::uint64_t summary_{};
  std::vector<std::uint64_t> packed_;
  std::unordered_multimap<std::uint64_t, std::uint32_t> written_;  // row offsets by hash
};

namespace {

// Cuts the axis where covers begin and end.
template <class Key>
Axis<Key> cut(Covers<Key> covers, BitRows::Builder& row) {
  merge(covers);
  struct Flip {
    Key at;
    std::uint32_t column;
  };
  std::vector<Flip> flips;
  flips.reserve(covers.size() * 2);
  for (const Cover<Key>& cover : covers) {
    flips.push_back({cover.first, cover.column});
    if (cover.last != kEnd<Key>) flips.push_back({cover.last + 1, cover.column});
  }
  std::ranges::sort(flips, {}, &Flip::at);

  Axis<Key> axis;
  row.clear();
  auto flip = flips.begin();
  for (Key at = 0;;) {
    for (; flip != flips.end() && flip->at == at; ++flip) row.flip(flip->column);
    const std::uint32_t offset = row.write();
    if (axis.rows.empty() || axis.rows.back() != offset) {
      axis.starts.push_back(at);
      axis.rows.push_back(offset);
    }
    if (flip == flips.end()) break;
    at = flip->at;
  }
  axis.starts.shrink_to_fit();
  axis.rows.shrink_to_fit();
  return axis;
}

using Columns = std::span<const IntervalIndex::Column>;

template <class Key>
Covers<Key> address_covers(Columns columns, std::vector<AddressRange> Selector::* side) {
  const Family family = sizeof(Key) == 4 ? Family::V4 : Family::V6;
  Covers<Key> covers;
  for (std::uint32_t column = 0; column < columns.size(); ++column) {
    const std::vector<AddressRange>& ranges = columns[column].selector->*side;
    if (ranges.empty()) covers.push_back({column, 0, kEnd<Key>});
    for (const AddressRange& range : ranges)
      if (range.first.family == family)
        covers.push_back({column, number<Key>(range.first), number<Key>(range.last)});
  }
  return covers;
}

Covers<PortValue> port_covers(Columns columns, PortSet Selector::* side) {
  Covers<PortValue> covers;
  for (std::uint32_t column = 0; column < columns.size(); ++column) {
    const PortSet& ports = columns[column].selector->*side;
    if (ports.is_any()) {
      covers.push_back({column, 0, kEnd<PortValue>});
      continue;
    }
    for (const PortRange& range : ports.ranges())
      covers.push_back({column, range.first, range.last});
    if (ports.is_opaque()) covers.push_back({column, kUnavailable, kUnavailable});
    covers.push_back({column, kNotApplicable, kNotApplicable});
  }
  return covers;
}

Covers<std::uint32_t> protocol_covers(Columns columns) {
  Covers<std::uint32_t> covers;
  for (std::uint32_t column = 0; column < columns.size(); ++column) {
    const std::optional<std::uint8_t> protocol = columns[column].selector->protocol;
    covers.push_back({column, protocol.value_or(0), protocol ? *protocol : kEnd<std::uint32_t>});
  }
  return covers;
}

}  // namespace

IntervalIndex::IntervalIndex(Columns columns) {
  BitRows::Builder row(rows_);
  local_.v4 = cut(address_covers<std::uint32_t>(columns, &Selector::local), row);
  local_.v6 = cut(address_covers<Wide>(columns, &Selector::local), row);
  remote_.v4 = cut(address_covers<std::uint32_t>(columns, &Selector::remote), row);
  remote_.v6 = cut(address_covers<Wide>(columns, &Selector::remote), row);
  protocol_ = cut(protocol_covers(columns), row);
  local_port_ = cut(port_covers(columns, &Selector::local_port), row);
  remote_port_ = cut(port_covers(columns, &Selector::remote_port), row);
  row.finish();
  policies_.reserve(columns.size());
  for (const Column& column : columns) policies_.push_back(column.policy);
}

std::uint32_t IntervalIndex::AddressAxes::row_of(const Address& address) const noexcept {
  return address.family == Family::V4 ? v4.row_of(number<std::uint32_t>(address))
                                      : v6.row_of(number<Wide>(address));
}

PolicyId IntervalIndex::match(const SelectorFields& fields) const noexcept {
  const BitRows::Row local = rows_.at(local_.row_of(fields.local));
  const BitRows::Row remote = rows_.at(remote_.row_of(fields.remote));
  std::uint64_t common = local.summary & remote.summary;
  if (common == 0) return kNoPolicy;
  const BitRows::Row protocol = rows_.at(protocol_.row_of(fields.protocol));
  const BitRows::Row local_port = rows_.at(local_port_.row_of(fields.local_port));
  const BitRows::Row remote_port = rows_.at(remote_port_.row_of(fields.remote_port));
  common &= protocol.summary & local_port.summary & remote_port.summary;
  for (; common != 0; common &= common - 1) {
    const std::uint64_t below = (common & -common) - 1;
    const std::uint64_t hits = local.word(below) & remote.word(below) & protocol.word(below) &
                               local_port.word(below) & remote_port.word(below);
    if (hits != 0) return policies_[position_of_lowest(common) * 64 + position_of_lowest(hits)];
  }
  return kNoPolicy;
}

std::size_t IntervalIndex::bytes() const noexcept {
  std::size_t sum = rows_.bytes() + policies_.capacity() * sizeof(PolicyId);
  for (const AddressAxes* axes : {&local_, &remote_}) sum += axes->v4.bytes() + axes->v6.bytes();
  for (const auto* axis : {&protocol_, &local_port_, &remote_port_}) sum += axis->bytes();
  return sum;
}

}  // namespace sallyport
