// Tables of facts with one row an enumerator.
#pragma once

#include <cstddef>
#include <functional>

namespace sallyport {

// Whether row i has the i-th enumerator for its `member`, as in &DropFacts::reason.
constexpr bool in_enum_order(const auto& rows, auto member) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(std::invoke(member, rows[i])) != i) return false;
  }
  return true;
}

}  // namespace sallyport
