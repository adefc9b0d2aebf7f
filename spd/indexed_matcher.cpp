#include "spd/indexed_matcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "spd/edit_refusals.h"
#include "spd/longest_ascent.h"

namespace sallyport {
namespace {

std::shared_ptr<const std::vector<Selector>> shared(std::span<const Selector> selectors) {
  return std::make_shared<const std::vector<Selector>>(selectors.begin(), selectors.end());
}

}  // namespace

// Selectors in order, indexed.
class IndexedMatcher::Base {
 public:
  struct Member {
    PolicyId id;
    Selectors selectors;
  };

  explicit Base(std::span<const Member> members) {
    std::vector<const Selector*> selectors;
    for (const Member& member : members) {
      first_columns_.push_back({member.id, static_cast<Column>(policies_.size())});
      for (const Selector& selector : *member.selectors) {
        selectors.push_back(&selector);
        policies_.push_back(member.id);
      }
    }
    std::ranges::sort(first_columns_, {}, &Place::id);
    index_ = PolicyIndices(selectors);
  }

  // The first live column that matches, or kNoColumn.
  [[nodiscard]] Column first_match(const SelectorFields& fields,
                                   const LiveColumns& live) const noexcept {
    return index_.first_match(fields, live);
  }
  [[nodiscard]] std::size_t columns() const noexcept { return policies_.size(); }
  [[nodiscard]] PolicyId policy(Column column) const noexcept { return policies_[column]; }
  // Of a policy; kNoColumn where it has none.
  [[nodiscard]] Column first_column(PolicyId id) const noexcept {
    const auto place = std::ranges::lower_bound(first_columns_, id, {}, &Place::id);
    return place != first_columns_.end() && place->id == id ? place->column : kNoColumn;
  }
  [[nodiscard]] std::size_t bytes() const noexcept {
    return policies_.capacity() * sizeof policies_[0] +
           first_columns_.capacity() * sizeof first_columns_[0] + index_.bytes();
  }

 private:
  struct Place {
    PolicyId id;
    Column column;
  };
  std::vector<PolicyId> policies_;    // by column
  std::vector<Place> first_columns_;  // by id
  PolicyIndices index_;
};

// A base and a delta, whichever of their columns are met.
class IndexedMatcher::Shape {
 public:
  struct Delta {
    std::vector<const Selector*> selectors;
    std::vector<PolicyId> policies;  // by column
    std::vector<Column> in_front;    // by column: of which column of the base it stands

    void add(PolicyId id, const std::vector<Selector>& added) {
      for (const Selector& selector : added) selectors.push_back(&selector);
      policies.resize(selectors.size(), id);
    }
  };

  Shape(std::shared_ptr<const Base> base, Delta delta)
      : base_(std::move(base)), delta_(std::move(delta)), delta_index_(delta_.selectors) {
    delta_.selectors = {};  // they may go, from here on
  }

  [[nodiscard]] PolicyId match(const SelectorFields& fields, const LiveColumns& live,
                               const LiveColumns& delta_live) const noexcept {
    const Column column = base_ ? base_->first_match(fields, live) : kNoColumn;
    const Column added = delta_index_.first_match(fields, delta_live);
    if (added != kNoColumn && delta_.in_front[added] <= column) return delta_.policies[added];
    return column != kNoColumn ? base_->policy(column) : kNoPolicy;
  }
  // Of a policy in the delta the first of its columns.
  [[nodiscard]] std::size_t delta_column(PolicyId id) const noexcept {
    return static_cast<std::size_t>(std::ranges::find(delta_.policies, id) -
                                    delta_.policies.begin());
  }
  [[nodiscard]] std::size_t delta_columns() const noexcept { return delta_.policies.size(); }
  [[nodiscard]] std::size_t base_bytes() const noexcept { return base_ ? base_->bytes() : 0; }
  [[nodiscard]] std::size_t delta_bytes() const noexcept {
    return delta_index_.bytes() + delta_.policies.capacity() * sizeof delta_.policies[0] +
           delta_.in_front.capacity() * sizeof delta_.in_front[0];
  }

 private:
  std::shared_ptr<const Base> base_;
  Delta delta_;
  PolicyIndices delta_index_;
};

class IndexedMatcher::View final : public PolicyView {
 public:
  View(std::shared_ptr<const Shape> shape, const LiveColumns& live, const LiveColumns& delta_live)
      : shape_(std::move(shape)), live_(live), delta_live_(delta_live) {}

