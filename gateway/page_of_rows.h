// One page of a long list: the list goes by, and only rows of the page are made.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace sallyport {

class PageOfRows {
 public:
  static constexpr std::size_t kSize = 500;  // rows: a long list never stalls the loop

  explicit PageOfRows(std::size_t first, std::size_t size = kSize) noexcept;
  ~PageOfRows();
  PageOfRows(const PageOfRows&) = delete;
  PageOfRows& operator=(const PageOfRows&) = delete;

  // The next row of the list; `make` gives its JSON and is called where the page wants it.
  void add(const std::function<nlohmann::json()>& make);
  // {"rows": [...]}, and where more follow "next": the row that the next page begins with.
  [[nodiscard]] nlohmann::json take() &&;

 private:
  std::size_t first_;
  std::size_t size_;
  std::size_t seen_{};
  std::vector<nlohmann::json> rows_;
};

}  // namespace sallyport
