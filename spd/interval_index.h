// Up to 4 096 selectors as columns of a bit matrix: each axis (address, protocol, port) is cut into
// intervals where ranges begin and end, and the row of an interval says which columns cover it. A
// packet picks one row of each axis; the first bit that all of them have is the first match.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "spd/policy.h"

namespace sallyport {

// Rows of bits without their zero words: a summary word, whose bit w says that word w is there,
// and then the words that are. Equal rows are kept once.
class BitRows {
 public:
  static constexpr std::size_t kColumns = 64 * 64;

  struct Row {
    std::uint64_t summary;
    const std::uint64_t* words;

    // The word at the single bit of `summary` above all of `below` (its bits, less one).
    [[nodiscard]] std::uint64_t word(std::uint64_t below) const noexcept {
      return words[std::popcount(summary & below)];
    }
  };
  [[nodiscard]] Row at(std::uint32_t offset) const noexcept {
    return {words_[offset], &words_[offset + 1]};
  }

  class Builder;
  [[nodiscard]] std::size_t bytes() const noexcept { return words_.capacity() * sizeof words_[0]; }

 private:
  std::vector<std::uint64_t> words_;
};

// Number line of Key: where each interval starts, and its row. The first one starts at 0.
template <class Key>
struct Axis {
  std::vector<Key> starts;
  std::vector<std::uint32_t> rows;  // offsets into BitRows

  [[nodiscard]] std::uint32_t row_of(Key key) const noexcept {
    const Key* interval = starts.data();
    for (std::size_t left = starts.size(); left > 1;) {
      const std::size_t half = left / 2;
      interval += interval[half] <= key ? half : 0;
      left -= half;
    }
    return rows[static_cast<std::size_t>(interval - starts.data())];
  }
  [[nodiscard]] std::size_t bytes() const noexcept {
    return starts.capacity() * sizeof(Key) + rows.capacity() * sizeof rows[0];
  }
};

// Immutable after construction: any number of threads may ask at once.
class IntervalIndex {
 public:
  // One column, `policy` answering where `selector` matches.
  struct Column {
    const Selector* selector;
    PolicyId policy;
  };
  static constexpr std::size_t kCapacity = BitRows::kColumns;

  // At most kCapacity columns in order of precedence; their selectors are not kept.
  explicit IntervalIndex(std::span<const Column> columns);

  // The policy of the first column that matches; kNoPolicy where none does.
  [[nodiscard]] PolicyId match(const SelectorFields& fields) const noexcept;
  // Octets on the heap.
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  using Wide = unsigned __int128;  // an IPv6 address as a number
  struct AddressAxes {
    Axis<std::uint32_t> v4;
    Axis<Wide> v6;
    [[nodiscard]] std::uint32_t row_of(const Address& address) const noexcept;
  };

  BitRows rows_;
  AddressAxes local_;
  AddressAxes remote_;
  Axis<std::uint32_t> protocol_;
  Axis<PortValue> local_port_;
  Axis<PortValue> remote_port_;
  std::vector<PolicyId> policies_;  // by column
};

}  // namespace sallyport
