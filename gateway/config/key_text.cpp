#include "gateway/config/key_text.h"

#include <array>

namespace sallyport {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

// 0 to 15, or npos where the letter is no digit.
std::size_t digit(char letter) {
  if (letter >= 'A' && letter <= 'F') letter = static_cast<char>(letter - 'A' + 'a');
  return kDigits.find(letter);
}

// Octets gathered digit by digit, wiped when they go.
struct Octets {
  std::array<std::uint8_t, 128> bytes{};
  std::size_t digits{};

  Octets() = default;
  Octets(const Octets&) = delete;
  Octets& operator=(const Octets&) = delete;
  ~Octets() { wipe(bytes); }

  [[nodiscard]] bool add(std::size_t value) noexcept {
    if (digits / 2 == bytes.size()) return false;
    std::uint8_t& octet = bytes[digits++ / 2];
    octet = static_cast<std::uint8_t>(octet << 4 | value);
    return true;
  }
};

}  // namespace

Expected<Secret<128>> parse_key(std::string_view text) {
  constexpr std::string_view kRemedy = "two hexadecimal digits an octet, as in 0x00112233";
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  if (text.starts_with("0x")) text.remove_prefix(2);
  Octets octets;
  for (const char letter : text) {
    if (is_blank(letter)) continue;
    const std::size_t value = digit(letter);
    if (value == kDigits.npos) {
      return fail(Error::Code::Invalid, "the key is not hexadecimal", std::string(kRemedy));
    }
    if (!octets.add(value)) {
      return fail(Error::Code::Invalid, "the key is longer than 128 octets",
                  "no algorithm has such");
    }
  }
  if (octets.digits == 0)
    return fail(Error::Code::Invalid, "the key is empty", std::string(kRemedy));
  if (octets.digits % 2 != 0) {
    return fail(Error::Code::Invalid, "the key ends in half an octet", std::string(kRemedy));
  }
  return Secret<128>(ByteView(octets.bytes).first(octets.digits / 2));
}

}  // namespace sallyport
