#include "crypto/spelling.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

namespace sallyport {
namespace {

std::string letters_of(std::string_view text) {
  std::string letters(text);
  std::erase(letters, '-');
  return letters;
}

}  // namespace

bool same_but_hyphens(std::string_view left, std::string_view right) noexcept {
  while (true) {
    left.remove_prefix(std::min(left.find_first_not_of('-'), left.size()));
    right.remove_prefix(std::min(right.find_first_not_of('-'), right.size()));
    if (left.empty() || right.empty()) return left.empty() && right.empty();
    if (left.front() != right.front()) return false;
    left.remove_prefix(1);
    right.remove_prefix(1);
  }
}

std::size_t distance_in_letters(std::string_view typed, std::string_view known) {
  const std::string from = letters_of(typed);
  const std::string to = letters_of(known);
  if (to.starts_with(from)) return 0;
  // Row i holds the distances of from[0..i) to every beginning of `to`.
  std::vector<std::vector<std::size_t>> rows(from.size() + 1,
                                             std::vector<std::size_t>(to.size() + 1));
  std::iota(rows[0].begin(), rows[0].end(), std::size_t{0});
  for (std::size_t i = 1; i <= from.size(); ++i) {
    rows[i][0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replaced = rows[i - 1][j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
      rows[i][j] = std::min({replaced, rows[i - 1][j] + 1, rows[i][j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
      if (swapped) rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows.back().back();
}

}  // namespace sallyport
