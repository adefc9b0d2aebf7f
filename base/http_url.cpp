#include "base/http_url.h"

#include <algorithm>

namespace sallyport {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::size_t kMostOctets = 1024;

constexpr char lower(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool is_printable(char octet) noexcept { return octet > ' ' && octet < 0x7f; }

}  // namespace

bool is_http_url(std::string_view text) noexcept {
  if (text.size() > kMostOctets || !std::ranges::all_of(text, is_printable)) return false;
  if (!std::ranges::equal(text.substr(0, kScheme.size()), kScheme, {}, lower)) return false;
  const std::string_view rest = text.substr(kScheme.size());
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  return !authority.empty() && authority.find_first_of("@\\") == std::string_view::npos;
}

}  // namespace sallyport
