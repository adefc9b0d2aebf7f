// Longest match over few routes: one pass over a whole burst of keys for each route, in registers.
// Up to some tens of routes this beats a walk down a tree, and a table of megabytes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "dataplane/burst.h"

namespace sallyport {

// Keys of `kWords` words: 1 of 32 bits (IPv4), 2 of 64 (IPv6).
template <class Word, std::size_t kWords>
class FewRoutes {
 public:
  static constexpr std::size_t kMost = 64;
  static constexpr unsigned kWordBits = 8 * sizeof(Word);
  using Key = std::array<Word, kWords>;

  // The destinations of a burst, word by word, and what was found for each.
  struct Keys {
    std::array<std::array<Word, kBurstSize>, kWords> words;
    std::array<Word, kBurstSize> found;
    unsigned count{};

    void push(const std::uint8_t* destination) noexcept {
      for (std::size_t word = 0; word < kWords; ++word)
        words[word][count] = load_be<Word>(destination + word * sizeof(Word));
      ++count;
    }
  };

  // A later route for the same prefix replaces the earlier one.
  void add(ByteView prefix, unsigned length, Word next_hop) {
    Row row{.length = length, .prefix = {}, .mask = {}, .next_hop = next_hop};
    for (std::size_t word = 0; word < kWords; ++word) {
      const auto before = static_cast<unsigned>(kWordBits * word);
      row.mask[word] = mask_of(length - std::min(length, before));
      row.prefix[word] = load_be<Word>(&prefix[word * sizeof(Word)]) & row.mask[word];
    }
    rows_.insert(std::ranges::upper_bound(rows_, length, {}, &Row::length), row);
  }

  // Sets keys.found, 0 where no route is. Keys in use are looked up in groups of eight.
  void look_up(Keys& keys) const noexcept {
    const unsigned count = (keys.count + 7) & ~7u;
    for (auto& word : keys.words) std::fill(&word[keys.count], &word[count], Word{});
    std::fill_n(keys.found.begin(), count, Word{});
    for (const Row& row : rows_) match(row, keys, count);
  }

 private:
  struct Row {
    unsigned length;
    Key prefix;
    Key mask;
    Word next_hop;
  };
  [[nodiscard]] static constexpr Word mask_of(unsigned length) noexcept {
    if (length == 0) return 0;
    return static_cast<Word>(~Word{} << (kWordBits - std::min(length, kWordBits)));
  }
  // Longer prefixes come later and have the last word. `row` is a copy: nothing that is stored here
  // can change it, so the loop runs in vectors.
  static void match(const Row row, Keys& keys, unsigned count) noexcept {
    for (unsigned i = 0; i < count; ++i) {
      Word difference = 0;
      for (std::size_t word = 0; word < kWords; ++word)
        difference |= (keys.words[word][i] & row.mask[word]) ^ row.prefix[word];
      keys.found[i] = difference == 0 ? row.next_hop : keys.found[i];
    }
  }

  std::vector<Row> rows_;  // shortest prefix first
};

using FewIpv4Routes = FewRoutes<std::uint32_t, 1>;
using FewIpv6Routes = FewRoutes<std::uint64_t, 2>;

}  // namespace sallyport
