// Datagrams of which fragments are about: by key, bounded in number, oldest first.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory_resource>
#include <vector>

#include "net/fragment.h"

namespace sallyport {

// The same for all fragments of a datagram. Each word is multiplied by what only `seed` tells, and
// folded: which keys meet follows from the seed, so that outsiders cannot aim. (A CRC would not do:
// which keys meet in it is the same for every seed.)
[[nodiscard]] inline std::uint64_t hash_of(const FragmentKey& key, std::uint64_t seed) noexcept {
  static_assert(offsetof(FragmentKey, family) == 40);
  constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;
  std::uint64_t words[5];
  std::memcpy(words, &key, sizeof words);
  const std::uint64_t factor = (seed * kMultiplier) | 1;
  std::uint64_t hash = std::rotl(seed, 32) ^ key.protocol;
  for (const std::uint64_t word : words) {
    const unsigned __int128 product =
        static_cast<unsigned __int128>(hash ^ word ^ kMultiplier) * (factor ^ std::rotl(hash, 17));
    hash = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
  return hash;
}

// One worker's. All live equally long, so the oldest is the first to end.
template <class Value>
class FragmentTable {
 public:
  struct Entry {
    FragmentKey key;
    std::uint64_t until;  // ticks
    Value value;

   private:
    friend class FragmentTable;
    Entry* next_;  // in the bucket, or free
    Entry* older_;
    Entry* newer_;
  };

  // `seed` keeps outsiders from aiming at one bucket. Allocates here and never again.
  FragmentTable(std::size_t capacity, std::uint64_t seed, std::pmr::memory_resource& memory)
      : seed_(seed),
        entries_(capacity, &memory),
        buckets_(std::bit_ceil(std::max<std::size_t>(2 * capacity, 2)), nullptr, &memory) {
    for (Entry& entry : entries_) release(entry);
  }
  FragmentTable(const FragmentTable&) = delete;
  FragmentTable& operator=(const FragmentTable&) = delete;

  [[nodiscard]] std::size_t capacity() const noexcept { return entries_.size(); }
  [[nodiscard]] bool full() const noexcept { return free_ == nullptr; }
  // Null: it is empty.
  [[nodiscard]] Entry* oldest() const noexcept { return oldest_; }
  [[nodiscard]] static Entry* newer(const Entry& entry) noexcept { return entry.newer_; }

  [[nodiscard]] Entry* find(const FragmentKey& key) const noexcept {
    Entry* entry = buckets_[bucket_of(key)];
    while (entry != nullptr && entry->key != key) entry = entry->next_;
    return entry;
  }
  // The key is not in it, and it is not full. The value is what it was.
  [[nodiscard]] Entry& insert(const FragmentKey& key, std::uint64_t until) noexcept {
    Entry& entry = *free_;
    free_ = entry.next_;
    entry.key = key;
    entry.until = until;
    Entry*& bucket = buckets_[bucket_of(key)];
    entry.next_ = std::exchange(bucket, &entry);
    entry.older_ = std::exchange(newest_, &entry);
    entry.newer_ = nullptr;
    (entry.older_ == nullptr ? oldest_ : entry.older_->newer_) = &entry;
    return entry;
  }
  void erase(Entry& entry) noexcept {
    Entry** link = &buckets_[bucket_of(entry.key)];
    while (*link != &entry) link = &(*link)->next_;
    *link = entry.next_;
    (entry.older_ == nullptr ? oldest_ : entry.older_->newer_) = entry.newer_;
    (entry.newer_ == nullptr ? newest_ : entry.newer_->older_) = entry.older_;
    release(entry);
  }

 private:
  void release(Entry& entry) noexcept { entry.next_ = std::exchange(free_, &entry); }

  [[nodiscard]] std::size_t bucket_of(const FragmentKey& key) const noexcept {
    return hash_of(key, seed_) & (buckets_.size() - 1);
  }

  std::uint64_t seed_;
  std::pmr::vector<Entry> entries_;
  std::pmr::vector<Entry*> buckets_;
  Entry* free_{};
  Entry* oldest_{};
  Entry* newest_{};
};

}  // namespace sallyport
