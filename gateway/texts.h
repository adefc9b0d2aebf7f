// Lists of what has a to_string(), as views and exports show them.
#pragma once

#include <string>
#include <vector>

namespace sallyport {

// The texts of all, in their order.
template <class Values>
[[nodiscard]] std::vector<std::string> texts(const Values& values) {
  std::vector<std::string> list;
  for (const auto& value : values) list.push_back(to_string(value));
  return list;
}

}  // namespace sallyport