  PolicyId match(const SelectorFields& fields) const noexcept override {
    return shape_->match(fields, live_, delta_live_);
  }
  Octets octets() const noexcept override {
    return {.own = shape_->delta_bytes() + live_.bytes() + delta_live_.bytes(),
            .shared = shape_->base_bytes()};
  }

 private:
  std::shared_ptr<const Shape> shape_;
  LiveColumns live_;
  LiveColumns delta_live_;
};

class IndexedMatcher::BaseRebuild final : public Rebuild {
 public:
  BaseRebuild(std::vector<Base::Member> members, std::uint64_t made_at)
      : members_(std::move(members)), made_at_(made_at) {}
  void run() override {
    base_ = std::make_shared<const Base>(members_);
    members_ = {};
  }
  [[nodiscard]] const std::shared_ptr<const Base>& base() const noexcept { return base_; }
  [[nodiscard]] std::uint64_t made_at() const noexcept { return made_at_; }

 private:
  std::vector<Base::Member> members_;
  std::uint64_t made_at_;
  std::shared_ptr<const Base> base_;
};

std::size_t IndexedMatcher::dead() const noexcept {
  return base_ ? base_->columns() - base_columns_ : 0;
}

std::size_t IndexedMatcher::place_of(PolicyId id) const noexcept {
  return static_cast<std::size_t>(std::ranges::find(entries_, id, &Entry::id) - entries_.begin());
}

std::size_t IndexedMatcher::known_place(PolicyId id) {
  if (id.value >= used_.size() || !used_[id.value]) return entries_.size();
  if (places_.empty()) {
    places_.resize(used_.size());
    for (std::size_t place = 0; place < entries_.size(); ++place)
      places_[entries_[place].id.value] = place;
  }
  return places_[id.value];
}

void IndexedMatcher::forget_shape() noexcept {
  shape_.reset();
  places_.clear();
}

Expected<void> IndexedMatcher::check(std::span<const Selector> selectors) {
  if (std::ranges::all_of(selectors, PolicyIndex::fits)) return {};
  return fail(Error::Code::Invalid, fmt::format("a selector of more than {} ranges", kMostCovers),
              "write several of them");
}

void IndexedMatcher::mark_edited(Entry& entry) noexcept {
  entry.column = kNoColumn;
  entry.edited = ++edits_;
}

void IndexedMatcher::count_in(const Entry& entry) noexcept {
  columns_ += entry.selectors->size();
  if (entry.column != kNoColumn) base_columns_ += entry.selectors->size();
}

void IndexedMatcher::count_out(const Entry& entry) noexcept {
  columns_ -= entry.selectors->size();
  if (entry.column != kNoColumn) base_columns_ -= entry.selectors->size();
}

Expected<void> IndexedMatcher::insert(std::size_t position, PolicyId id,
                                      std::span<const Selector> selectors) {
  if (id.value < used_.size() && used_[id.value]) return id_in_use(id);
  if (position > entries_.size()) return past_the_end(position, entries_.size());
  if (auto ok = check(selectors); !ok) return ok;
  Entry entry{.id = id, .selectors = shared(selectors)};
  mark_edited(entry);
  count_in(entry);
  entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(position), std::move(entry));
  if (id.value >= used_.size()) used_.resize(id.value + 1);
  used_[id.value] = true;
  forget_shape();
  return {};
}

Expected<void> IndexedMatcher::remove(PolicyId id) {
  const std::size_t place = place_of(id);
  if (place == entries_.size()) return no_such_id(id);
  count_out(entries_[place]);
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(place));
  used_[id.value] = false;
  ++edits_;
  forget_shape();
  return {};
}

Expected<void> IndexedMatcher::move(PolicyId id, std::size_t position) {
  const std::size_t place = place_of(id);
  if (place == entries_.size()) return no_such_id(id);
  if (position >= entries_.size()) return past_the_last(position, entries_.size());
  count_out(entries_[place]);
  mark_edited(entries_[place]);
  count_in(entries_[place]);
  forget_shape();
  const auto from = entries_.begin() + static_cast<std::ptrdiff_t>(place);
  const auto to = entries_.begin() + static_cast<std::ptrdiff_t>(position);
  if (to < from)
    std::rotate(to, from, from + 1);
  else
    std::rotate(from, from + 1, to + 1);
  return {};
}

Expected<void> IndexedMatcher::set_activity(PolicyId id, Activity activity) {
  const std::size_t place = known_place(id);
  if (place == entries_.size()) return no_such_id(id);
  entries_[place].activity = activity;
  if (shape_ != nullptr) show_activity(entries_[place]);
  return {};
}

