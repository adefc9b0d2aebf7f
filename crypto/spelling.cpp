#include "crypto/spelling.h"

#include <algorithm>
#include <string>

#include "base/edit_distance.h"

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
  return to.starts_with(from) ? 0 : edit_distance(from, to);
}

}  // namespace sallyport
