#include "spd/bit_rows.h"

namespace sallyport {

std::uint32_t BitRows::add(std::span<const std::uint32_t> columns) {
  const std::size_t place = words_.size();
  std::uint64_t blocks = 0;
  for (const std::uint32_t column : columns) blocks |= bit(column / kPerBlock);
  std::size_t head = place + 1;
  words_.push_back(blocks);
  words_.resize(head + 2 * static_cast<std::size_t>(std::popcount(blocks)));
  std::uint32_t last_word = columns.front() / kPerWord;
  std::uint32_t last_block = columns.front() / kPerBlock;
  words_[head + 1] = words_.size() - place;
  words_.push_back(0);
  for (const std::uint32_t column : columns) {
    const std::uint32_t word = column / kPerWord;
    const std::uint32_t block = column / kPerBlock;
    if (word != last_word) words_.push_back(0);
    if (block != last_block) {
      head += 2;
      words_[head + 1] = words_.size() - 1 - place;
    }
    words_[head] |= bit(word);
    words_.back() |= bit(column);
    last_word = word;
    last_block = block;
  }
  return static_cast<std::uint32_t>(place);
}

}  // namespace sallyport
