#include "pad/dn_text.h"

#include <algorithm>

namespace sallyport {
namespace {

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  const std::size_t last = text.find_last_not_of(' ');
  const std::size_t escaped = text[last] == '\\' ? 1 : 0;  // "\ " ends a value in a blank
  return text.substr(first, last - first + 1 + escaped);
}

// Between separators that are not hidden.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == separator && !quoted) {
      parts.push_back(trimmed(text.substr(start, i - start)));
      start = i + 1;
    }
  }
  parts.push_back(trimmed(text.substr(start)));
  return parts;
}

bool is_wildcard(std::string_view part) noexcept { return part == "*" || is_any_value(part); }

}  // namespace

std::vector<std::string_view> split_rdns(std::string_view text) { return split(text, ','); }

bool is_any_value(std::string_view rdn) noexcept {
  const std::size_t equals = rdn.find('=');
  return equals != std::string_view::npos && trimmed(rdn.substr(equals + 1)) == "*";
}

bool has_wildcard(std::string_view text) {
  return std::ranges::any_of(split_rdns(text), [](std::string_view rdn) {
    return std::ranges::any_of(split(rdn, '+'), is_wildcard);
  });
}

}  // namespace sallyport
