// Key material as text: hexadecimal digits.
#pragma once

#include <string_view>

#include "base/error.h"
#include "base/secret.h"

namespace sallyport {

// What stands between the characters of keys and secrets without belonging to them.
[[nodiscard]] inline bool is_blank(char letter) noexcept {
  return std::string_view(" \t\r\n").contains(letter);
}

// Hex digits, with spaces and line ends anywhere and "0x" in front if one likes. Refuses other
// characters, half an octet, nothing at all, and more than 128 octets. Errors never quote the text.
[[nodiscard]] Expected<Secret<128>> parse_key(std::string_view text);

}  // namespace sallyport
