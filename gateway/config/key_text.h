// Key material as text: hexadecimal digits.
#pragma once

#include <string_view>

#include "base/error.h"
#include "base/secret.h"

namespace sallyport {

// Hex digits, with spaces and line ends anywhere and "0x" in front if one likes. Refuses other
// characters, half an octet, nothing at all, and more than 128 octets. Errors never quote the text.
[[nodiscard]] Expected<Secret<128>> parse_key(std::string_view text);

}  // namespace sallyport
