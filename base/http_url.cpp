#include "base/http_url.h"

#include <algorithm>

#include "base/ascii.h"

namespace sallyport {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::size_t kMostOctets = 1024;

}  // namespace

bool is_http_url(std::string_view text) noexcept {
  if (text.size() > kMostOctets || !std::ranges::all_of(text, is_visible)) return false;
  if (!same_letters(text.substr(0, kScheme.size()), kScheme)) return false;
  const std::string_view rest = text.substr(kScheme.size());
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  return !authority.empty() && authority.find_first_of("@\\") == std::string_view::npos;
}

}  // namespace sallyport
