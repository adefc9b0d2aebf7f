#include "gateway/config/diagnostics.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>

#include "base/edit_distance.h"

namespace sallyport {
namespace {

constexpr std::size_t kLongestWord = 64;  // nobody mistypes longer ones; bounds the work

}  // namespace

void Diagnostics::error(const Position& at, std::string what, std::string remedy,
                        Error::Code code) {
  errors_.push_back({code, to_string(at), std::move(what), std::move(remedy)});
}

void Diagnostics::warn(const Position& at, std::string what, std::string remedy) {
  warnings_.push_back(
      to_string(Error{Error::Code::Invalid, to_string(at), std::move(what), std::move(remedy)}));
}

Error Diagnostics::joined() const {
  Error all = errors_.front();
  for (std::size_t i = 1; i < errors_.size(); ++i) {
    // The last remedy stays apart, so that the whole prints as one line for each error.
    if (!all.remedy.empty()) all.what += " (" + all.remedy + ")";
    all.what += '\n';
    all.what += to_string(Error{errors_[i].code, errors_[i].where, errors_[i].what, {}});
    all.remedy = errors_[i].remedy;
  }
  return all;
}

std::string suggestion(std::string_view wrong, const std::vector<std::string_view>& known) {
  if (known.empty()) return {};
  if (wrong.size() <= kLongestWord) {
    const auto distance = [wrong](std::string_view word) { return edit_distance(wrong, word); };
    const std::string_view nearest = *std::ranges::min_element(known, {}, distance);
    if (distance(nearest) <= std::max<std::size_t>(2, wrong.size() / 3) &&
        distance(nearest) < wrong.size()) {
      return fmt::format("did you mean \"{}\"?", nearest);
    }
  }
  return fmt::format("one of: {}", fmt::join(known, ", "));
}

}  // namespace sallyport
