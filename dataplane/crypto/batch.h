// Groups the jobs of a burst by transform, so that one call serves all SAs that share it.
#pragma once

#include <algorithm>
#include <cstring>

#include "dataplane/crypto/engine.h"
#include "dataplane/crypto/key_table.h"

namespace sallyport {

inline constexpr std::size_t kEspHeaderBytes = 8;

enum class Operation { Seal, Open };

// A job beside its key, and where the parts of its packet lie.
struct BatchItem {
  CryptoJob* job;
  const ExpandedKey* key;

  [[nodiscard]] std::uint8_t* esp() const noexcept { return job->esp; }
  [[nodiscard]] std::uint8_t* iv() const noexcept { return job->esp + kEspHeaderBytes; }
  // The IV as it lies in memory; an implicit one is the sequence number, 64 bits with ESN, else
  // with four octets of zeros in front (RFC 8750 4, 5).
  [[nodiscard]] std::uint64_t iv_word() const noexcept {
    if (key->iv_bytes != 0) [[likely]] {
      std::uint64_t word;
      std::memcpy(&word, iv(), sizeof word);
      return word;
    }
    std::uint32_t low;
    std::memcpy(&low, job->esp + kEspHeaderBytes / 2, sizeof low);
    const std::uint32_t high = job->esn ? __builtin_bswap32(job->sequence_high) : 0;
    return std::uint64_t{low} << 32 | high;
  }
  [[nodiscard]] std::uint8_t* text() const noexcept { return iv() + key->iv_bytes; }
  [[nodiscard]] std::uint8_t* icv() const noexcept { return text() + job->text_bytes; }
  // Of AH.
  [[nodiscard]] bool is_ah() const noexcept { return job->icv_offset != 0; }
  [[nodiscard]] std::uint8_t* ah_iv() const noexcept { return job->esp + job->icv_offset; }
  [[nodiscard]] std::uint8_t* ah_icv() const noexcept { return ah_iv() + key->iv_bytes; }
  // Of both, where integrity is a pass of its own: where it ends, and where its result stands.
  [[nodiscard]] std::uint8_t* covered_end() const noexcept {
    return is_ah() ? job->esp + job->text_bytes : icv();
  }
  [[nodiscard]] std::uint8_t* result() const noexcept { return is_ah() ? ah_icv() : icv(); }
};

// Items of one transform: at least one, at most kBatchItems.
using Batch = std::span<const BatchItem>;
inline constexpr std::size_t kBatchItems = 64;
[[nodiscard]] inline Transform transform_of(Batch batch) noexcept {
  return batch.front().key->transform;
}

// Fetches keys a few items ahead of the one that is worked on. Those of a whole burst at once would
// push each other out of the first-level cache; a single one is there by now.
class KeysAhead {
 public:
  KeysAhead(Batch batch, const KeyTable& keys) noexcept
      : next_(batch.data()), end_(batch.data() + batch.size()), keys_(keys) {
    if (batch.front().job->key == batch.back().job->key) next_ = end_;
    for (std::size_t i = 0; i < kAhead; ++i) step();
  }
  // Once before each item.
  void step() noexcept {
    if (next_ == end_) return;
    const CryptoJob& job = *next_++->job;
    if (job.key == fetched_) return;
    fetched_ = job.key;
    keys_.prefetch(fetched_, job.text_bytes);
  }

 private:
  static constexpr std::size_t kAhead = 4;
  const BatchItem* next_;
  const BatchItem* end_;
  const KeyTable& keys_;
  KeySlot fetched_{kNoKey};
};

// Splits `items` into batches: the first item's transform, then the first of what is left.
template <class Work>
void split_by_transform(std::span<BatchItem> items, Work& work) noexcept {
  while (!items.empty()) {
    const Transform transform = items.front().key->transform;
    const auto next = std::partition(items.begin() + 1, items.end(), [&](const BatchItem& item) {
      return item.key->transform == transform;
    });
    const auto count = static_cast<std::size_t>(next - items.begin());
    work(Batch(items.first(count)));
    items = items.subspan(count);
  }
}

// Fills an item for each of the jobs, at least one. True where all have one transform.
[[nodiscard]] inline bool put_beside_keys(std::span<CryptoJob> jobs, const KeyTable& keys,
                                          BatchItem* item) noexcept {
  const ExpandedKey* const first = &keys.at(jobs.front().key);
  const ExpandedKey* key = first;
  KeySlot slot = jobs.front().key;
  bool alike = true;
  for (CryptoJob& job : jobs) {
    if (job.key != slot) {
      slot = job.key;
      key = &keys.at(slot);
      alike &= key->transform == first->transform;
    }
    *item++ = {&job, key};
  }
  return alike;
}

// Calls `work(Batch)` until every job was in one batch. Jobs of one transform come together even
// where others stand between them.
template <class Work>
void for_each_batch(std::span<CryptoJob> jobs, const KeyTable& keys, Work work) noexcept {
  std::array<BatchItem, kBatchItems> items;
  while (!jobs.empty()) {
    const auto some = jobs.first(std::min(jobs.size(), kBatchItems));
    const auto batch = std::span(items).first(some.size());
    if (put_beside_keys(some, keys, batch.data())) [[likely]]
      work(Batch(batch));
    else
      split_by_transform(batch, work);
    jobs = jobs.subspan(some.size());
  }
}

// True where the first `count` octets (8 to 32, a multiple of 4) are equal; the time depends on
// `count` only.
[[nodiscard]] inline bool equal_icv(const std::uint8_t* left, const std::uint8_t* right,
                                    std::size_t count) noexcept {
  const auto difference = [&](std::size_t at) {
    std::uint64_t a;
    std::uint64_t b;
    std::memcpy(&a, left + at, sizeof a);
    std::memcpy(&b, right + at, sizeof b);
    return a ^ b;
  };
  std::uint64_t differences = difference(count - 8);
  for (std::size_t at = 0; at + 8 < count; at += 8) differences |= difference(at);
  return differences == 0;
}

}  // namespace sallyport
