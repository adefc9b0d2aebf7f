#include "base/ascii.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

namespace sallyport::ascii_test {

TEST_CASE("ascii: letters become small, and nothing else changes") {
  std::string text;
  for (int octet = 0; octet < 256; ++octet) text += static_cast<char>(octet);
  std::string small = text;
  std::ranges::transform(small, small.begin(), lower<char>);
  CHECK(small.substr('A', 26) == "abcdefghijklmnopqrstuvwxyz");
  small.replace('A', 26, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  CHECK(small == text);
  CHECK(same_letters("HtTp://", "http://"));
  CHECK_FALSE(same_letters("http:/", "http://"));
  CHECK_FALSE(same_letters("[", "{"));
}

TEST_CASE("ascii: control characters, DEL and octets beyond are neither printable nor visible") {
  std::string printable, visible;
  for (int octet = 0; octet < 256; ++octet) {
    if (is_printable(static_cast<std::uint8_t>(octet))) printable += static_cast<char>(octet);
    if (is_visible(static_cast<std::uint8_t>(octet))) visible += static_cast<char>(octet);
  }
  CHECK(printable == " " + visible);
  CHECK(visible.size() == 94);
  CHECK(visible.front() == '!');
  CHECK(visible.back() == '~');
}

}  // namespace sallyport::ascii_test
