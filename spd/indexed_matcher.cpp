#include "spd/indexed_matcher.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport {
namespace {

using Live = std::vector<std::uint64_t>;

Live all_live(std::size_t columns) { return Live((columns + 63) / 64, ~0ull); }

void bury(Live& live, std::size_t first, std::size_t count) {
  for (std::size_t column = first; column < first + count; ++column)
    live[column / 64] &= ~(std::uint64_t{1} << column % 64);
}

std::unexpected<Error> no_such_id(PolicyId id) {
  return fail(Error::Code::NotFound, fmt::format("there is no policy id {}", id.value));
}

}  // namespace

// Selectors in order, as many indices as they take.
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
    for (std::size_t at = 0; at < selectors.size(); at += PolicyIndex::kCapacity)
      indices_.emplace_back(std::span(selectors).subspan(
          at, std::min(PolicyIndex::kCapacity, selectors.size() - at)));
  }

  // The first live column that matches; columns() where none does.
  [[nodiscard]] std::size_t first_match(const SelectorFields& fields,
                                        std::span<const std::uint64_t> live) const noexcept {
    for (std::size_t i = 0; i < indices_.size(); ++i) {
      const std::size_t first = i * PolicyIndex::kCapacity;
      if (const auto column = indices_[i].first_match(fields, live.subspan(first / 64)))
        return first + *column;
    }
    return columns();
  }
  [[nodiscard]] std::size_t columns() const noexcept { return policies_.size(); }
  [[nodiscard]] PolicyId policy(std::size_t column) const noexcept { return policies_[column]; }
  // Of a policy; kNotInBase where it has none.
  [[nodiscard]] Column first_column(PolicyId id) const noexcept {
    const auto place = std::ranges::lower_bound(first_columns_, id, {}, &Place::id);
    return place != first_columns_.end() && place->id == id ? place->column : kNotInBase;
  }
  [[nodiscard]] std::size_t bytes() const noexcept {
    std::size_t sum = policies_.capacity() * sizeof policies_[0] +
                      first_columns_.capacity() * sizeof first_columns_[0];
    for (const PolicyIndex& index : indices_) sum += index.bytes();
    return sum;
  }

 private:
  struct Place {
    PolicyId id;
    Column column;
  };
  std::vector<PolicyIndex> indices_;
  std::vector<PolicyId> policies_;    // by column
  std::vector<Place> first_columns_;  // by id
};

class IndexedMatcher::View final : public PolicyView {
 public:
  struct Delta {
    std::vector<const Selector*> selectors;
    std::vector<PolicyId> policies;     // by column
    std::vector<std::size_t> in_front;  // by column: of which column of the base it stands

    void add(PolicyId id, const std::vector<Selector>& added) {
      for (const Selector& selector : added) selectors.push_back(&selector);
      policies.resize(selectors.size(), id);
    }
  };

  View(std::shared_ptr<const Base> base, Live live, Delta delta)
      : base_(std::move(base)), live_(std::move(live)), delta_(std::move(delta)) {
    if (delta_.selectors.empty()) return;
    delta_index_ = PolicyIndex(delta_.selectors);
    delta_live_ = all_live(delta_.selectors.size());
    delta_.selectors = {};  // they may go, from here on
  }

  PolicyId match(const SelectorFields& fields) const noexcept override {
    const std::size_t column = base_ ? base_->first_match(fields, live_) : 0;
    if (!delta_.policies.empty())
      if (const auto found = delta_index_.first_match(fields, delta_live_))
        if (delta_.in_front[*found] <= column) return delta_.policies[*found];
    return base_ && column < base_->columns() ? base_->policy(column) : kNoPolicy;
  }
  std::size_t bytes() const noexcept override {
    return (base_ ? base_->bytes() : 0) + delta_index_.bytes() +
           (live_.capacity() + delta_live_.capacity()) * sizeof live_[0] +
           delta_.policies.capacity() * (sizeof delta_.policies[0] + sizeof delta_.in_front[0]);
  }

 private:
  std::shared_ptr<const Base> base_;
  Live live_;
  Delta delta_;
  PolicyIndex delta_index_;
  Live delta_live_;
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

void IndexedMatcher::put(std::size_t place, Entry entry) {
  entry.column = kNotInBase;
  entry.edited = ++edits_;
  columns_ += entry.selectors->size();
  entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(place), std::move(entry));
}

IndexedMatcher::Entry IndexedMatcher::take(std::size_t place) {
  Entry entry = std::move(entries_[place]);
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(place));
  columns_ -= entry.selectors->size();
  if (entry.column != kNotInBase) base_columns_ -= entry.selectors->size();
  return entry;
}

Expected<void> IndexedMatcher::insert(std::size_t position, PolicyId id,
                                      std::span<const Selector> selectors) {
  if (id.value < used_.size() && used_[id.value])
    return fail(Error::Code::Exists, fmt::format("policy id {} is in use", id.value),
                "remove it first");
  if (position > entries_.size())
    return fail(
        Error::Code::Invalid,
        fmt::format("position {} lies past the end of {} policies", position, entries_.size()),
        fmt::format("choose 0 to {}", entries_.size()));
  put(position,
      {.id = id,
       .selectors = std::make_shared<std::vector<Selector>>(selectors.begin(), selectors.end())});
  if (id.value >= used_.size()) used_.resize(id.value + 1);
  used_[id.value] = true;
  return {};
}

Expected<void> IndexedMatcher::remove(PolicyId id) {
  const std::size_t place = place_of(id);
  if (place == entries_.size()) return no_such_id(id);
  static_cast<void>(take(place));
  used_[id.value] = false;
  return {};
}

Expected<void> IndexedMatcher::move(PolicyId id, std::size_t position) {
  const std::size_t place = place_of(id);
  if (place == entries_.size()) return no_such_id(id);
  if (position >= entries_.size())
    return fail(
        Error::Code::Invalid,
        fmt::format("position {} lies past the last of {} policies", position, entries_.size()),
        fmt::format("choose 0 to {}", entries_.size() - 1));
  put(position, take(place));
  return {};
}

std::shared_ptr<const PolicyView> IndexedMatcher::view() {
  if (delta() > kMostDelta || dead() > kMostDelta) {
    const std::shared_ptr<Rebuild> rebuild = begin_rebuild();
    rebuild->run();
    finish_rebuild(*rebuild);
  }
  const std::size_t base_end = base_ ? base_->columns() : 0;
  Live live = all_live(base_end);
  View::Delta delta;
  std::size_t next = 0;  // column of the base behind those of the entries so far
  for (const Entry& entry : entries_) {
    if (entry.column == kNotInBase) {
      delta.add(entry.id, *entry.selectors);
      continue;
    }
    bury(live, next, entry.column - next);
    next = entry.column + entry.selectors->size();
    delta.in_front.resize(delta.policies.size(), entry.column);
  }
  bury(live, next, base_end - next);
  delta.in_front.resize(delta.policies.size(), base_end);
  return std::make_shared<View>(base_, std::move(live), std::move(delta));
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
  base_made_at_ = made_at;
  base_columns_ = 0;
  for (Entry& entry : entries_) {
    entry.column = entry.edited <= made_at ? base_->first_column(entry.id) : kNotInBase;
    if (entry.column != kNotInBase) base_columns_ += entry.selectors->size();
  }
}

}  // namespace sallyport
