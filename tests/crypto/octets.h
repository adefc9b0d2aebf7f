// Octets written in hexadecimal, and vectors of them from tests/vectors.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace sallyport::test {

using Octets = std::vector<std::uint8_t>;

// Blanks do not count; what is not hexadecimal ends the test.
inline Octets octets(std::string_view hex) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string digits;
  for (const char letter : hex)
    if (letter != ' ') digits += letter;
  REQUIRE(digits.size() % 2 == 0);
  Octets bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const std::size_t high = kDigits.find(digits[i]);
    const std::size_t low = kDigits.find(digits[i + 1]);
    REQUIRE((high < 16 && low < 16));
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return bytes;
}

inline Octets octets(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

inline ByteView text_view(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

struct VectorCase {
  std::string name;
  std::map<std::string, std::string> values;

  [[nodiscard]] bool has(const std::string& key) const { return values.contains(key); }
  [[nodiscard]] Octets at(const std::string& key) const { return octets(values.at(key)); }
};

// tests/vectors/<file>: "[name]", then "key = value" lines.
inline std::vector<VectorCase> read_vectors(const std::string& file) {
  std::ifstream in("tests/vectors/" + file);
  std::vector<VectorCase> cases;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('[')) {
      cases.push_back({.name = line.substr(1, line.size() - 2), .values = {}});
    } else if (const std::size_t equals = line.find(" = "); equals != std::string::npos) {
      cases.back().values[line.substr(0, equals)] = line.substr(equals + 3);
    }
  }
  return cases;
}

}  // namespace sallyport::test
