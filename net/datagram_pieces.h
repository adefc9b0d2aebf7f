// Which octets of a fragmented datagram have come: pieces side by side, never one over another
// (RFC 8200 4.5, RFC 5722).
#pragma once

#include <array>
#include <cstdint>

namespace sallyport {

enum class PieceVerdict : std::uint8_t {
  Added,
  Duplicate,  // the very place of a piece that has come; whether its octets are the same is not
              // known
  Overlap,    // covers part of another piece, or lies past the end of the datagram
  TooMany,    // more than kMostPieces
};

class DatagramPieces {
 public:
  // 65 535 octets in fragments of 1 032 octets and more; bounds the work for each.
  static constexpr unsigned kMostPieces = 64;

  struct Place {
    std::uint32_t offset;
    std::uint32_t size;
    bool more;  // others follow it
  };
  // size > 0, offset + size <= 65 535. Anything but Added changes nothing.
  [[nodiscard]] PieceVerdict add(const Place& piece) noexcept;

  [[nodiscard]] bool complete() const noexcept { return end_ != 0 && octets_ == end_; }
  // Octets of the whole; 0 until the last piece has come.
  [[nodiscard]] std::uint32_t length() const noexcept { return end_; }
  [[nodiscard]] unsigned count() const noexcept { return count_; }

 private:
  struct Piece {
    std::uint16_t first;
    std::uint16_t size;
    [[nodiscard]] std::uint32_t end() const noexcept { return std::uint32_t{first} + size; }
  };
  std::array<Piece, kMostPieces> pieces_;  // by place
  std::uint32_t octets_{};
  std::uint32_t end_{};
  std::uint16_t count_{};
};

}  // namespace sallyport
