#include "gateway/page_of_rows.h"

#include <nlohmann/json.hpp>

namespace sallyport {

PageOfRows::PageOfRows(std::size_t first, std::size_t size) noexcept : first_(first), size_(size) {}

PageOfRows::~PageOfRows() = default;

void PageOfRows::add(const std::function<nlohmann::json()>& make) {
  if (seen_ >= first_ && seen_ - first_ < size_) rows_.push_back(make());
  ++seen_;
}

nlohmann::json PageOfRows::take() && {
  nlohmann::json page = {{"rows", std::move(rows_)}};
  if (seen_ > first_ && seen_ - first_ > size_) page["next"] = first_ + size_;
  return page;
}

}  // namespace sallyport
