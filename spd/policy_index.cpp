#include "spd/policy_index.h"

#include <algorithm>

namespace sallyport {
namespace {

// What a selector adds to all axes of a WideIndex.
std::size_t covers_of(const Selector& selector) noexcept {
  const auto of_side = [](const std::vector<AddressRange>& ranges) {
    return ranges.empty() ? 2 : ranges.size();  // one in each family
  };
  const auto of_ports = [](const PortSet& ports) {
    return ports.is_any() ? 1 : ports.ranges().size() + 2;  // and what is hidden, or says nothing
  };
  return of_side(selector.local) + of_side(selector.remote) + 1 + of_ports(selector.local_port) +
         of_ports(selector.remote_port);
}

}  // namespace

std::size_t PolicyIndex::fit(SelectorColumns selectors) noexcept {
  const std::size_t most = std::min<std::size_t>(selectors.size(), BitRows::kColumns);
  std::size_t covers = 0;
  for (std::size_t count = 0; count < most; ++count)
    if ((covers += covers_of(*selectors[count].selector)) > kMostCovers) return count;
  return most;
}

bool PolicyIndex::fits(const Selector& selector) noexcept {
  return covers_of(selector) <= kMostCovers;
}

PolicyIndex::PolicyIndex(SelectorColumns selectors) {
  Boxes<V4Number> boxes_v4;
  Boxes<V6Number> boxes_v6;
  std::vector<std::uint32_t> wide;  // columns
  for (const auto& [column, selector] : selectors)
    if (!add_boxes(*selector, column, boxes_v4) && !add_boxes(*selector, column, boxes_v6))
      wide.push_back(column);
  narrow_v4_ = {boxes_v4, wide};
  narrow_v6_ = {boxes_v6, wide};
  std::ranges::sort(wide);
  std::vector<SelectorColumn> others;
  others.reserve(wide.size());
  for (const std::uint32_t column : wide)
    others.push_back(selectors[column - selectors.front().column]);
  wide_ = WideIndex(others);
}

PolicyIndices::PolicyIndices(std::span<const Selector* const> selectors) {
  std::vector<SelectorColumn> columns;
  columns.reserve(selectors.size());
  for (std::uint32_t column = 0; column < selectors.size(); ++column)
    columns.push_back({column, selectors[column]});
  for (SelectorColumns rest = columns; !rest.empty();) {
    const std::size_t count = PolicyIndex::fit(rest);
    indices_.emplace_back(rest.first(count));
    rest = rest.subspan(count);
  }
}

std::size_t PolicyIndices::bytes() const noexcept {
  std::size_t sum = indices_.capacity() * sizeof indices_[0];
  for (const PolicyIndex& index : indices_) sum += index.bytes();
  return sum;
}

}  // namespace sallyport
