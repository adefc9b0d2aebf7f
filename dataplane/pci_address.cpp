#include "dataplane/pci_address.h"

#include <algorithm>

namespace sallyport {
namespace {

// `shape` has an x for each hexadecimal digit.
bool has_shape(std::string_view text, std::string_view shape) {
  const auto fits = [](char each, char wanted) {
    constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
    return wanted == 'x' ? kDigits.find(each) != std::string_view::npos : each == wanted;
  };
  return std::ranges::equal(text, shape, fits);
}

}  // namespace

std::optional<std::string> pci_address(std::string_view device) {
  if (has_shape(device, "xxxx:xx:xx.x")) return std::string(device);
  if (has_shape(device, "xx:xx.x")) return "0000:" + std::string(device);
  return std::nullopt;
}

}  // namespace sallyport
