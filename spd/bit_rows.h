// Sets of columns as rows of bits without their zero words: 64 blocks of 64 words of 64 columns. A
// row says which of its blocks are there, each block which of its words.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

#include "base/large_pages.h"
#include "base/prefetch.h"

namespace sallyport {

class BitRows {
 public:
  static constexpr std::uint32_t kPerWord = 64;
  static constexpr std::uint32_t kPerBlock = 64 * kPerWord;
  static constexpr std::uint32_t kColumns = 64 * kPerBlock;
  // Words of a row for each of its columns: a head for all, a summary and a place for each block, a
  // word.
  static constexpr std::size_t kMostWordsPerColumn = 4;

  // One block of a row; of a block that is not there, no words.
  struct Block {
    std::uint64_t summary;
    const std::uint64_t* words;

    // The word at the single bit of `summary` above all of `below` (its bits, less one); 0 where it
    // is not there. No branch of the processor depends on that.
    [[nodiscard]] std::uint64_t word(std::uint64_t below) const noexcept {
      const std::uint64_t is_there = (summary & (below + 1)) != 0 ? 1 : 0;
      return words[std::popcount(summary & below)] & (0 - is_there);
    }
  };

  // One row. Valid as long as the rows are.
  class Row {
   public:
    Row() = default;
    explicit Row(const std::uint64_t* words) noexcept : words_(words) {}
    void prefetch() const noexcept { prefetch_line(words_); }
    // Bit b: block b is there.
    [[nodiscard]] std::uint64_t blocks() const noexcept { return words_[0]; }
    // The one at the single bit above all of `below`.
    [[nodiscard]] Block block(std::uint64_t below) const noexcept {
      const std::uint64_t bit = below + 1;
      if ((words_[0] & bit) == 0) return {0, nullptr};
      const std::uint64_t* const head = words_ + 1 + 2 * std::popcount(words_[0] & below);
      return {head[0], words_ + head[1]};
    }

   private:
    const std::uint64_t* words_{};  // blocks; summary and place of words for each block; words
  };

  // A row with these columns, in ascending order and at least one. Where it stands.
  [[nodiscard]] std::uint32_t add(std::span<const std::uint32_t> columns);
  [[nodiscard]] Row at(std::uint32_t place) const noexcept { return Row(&words_[place]); }

  // After the last row.
  void finish() {
    words_.push_back(0);  // of the last row, too, a word is read behind it
    words_.shrink_to_fit();
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return words_.capacity() * sizeof words_[0]; }

 private:
  static std::uint64_t bit(std::uint32_t number) noexcept {
    return std::uint64_t{1} << number % 64;
  }

  LargePageVector<std::uint64_t> words_;
};

}  // namespace sallyport
