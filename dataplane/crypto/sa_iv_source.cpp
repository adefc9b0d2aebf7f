#include "dataplane/crypto/sa_iv_source.h"

#include <wmmintrin.h>

#include <array>
#include <bit>

namespace sallyport {
namespace {

constexpr std::size_t kLanes = 8;  // blocks in flight: what hides the latency of one AES round
constexpr int kRounds = 10;

// IVs that are AES-128 of the sequence number, each under its own key: gathered, since a single one
// takes as long as eight.
class EncryptedCounters {
 public:
  ~EncryptedCounters() { write(); }
  void add(const CryptoJob& job) noexcept {
    jobs_[count_++] = &job;
    if (count_ == kLanes) write();
  }

 private:
  __attribute__((target("aes,sse4.1"))) void write() noexcept {
    if (count_ == 0) return;
    const __m128i* keys[kLanes];
    __m128i blocks[kLanes];
    for (std::size_t i = 0; i < kLanes; ++i) {
      const CryptoJob& job = *jobs_[i < count_ ? i : 0];
      keys[i] = reinterpret_cast<const __m128i*>(job.key->separate.iv_schedule.data());
      blocks[i] =
          _mm_xor_si128(_mm_set_epi64x(0, std::bit_cast<long long>(job.sequence)), keys[i][0]);
    }
    for (int round = 1; round < kRounds; ++round)
      for (std::size_t i = 0; i < kLanes; ++i)
        blocks[i] = _mm_aesenc_si128(blocks[i], keys[i][round]);
    for (std::size_t i = 0; i < count_; ++i) {
      const __m128i iv = _mm_aesenclast_si128(blocks[i], keys[i][kRounds]);
      std::memcpy(jobs_[i]->iv(), &iv, jobs_[i]->key->iv_bytes == sizeof iv ? sizeof iv : 8);
    }
    count_ = 0;
  }

  std::array<const CryptoJob*, kLanes> jobs_;
  std::size_t count_{};
};

}  // namespace

void SaIvSource::fill(std::span<const CryptoJob> jobs) noexcept {
  EncryptedCounters encrypted;
  for (const CryptoJob& job : jobs)
    if (job.key->iv_rule == IvRule::EncryptedCounter) encrypted.add(job);
}

}  // namespace sallyport
