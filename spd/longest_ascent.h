// Which entries of a list may stay where they are when it is put into another order.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sallyport {

// Stands for an entry that had no place.
inline constexpr std::size_t kNoPlace = static_cast<std::size_t>(-1);

// `places` are the old ones, all different, of entries in their new order. True for each of a
// longest choice of entries whose old places ascend: the fewest others have to move.
[[nodiscard]] std::vector<bool> longest_ascent(std::span<const std::size_t> places);

}  // namespace sallyport