void IndexedMatcher::show_activity(const Entry& entry) {
  const bool in_base = entry.column != kNoColumn;
  LiveColumns& live = in_base ? live_ : delta_live_;
  const std::size_t first = in_base ? entry.column : shape_->delta_column(entry.id);
  if (entry.activity == Activity::Active)
    live.revive(first, entry.selectors->size());
  else
    live.bury(first, entry.selectors->size());
}

Expected<void> IndexedMatcher::replace(std::span<const Listed> list) {
  std::vector<bool> used;
  for (const auto& [id, selectors, activity] : list) {
    if (id.value >= used.size()) used.resize(id.value + 1);
    if (used[id.value]) return id_in_use(id);
    used[id.value] = true;
    if (auto ok = check(selectors); !ok) return ok;
  }
  std::vector<std::size_t> by_id(std::max(used.size(), used_.size()), kNoPlace);
  for (std::size_t place = 0; place < entries_.size(); ++place)
    by_id[entries_[place].id.value] = place;
  std::vector<std::size_t> places;
  for (const Listed& each : list) places.push_back(by_id[each.id.value]);
  const std::vector<bool> stays = longest_ascent(places);
  std::vector<Entry> entries;
  entries.reserve(list.size());
  columns_ = base_columns_ = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (places[i] == kNoPlace)
      entries.push_back({.id = list[i].id, .selectors = shared(list[i].selectors)});
    else
      entries.push_back(std::move(entries_[places[i]]));
    entries.back().activity = list[i].activity;
    if (!stays[i]) mark_edited(entries.back());
    count_in(entries.back());
  }
  entries_ = std::move(entries);
  used_ = std::move(used);
  ++edits_;
  forget_shape();
  return {};
}

std::shared_ptr<const PolicyView> IndexedMatcher::view() {
  if (delta() > kMostDelta || dead() > kMostDelta) {
    const std::shared_ptr<Rebuild> rebuild = begin_rebuild();
    rebuild->run();
    finish_rebuild(*rebuild);
  }
  if (shape_ == nullptr) make_shape();
  return std::make_shared<View>(shape_, live_, delta_live_);
}

void IndexedMatcher::make_shape() {
  const auto base_end = static_cast<Column>(base_ ? base_->columns() : 0);
  live_ = LiveColumns(base_end);
  Shape::Delta delta;
  Column next = 0;  // column of the base behind those of the entries so far
  for (const Entry& entry : entries_) {
    if (entry.column == kNoColumn) {
      delta.add(entry.id, *entry.selectors);
      continue;
    }
    live_.bury(next, entry.column - next);
    next = entry.column + static_cast<Column>(entry.selectors->size());
    delta.in_front.resize(delta.policies.size(), entry.column);
  }
  live_.bury(next, base_end - next);
  delta.in_front.resize(delta.policies.size(), base_end);
  shape_ = std::make_shared<const Shape>(base_, std::move(delta));
  delta_live_ = LiveColumns(shape_->delta_columns());
  for (const Entry& entry : entries_)
    if (entry.activity == Activity::Inactive) show_activity(entry);
}

std::shared_ptr<PolicyMatcher::Rebuild> IndexedMatcher::begin_rebuild() {
  if (delta() <= kWorthRebuilding && dead() <= kWorthRebuilding) return nullptr;
  std::vector<Base::Member> members;
  members.reserve(entries_.size());
  for (const Entry& entry : entries_) members.push_back({entry.id, entry.selectors});
  return std::make_shared<BaseRebuild>(std::move(members), edits_);
}

void IndexedMatcher::finish_rebuild(const Rebuild& rebuild) {
  const auto& finished = dynamic_cast<const BaseRebuild&>(rebuild);
  // Not run, or overtaken by a base that view() had to build.
  if (finished.base() == nullptr || (base_ && finished.made_at() < base_made_at_)) return;
  adopt(finished.base(), finished.made_at());
}

// Entries that have been put somewhere since are in no order with the base any more.
void IndexedMatcher::adopt(std::shared_ptr<const Base> base, std::uint64_t made_at) {
  base_ = std::move(base);
  shape_.reset();
  base_made_at_ = made_at;
  base_columns_ = 0;
  for (Entry& entry : entries_) {
    entry.column = entry.edited <= made_at ? base_->first_column(entry.id) : kNoColumn;
    if (entry.column != kNoColumn) base_columns_ += entry.selectors->size();
  }
}

}  // namespace sallyport
