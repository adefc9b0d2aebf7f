// A fast hash whose key decides which inputs meet: who does not know the key cannot make any meet.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "base/octets.h"

namespace sallyport {

// NH, the universal hash of UMAC (RFC 4418 5.2), on words of 64 bits: for a random key two inputs
// meet as rarely as chance has it, whatever they are.
class KeyedHash {
 public:
  using Key = std::array<std::uint64_t, 8>;  // random, told to nobody

  explicit KeyedHash(const Key& key) noexcept : key_(key) {}

  // Of every octet of `value`, which has no padding.
  template <class Value>
    requires std::has_unique_object_representations_v<Value> && (sizeof(Value) % 8 == 0) &&
             (sizeof(Value) <= 6 * 8)
  [[nodiscard]] std::uint64_t operator()(const Value& value) const noexcept {
    std::array<std::uint64_t, 6> words{};
    std::memcpy(words.data(), &value, sizeof value);
    Wide sum = 0;
    for (std::size_t i = 0; i < words.size(); i += 2)
      sum += Wide{words[i] + key_[i]} * (words[i + 1] + key_[i + 1]);
    const Wide folded = Wide{static_cast<std::uint64_t>(sum >> 64) ^ key_[6]} *
                        (static_cast<std::uint64_t>(sum) ^ key_[7]);
    return static_cast<std::uint64_t>(folded >> 64) ^ static_cast<std::uint64_t>(folded);
  }

  // Of forty octets. Here the words are of 32 bits, and all but the last two go together.
  [[nodiscard]] std::uint32_t operator()(const Octets32& first, std::uint64_t last) const noexcept {
    const __m256i sums =
        _mm256_add_epi32(first.in_register(), Octets32::load(key_.data()).in_register());
    const __m256i products = _mm256_mul_epu32(sums, _mm256_srli_epi64(sums, 32));
    const __m128i two =
        _mm_add_epi64(_mm256_castsi256_si128(products), _mm256_extracti128_si256(products, 1));
    const auto four = static_cast<std::uint64_t>(_mm_cvtsi128_si64(two)) +
                      static_cast<std::uint64_t>(_mm_extract_epi64(two, 1));
    const std::uint64_t sum = last + key_[4];
    const std::uint64_t fifth = static_cast<std::uint32_t>(sum) * (sum >> 32);
    // Any of these bits depend on all of the sum.
    const Wide mixed = Wide{four + fifth} * (key_[5] | 1);
    return static_cast<std::uint32_t>(mixed >> 64) ^ static_cast<std::uint32_t>(mixed);
  }

 private:
  using Wide = unsigned __int128;
  Key key_;
};

}  // namespace sallyport
