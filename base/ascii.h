// Characters of ASCII by kind, whatever the locale says; others are none of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace sallyport {

// A letter's small form, of a character or an octet; of all else the same.
template <class Letter>
[[nodiscard]] constexpr Letter lower(Letter letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<Letter>(letter - 'A' + 'a') : letter;
}

// The same text but for the case of letters.
[[nodiscard]] constexpr bool same_letters(std::string_view left, std::string_view right) noexcept {
  return std::ranges::equal(left, right, {}, lower<char>, lower<char>);
}

// It stands for itself, a space included.
[[nodiscard]] constexpr bool is_printable(std::uint8_t octet) noexcept {
  return octet >= 0x20 && octet <= 0x7e;
}
[[nodiscard]] constexpr bool is_visible(std::uint8_t octet) noexcept {
  return octet > 0x20 && octet <= 0x7e;
}

}  // namespace sallyport
