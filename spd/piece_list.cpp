#include "spd/piece_list.h"

#include <iterator>

namespace sallyport {

PieceList::PieceList(std::span<const Region> regions, std::size_t most_pieces, Work& work)
    : most_(most_pieces), work_(work) {
  for (std::size_t i = 0; i < regions.size() && !too_many(); ++i) {
    if (!ways(regions[i]).any()) continue;
    std::vector<Region> rest{regions[i]};
    for (std::size_t before = 0; before < i && !too_many(); ++before) cut(rest, regions[before]);
    std::ranges::move(rest, std::back_inserter(pieces_));
  }
}

bool PieceList::cut(const Region& taken) { return !too_many() && cut(pieces_, taken); }

bool PieceList::cut(std::span<const Region> taken) {
  bool any = false;
  for (const Region& each : taken) any = cut(each) || any;
  return any;
}

bool PieceList::cut(std::vector<Region>& pieces, const Region& taken) {
  // Most regions have one interval or two in each of five fields.
  work_.add(1 + pieces.size() * (10 + taken.intervals()) / 16);
  std::vector<Region> parts;
  const std::size_t met = std::erase_if(pieces, [&](Region& piece) {
    if (work_.exceeded() || !shared_ways(piece, taken).any()) return false;
    std::vector<Region> left = subtract(std::move(piece), taken);
    // A single part is the piece itself; several are copies.
    if (left.size() > 1)
      for (const Region& part : left) work_.add(part.intervals());
    std::ranges::move(left, std::back_inserter(parts));
    return true;
  });
  std::ranges::move(parts, std::back_inserter(pieces));
  return met != 0;
}

}  // namespace sallyport
