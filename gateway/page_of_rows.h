// One page of a long list: the list goes by, and only rows of the page are made.
#pragma once

#include <nlohmann/json.hpp>

namespace sallyport {

class PageOfRows {
 public:
  static constexpr std::size_t kSize = 500;  // rows: a long list never stalls the loop

  explicit PageOfRows(std::size_t first, std::size_t size = kSize) noexcept
      : first_(first), size_(size) {}

  // The next row of the list; `make` gives its JSON and is called where the page wants it.
  template <class Make>
  void add(const Make& make) {
    if (seen_ >= first_ && seen_ - first_ < size_) rows_.push_back(make());
    ++seen_;
  }
  // {"rows": [...]}, and where more follow "next": the row that the next page begins with.
  [[nodiscard]] nlohmann::json take() && {
    nlohmann::json page = {{"rows", std::move(rows_)}};
    if (seen_ > first_ && seen_ - first_ > size_) page["next"] = first_ + size_;
    return page;
  }

 private:
  std::size_t first_;
  std::size_t size_;
  std::size_t seen_{};
  nlohmann::json rows_ = nlohmann::json::array();
};

}  // namespace sallyport
