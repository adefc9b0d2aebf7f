#include "spd/linear_matcher.h"

#include <algorithm>

#include "spd/edit_refusals.h"

namespace sallyport {

class LinearMatcher::View final : public PolicyView {
 public:
  explicit View(std::vector<Entry> entries) : entries_(std::move(entries)) {}

  PolicyId match(const SelectorFields& fields) const noexcept override {
    for (const Entry& entry : entries_) {
      if (entry.activity == Activity::Inactive) continue;
      for (const Selector& selector : entry.selectors)
        if (matches(selector, fields)) return entry.id;
    }
    return kNoPolicy;
  }
  Octets octets() const noexcept override {
    return {.own = entries_.capacity() * sizeof entries_[0]};
  }

 private:
  std::vector<Entry> entries_;
};

Expected<void> LinearMatcher::insert(std::size_t position, PolicyId id,
                                     std::span<const Selector> selectors) {
  if (find(id) != entries_.end()) return id_in_use(id);
  if (position > entries_.size()) return past_the_end(position, entries_.size());
  entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(position),
                  Entry{id, {selectors.begin(), selectors.end()}});
  return {};
}

Expected<void> LinearMatcher::remove(PolicyId id) {
  const auto entry = find(id);
  if (entry == entries_.end()) return no_such_id(id);
  entries_.erase(entry);
  return {};
}

Expected<void> LinearMatcher::move(PolicyId id, std::size_t position) {
  const auto entry = find(id);
  if (entry == entries_.end()) return no_such_id(id);
  if (position >= entries_.size()) return past_the_last(position, entries_.size());
  const auto target = entries_.begin() + static_cast<std::ptrdiff_t>(position);
  if (target < entry)
    std::rotate(target, entry, entry + 1);
  else
    std::rotate(entry, entry + 1, target + 1);
  return {};
}

Expected<void> LinearMatcher::set_activity(PolicyId id, Activity activity) {
  const auto entry = find(id);
  if (entry == entries_.end()) return no_such_id(id);
  entry->activity = activity;
  return {};
}

Expected<void> LinearMatcher::replace(std::span<const Listed> list) {
  std::vector<Entry> entries;
  for (const auto& [id, selectors, activity] : list) {
    if (std::ranges::find(entries, id, &Entry::id) != entries.end()) return id_in_use(id);
    const auto known = find(id);
    entries.push_back(known != entries_.end() ? *known
                                              : Entry{id, {selectors.begin(), selectors.end()}});
    entries.back().activity = activity;
  }
  entries_ = std::move(entries);
  return {};
}

std::shared_ptr<const PolicyView> LinearMatcher::view() { return std::make_shared<View>(entries_); }

std::vector<LinearMatcher::Entry>::iterator LinearMatcher::find(PolicyId id) {
  return std::ranges::find(entries_, id, &Entry::id);
}

}  // namespace sallyport
