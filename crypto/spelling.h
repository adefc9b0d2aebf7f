// How names of algorithms are compared: hyphens do not count, and a mistyped one finds its nearest.
#pragma once

#include <cstddef>
#include <string_view>

namespace sallyport {

// True where both are the same but for hyphens.
[[nodiscard]] bool same_but_hyphens(std::string_view left, std::string_view right) noexcept;
// Insertions, deletions, replacements and swaps of neighbours between both, hyphens not counted;
// 0 where `known` begins with `typed`.
[[nodiscard]] std::size_t distance_in_letters(std::string_view typed, std::string_view known);

}  // namespace sallyport
