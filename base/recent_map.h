// A map that holds so many entries and no more: the one that was asked for longest ago goes.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <utility>

namespace sallyport {

// Looking up and inserting cost as much as in std::map. One thread at a time.
template <class Key, class Value>
class RecentMap {
 public:
  // `most` is 1 or more.
  explicit RecentMap(std::size_t most) noexcept : most_(most) {}

  // Valid until the next call; null where there is none. What is found is the newest from then on.
  [[nodiscard]] Value* find(const Key& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }

  // In place of what the key had.
  void put(const Key& key, Value value) {
    erase(key);
    if (entries_.size() >= most_) {
      places_.erase(entries_.back().first);
      entries_.pop_back();
    }
    entries_.emplace_front(key, std::move(value));
    places_.emplace(key, entries_.begin());
  }

  void erase(const Key& key) {
    const auto found = places_.find(key);
    if (found == places_.end()) return;
    entries_.erase(found->second);
    places_.erase(found);
  }

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  using Entries = std::list<std::pair<Key, Value>>;

  std::size_t most_;
  Entries entries_;  // the newest first
  std::map<Key, typename Entries::iterator> places_;
};

}  // namespace sallyport
