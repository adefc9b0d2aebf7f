// How far apart two words are: what a mistyped one may have meant.
#pragma once

#include <cstddef>
#include <string_view>

namespace sallyport {

// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
// Takes time in proportion to the product of both lengths, and memory to the second's.
[[nodiscard]] std::size_t edit_distance(std::string_view left, std::string_view right);

}  // namespace sallyport
