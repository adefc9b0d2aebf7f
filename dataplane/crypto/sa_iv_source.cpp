#include "dataplane/crypto/sa_iv_source.h"

#include <wmmintrin.h>

#include <bit>

#include "dataplane/crypto/batch.h"

namespace sallyport {
namespace {

constexpr std::size_t kLanes = 8;  // blocks in flight: what hides the latency of one AES round
constexpr int kRounds = 10;
using IvBlock = std::array<std::uint8_t, 16>;

void write_counters(std::span<const CryptoJob> jobs, std::uint64_t counter) noexcept {
  for (const CryptoJob& job : jobs) {
    store_be<std::uint64_t>(job.esp + kEspHeaderBytes, counter++);
  }
}

// AH has its IV at the start of its ICV field (RFC 4543 4).
[[gnu::noinline]] void write_ah_counters(std::span<const CryptoJob> jobs,
                                         std::uint64_t counter) noexcept {
  for (const CryptoJob& job : jobs) {
    store_be<std::uint64_t>(job.esp + job.icv_offset, counter++);
  }
}

// AES-128 of the numbers `counter`, `counter + 1`, ...
__attribute__((target("aes,sse4.1"))) void encrypt_counters(
    const std::array<std::uint8_t, 176>& schedule, std::uint64_t counter,
    std::array<IvBlock, kLanes>& out) noexcept {
  const auto* keys = reinterpret_cast<const __m128i*>(schedule.data());
  __m128i blocks[kLanes];
  for (__m128i& block : blocks) {
    block = _mm_xor_si128(_mm_set_epi64x(0, std::bit_cast<long long>(counter++)), keys[0]);
  }
  for (int round = 1; round < kRounds; ++round) {
    for (__m128i& block : blocks) block = _mm_aesenc_si128(block, keys[round]);
  }
  for (std::size_t i = 0; i < kLanes; ++i) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out[i].data()),
                     _mm_aesenclast_si128(blocks[i], keys[kRounds]));
  }
}

template <std::size_t iv_bytes>
void write_encrypted_counters(const ExpandedKey& key, std::span<const CryptoJob> jobs,
                              std::uint64_t counter) noexcept {
  std::array<IvBlock, kLanes> blocks;
  while (!jobs.empty()) {
    const auto some = jobs.first(std::min(jobs.size(), kLanes));
    encrypt_counters(key.separate.iv_schedule, counter, blocks);
    for (std::size_t i = 0; i < some.size(); ++i) {
      std::memcpy(some[i].esp + kEspHeaderBytes, blocks[i].data(), iv_bytes);
    }
    jobs = jobs.subspan(some.size());
    counter += some.size();
  }
}

}  // namespace

void SaIvSource::fill(const OutboundSa& sa, std::span<const CryptoJob> jobs,
                      SequenceNumber first) noexcept {
  switch (sa.iv_rule) {
    case IvRule::None:
      return;
    case IvRule::Counter:
      if (sa.protocol == IpsecProtocol::Ah) [[unlikely]]
        return write_ah_counters(jobs, first.value);
      return write_counters(jobs, first.value);
    case IvRule::EncryptedCounter:
      return sa.iv_bytes == 16 ? write_encrypted_counters<16>(keys_.at(sa.key), jobs, first.value)
                               : write_encrypted_counters<8>(keys_.at(sa.key), jobs, first.value);
  }
}

}  // namespace sallyport
