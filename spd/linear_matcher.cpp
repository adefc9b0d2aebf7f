#include "spd/linear_matcher.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport {

class LinearMatcher::View final : public PolicyView {
 public:
  explicit View(std::vector<Entry> entries) : entries_(std::move(entries)) {}

  PolicyId match(const SelectorFields& fields) const noexcept override {
    for (const Entry& entry : entries_)
      for (const Selector& selector : entry.selectors)
        if (matches(selector, fields)) return entry.id;
    return kNoPolicy;
  }
  std::size_t bytes() const noexcept override { return entries_.capacity() * sizeof entries_[0]; }

 private:
  std::vector<Entry> entries_;
};

Expected<void> LinearMatcher::insert(std::size_t position, PolicyId id,
                                     std::span<const Selector> selectors) {
  if (find(id) != entries_.end())
    return fail(Error::Code::Exists, fmt::format("policy id {} is in use", id.value),
                "remove it first");
  if (position > entries_.size())
    return fail(
        Error::Code::Invalid,
        fmt::format("position {} lies past the end of {} policies", position, entries_.size()),
        fmt::format("choose 0 to {}", entries_.size()));
  entries_.insert(entries_.begin() + static_cast<std::ptrdiff_t>(position),
                  Entry{id, {selectors.begin(), selectors.end()}});
  return {};
}

Expected<void> LinearMatcher::remove(PolicyId id) {
  const auto entry = find(id);
  if (entry == entries_.end())
    return fail(Error::Code::NotFound, fmt::format("there is no policy id {}", id.value));
  entries_.erase(entry);
  return {};
}

Expected<void> LinearMatcher::move(PolicyId id, std::size_t position) {
  const auto entry = find(id);
  if (entry == entries_.end())
    return fail(Error::Code::NotFound, fmt::format("there is no policy id {}", id.value));
  if (position >= entries_.size())
    return fail(
        Error::Code::Invalid,
        fmt::format("position {} lies past the last of {} policies", position, entries_.size()),
        fmt::format("choose 0 to {}", entries_.size() - 1));
  const auto target = entries_.begin() + static_cast<std::ptrdiff_t>(position);
  if (target < entry)
    std::rotate(target, entry, entry + 1);
  else
    std::rotate(entry, entry + 1, target + 1);
  return {};
}

std::shared_ptr<const PolicyView> LinearMatcher::view() { return std::make_shared<View>(entries_); }

std::vector<LinearMatcher::Entry>::iterator LinearMatcher::find(PolicyId id) {
  return std::ranges::find(entries_, id, &Entry::id);
}

}  // namespace sallyport
