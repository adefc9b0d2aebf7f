// Which of an index's columns still stand for a policy.
#pragma once

#include <cstdint>
#include <vector>

namespace sallyport {

class LiveColumns {
 public:
  LiveColumns() = default;
  // All of them.
  explicit LiveColumns(std::size_t columns) : words_((columns + 63) / 64, ~std::uint64_t{0}) {}

  [[nodiscard]] bool has(std::uint32_t column) const noexcept {
    return (words_[column / 64] >> column % 64 & 1) != 0;
  }
  void bury(std::size_t first, std::size_t count) {
    for (std::size_t column = first; column < first + count; ++column)
      words_[column / 64] &= ~(std::uint64_t{1} << column % 64);
  }
  void revive(std::size_t first, std::size_t count) {
    for (std::size_t column = first; column < first + count; ++column)
      words_[column / 64] |= std::uint64_t{1} << column % 64;
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return words_.capacity() * sizeof words_[0]; }

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace sallyport
