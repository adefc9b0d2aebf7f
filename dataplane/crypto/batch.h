// Groups the jobs of a burst by transform, so that one call serves all SAs that share it.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>

#include "dataplane/crypto/crypto_job.h"

namespace sallyport {

enum class Operation { Seal, Open };

// Jobs of one transform: at least one, at most kBatchJobs.
using Batch = std::span<CryptoJob>;
inline constexpr std::size_t kBatchJobs = 64;
[[nodiscard]] inline Transform transform_of(Batch batch) noexcept {
  return batch.front().key->transform;
}

// Works on `jobs`, at most kBatchJobs, whose transforms differ: the first one's, then the first of
// what is left. Those of one transform are moved next to each other for it.
template <class Work>
[[gnu::noinline]] void split_by_transform(std::span<CryptoJob> jobs, Work& work) noexcept {
  std::array<CryptoJob, kBatchJobs> alike;
  std::array<bool, kBatchJobs> done{};
  for (std::size_t first = 0; first < jobs.size(); ++first) {
    if (done[first]) continue;
    const Transform transform = jobs[first].key->transform;
    std::array<std::uint8_t, kBatchJobs> places;
    std::size_t count = 0;
    for (std::size_t i = first; i < jobs.size(); ++i) {
      if (jobs[i].key->transform != transform) continue;
      done[i] = true;
      places[count] = static_cast<std::uint8_t>(i);
      alike[count++] = jobs[i];
    }
    work(Batch(alike.data(), count));
    for (std::size_t i = 0; i < count; ++i) jobs[places[i]].good = alike[i].good;
  }
}

// Calls `work(Batch)` until every job was in one batch. Jobs of one transform come together even
// where others stand between them.
template <class Work>
void for_each_batch(std::span<CryptoJob> jobs, Work work) noexcept {
  while (!jobs.empty()) {
    const auto some = jobs.first(std::min(jobs.size(), kBatchJobs));
    const Transform transform = transform_of(some);
    bool alike = true;
    for (const CryptoJob& job : some) alike &= job.key->transform == transform;
    if (alike) [[likely]]
      work(some);
    else
      split_by_transform(some, work);
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
