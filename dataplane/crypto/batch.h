// Groups the jobs of a burst by transform, so that one call serves all SAs that share it.
#pragma once

#include <immintrin.h>

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

// What differs between sixteen, and between eight, octets from two places on.
[[nodiscard]] inline __m128i difference_of_16(const std::uint8_t* left,
                                              const std::uint8_t* right) noexcept {
  return _mm_xor_si128(_mm_loadu_si128(reinterpret_cast<const __m128i*>(left)),
                       _mm_loadu_si128(reinterpret_cast<const __m128i*>(right)));
}
[[nodiscard]] inline std::uint64_t difference_of_8(const std::uint8_t* left,
                                                   const std::uint8_t* right) noexcept {
  std::uint64_t words[2];
  std::memcpy(&words[0], left, sizeof words[0]);
  std::memcpy(&words[1], right, sizeof words[1]);
  return words[0] ^ words[1];
}

// True where the first `count` octets (8 to 32) are equal; the time depends on `count` only. The
// first and the last of them are compared, which overlap.
[[nodiscard]] inline bool equal_icv(const std::uint8_t* left, const std::uint8_t* right,
                                    std::size_t count) noexcept {
  if (count < 16) {
    const std::size_t last = count - 8;
    return (difference_of_8(left, right) | difference_of_8(left + last, right + last)) == 0;
  }
  const std::size_t last = count - 16;
  const __m128i difference =
      _mm_or_si128(difference_of_16(left, right), difference_of_16(left + last, right + last));
  return _mm_testz_si128(difference, difference) != 0;
}

}  // namespace sallyport
