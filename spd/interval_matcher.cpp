#include "spd/interval_matcher.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport {

class IntervalMatcher::View final : public PolicyView {
 public:
  explicit View(std::vector<std::shared_ptr<const IntervalIndex>> indices)
      : indices_(std::move(indices)) {}

  PolicyId match(const SelectorFields& fields) const noexcept override {
    for (const auto& index : indices_)
      if (const PolicyId policy = index->match(fields); policy != kNoPolicy) return policy;
    return kNoPolicy;
  }

 private:
  std::vector<std::shared_ptr<const IntervalIndex>> indices_;  // in order of precedence
};

IntervalMatcher::Weight IntervalMatcher::Weight::of(std::span<const Selector> selectors) noexcept {
  Weight weight{.columns = selectors.size(), .ranges = 0};
  for (const Selector& selector : selectors)
    weight.ranges += selector.local.size() + selector.remote.size() +
                     selector.local_port.ranges().size() + selector.remote_port.ranges().size();
  return weight;
}

bool IntervalMatcher::Weight::fits(std::size_t times) const noexcept {
  return columns * times <= kSegmentColumns && ranges * times <= kSegmentRanges;
}

void IntervalMatcher::Segment::insert(std::size_t offset, Entry entry) {
  weight = weight + entry.weight;
  entries.insert(entries.begin() + static_cast<std::ptrdiff_t>(offset), std::move(entry));
  index.reset();
}

IntervalMatcher::Entry IntervalMatcher::Segment::take(std::size_t offset) {
  Entry taken = std::move(entries[offset]);
  entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(offset));
  weight = weight - taken.weight;
  index.reset();
  return taken;
}

std::optional<IntervalMatcher::Place> IntervalMatcher::find(PolicyId id) const noexcept {
  if (id.value >= used_.size() || !used_[id.value]) return std::nullopt;
  for (std::size_t segment = 0; segment < segments_.size(); ++segment) {
    const std::vector<Entry>& entries = segments_[segment].entries;
    const auto entry = std::ranges::find(entries, id, &Entry::id);
    if (entry != entries.end())
      return Place{segment, static_cast<std::size_t>(entry - entries.begin())};
  }
  return std::nullopt;
}

// Between two segments: the end of the earlier one.
IntervalMatcher::Place IntervalMatcher::place_of(std::size_t position) const noexcept {
  std::size_t segment = 0;
  while (position > segments_[segment].entries.size())
    position -= segments_[segment++].entries.size();
  return {segment, position};
}

void IntervalMatcher::place(Entry entry, std::size_t position) {
  if (segments_.empty()) segments_.emplace_back();
  auto [at, offset] = place_of(position);
  if ((segments_[at].weight + entry.weight).fits(1)) {
    segments_[at].insert(offset, std::move(entry));
    return;
  }
  Segment middle;
  middle.insert(0, std::move(entry));
  Segment tail;
  while (segments_[at].entries.size() > offset)
    tail.insert(tail.entries.size(), segments_[at].take(offset));
  std::vector<Segment> added;
  added.push_back(std::move(middle));
  if (!tail.entries.empty()) added.push_back(std::move(tail));
  const auto after = segments_.begin() + static_cast<std::ptrdiff_t>(at) + 1;
  segments_.insert(after, std::make_move_iterator(added.begin()),
                   std::make_move_iterator(added.end()));
  if (segments_[at].entries.empty())
    segments_.erase(segments_.begin() + static_cast<std::ptrdiff_t>(at));
}

IntervalMatcher::Entry IntervalMatcher::take(Place place) {
  Entry taken = segments_[place.segment].take(place.offset);
  if (segments_[place.segment].entries.empty())
    segments_.erase(segments_.begin() + static_cast<std::ptrdiff_t>(place.segment));
  return taken;
}

// Keeps the number of segments within about four times what full ones would need: no two
// neighbours that fill half a segment stay apart.
void IntervalMatcher::join_small_neighbours() {
  for (std::size_t at = 0; at + 1 < segments_.size();) {
    Segment& left = segments_[at];
    Segment& right = segments_[at + 1];
    if (!(left.weight + right.weight).fits(2)) {
      ++at;
      continue;
    }
    for (Entry& entry : right.entries) left.insert(left.entries.size(), std::move(entry));
    segments_.erase(segments_.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}

Expected<void> IntervalMatcher::insert(std::size_t position, PolicyId id,
                                       std::span<const Selector> selectors) {
  if (id.value < used_.size() && used_[id.value])
    return fail(Error::Code::Exists, fmt::format("policy id {} is in use", id.value),
                "remove it first");
  if (position > policies_)
    return fail(Error::Code::Invalid,
                fmt::format("position {} lies past the end of {} policies", position, policies_),
                fmt::format("choose 0 to {}", policies_));
  if (selectors.size() > kSegmentColumns)
    return fail(Error::Code::Exhausted, fmt::format("{} selectors in one policy", selectors.size()),
                fmt::format("split it into policies of at most {}", kSegmentColumns));
  place(Entry{id, {selectors.begin(), selectors.end()}, Weight::of(selectors)}, position);
  join_small_neighbours();
  if (id.value >= used_.size()) used_.resize(id.value + 1);
  used_[id.value] = true;
  ++policies_;
  return {};
}

Expected<void> IntervalMatcher::remove(PolicyId id) {
  const std::optional<Place> at = find(id);
  if (!at) return fail(Error::Code::NotFound, fmt::format("there is no policy id {}", id.value));
  static_cast<void>(take(*at));
  join_small_neighbours();
  used_[id.value] = false;
  --policies_;
  return {};
}

Expected<void> IntervalMatcher::move(PolicyId id, std::size_t position) {
  const std::optional<Place> at = find(id);
  if (!at) return fail(Error::Code::NotFound, fmt::format("there is no policy id {}", id.value));
  if (position >= policies_)
    return fail(Error::Code::Invalid,
                fmt::format("position {} lies past the last of {} policies", position, policies_),
                fmt::format("choose 0 to {}", policies_ - 1));
  place(take(*at), position);
  join_small_neighbours();
  return {};
}

std::shared_ptr<const PolicyView> IntervalMatcher::view() const {
  std::vector<std::shared_ptr<const IntervalIndex>> indices;
  std::vector<IntervalIndex::Column> columns;
  for (const Segment& segment : segments_) {
    if (!segment.index) {
      columns.clear();
      for (const Entry& entry : segment.entries)
        for (const Selector& selector : entry.selectors) columns.push_back({&selector, entry.id});
      segment.index = std::make_shared<const IntervalIndex>(columns);
    }
    indices.push_back(segment.index);
  }
  return std::make_shared<View>(std::move(indices));
}

std::size_t IntervalMatcher::bytes() const noexcept {
  std::size_t sum = 0;
  for (const Segment& segment : segments_)
    if (segment.index) sum += segment.index->bytes();
  return sum;
}

}  // namespace sallyport
