// A fast hash whose key decides which inputs meet: who does not know the key cannot make any meet.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <type_traits>

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

 private:
  using Wide = unsigned __int128;
  Key key_;
};

}  // namespace sallyport
