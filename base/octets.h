// Octets in registers: two addresses are compared at once, and what many packets get is kept at
// hand.
#pragma once

#include <immintrin.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace sallyport {

// `==` of two std::array calls a function of the C library.
[[nodiscard]] inline bool same_octets(const std::array<std::uint8_t, 16>& left,
                                      const std::array<std::uint8_t, 16>& right) noexcept {
  const auto load = [](const std::array<std::uint8_t, 16>& octets) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(octets.data()));
  };
  const __m128i difference = _mm_xor_si128(load(left), load(right));
  return _mm_testz_si128(difference, difference) != 0;
}

class Octets32 {
 public:
  // Those at `from`, at whatever place.
  [[nodiscard]] static Octets32 load(const void* from) noexcept {
    return Octets32(_mm256_loadu_si256(static_cast<const __m256i*>(from)));
  }
  // Of four words, the first one's least octet first. What is put together in memory and then
  // loaded as a whole waits for its pieces to be there.
  [[nodiscard]] static Octets32 of(std::uint64_t first, std::uint64_t second, std::uint64_t third,
                                   std::uint64_t fourth) noexcept {
    return Octets32(_mm256_set_epi64x(static_cast<long long>(fourth), static_cast<long long>(third),
                                      static_cast<long long>(second),
                                      static_cast<long long>(first)));
  }
  void store(void* to) const noexcept { _mm256_storeu_si256(static_cast<__m256i*>(to), octets_); }
  [[nodiscard]] __m256i in_register() const noexcept { return octets_; }
  // The first eight octets are zeros: with `word` in their place.
  [[nodiscard]] Octets32 with_first(std::uint64_t word) const noexcept {
    const __m128i first = _mm_cvtsi64_si128(static_cast<long long>(word));
    return Octets32(_mm256_or_si256(octets_, _mm256_zextsi128_si256(first)));
  }
  friend bool operator==(const Octets32& left, const Octets32& right) noexcept {
    const __m256i difference = _mm256_xor_si256(left.octets_, right.octets_);
    return _mm256_testz_si256(difference, difference) != 0;
  }

 private:
  explicit Octets32(__m256i octets) noexcept : octets_(octets) {}
  __m256i octets_;
};

// A cache line's, to be stored many times.
class Octets64 {
 public:
  Octets64(const Octets32& low, const Octets32& high) noexcept : low_(low), high_(high) {}
  explicit Octets64(const void* from) noexcept
      : low_(Octets32::load(from)),
        high_(Octets32::load(static_cast<const std::uint8_t*>(from) + 32)) {}
  void store(void* to) const noexcept {
    low_.store(to);
    high_.store(static_cast<std::uint8_t*>(to) + 32);
  }
  // The same with `word` for the first eight octets, which are zeros.
  void store_with_first(std::uint64_t word, void* to) const noexcept {
    low_.with_first(word).store(to);
    high_.store(static_cast<std::uint8_t*>(to) + 32);
  }

 private:
  Octets32 low_;
  Octets32 high_;
};

}  // namespace sallyport
