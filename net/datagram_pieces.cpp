#include "net/datagram_pieces.h"

#include <algorithm>

namespace sallyport {

PieceVerdict DatagramPieces::add(const Place& piece) noexcept {
  const auto [offset, size, more] = piece;
  const std::uint32_t end = offset + size;
  // Pieces mostly come in order: the place is found from behind.
  unsigned place = count_;
  while (place > 0 && pieces_[place - 1].first >= offset) --place;
  const bool same_place =
      place < count_ && pieces_[place].first == offset && pieces_[place].size == size;
  if (same_place) {
    const bool was_last = end == end_;
    return was_last == !more ? PieceVerdict::Duplicate : PieceVerdict::Overlap;
  }
  if (place > 0 && pieces_[place - 1].end() > offset) return PieceVerdict::Overlap;
  if (place < count_ && pieces_[place].first < end) return PieceVerdict::Overlap;
  const bool past_the_end = end_ != 0 && end > end_;
  const bool before_others = !more && (end_ != 0 || place < count_);
  if (past_the_end || before_others) return PieceVerdict::Overlap;
  if (count_ == kMostPieces) return PieceVerdict::TooMany;
  std::move_backward(pieces_.begin() + place, pieces_.begin() + count_,
                     pieces_.begin() + count_ + 1);
  pieces_[place] = {static_cast<std::uint16_t>(offset), static_cast<std::uint16_t>(size)};
  ++count_;
  octets_ += size;
  if (!more) end_ = end;
  return PieceVerdict::Added;
}

}  // namespace sallyport
