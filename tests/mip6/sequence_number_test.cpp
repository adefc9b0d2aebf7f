#include "mip6/sequence_number.h"

#include <catch2/catch.hpp>

namespace sallyport::mip6::sequence_number_test {
namespace {

// RFC 6275 9.5.1's own example, and the same around the wrap.
TEST_CASE("HA-03: after 15, numbers 16 to 32782 are new, 32783 to 65535 and 0 to 15 are not") {
  for (unsigned number = 0; number < 65536; ++number) {
    const bool newer = is_newer(static_cast<std::uint16_t>(number), 15);
    if (newer != (number >= 16 && number <= 32782)) FAIL(number);
  }
  CHECK(is_newer(0, 65535));
  CHECK(is_newer(32766, 65535));
  CHECK_FALSE(is_newer(32767, 65535));
  CHECK_FALSE(is_newer(65535, 0));
  CHECK_FALSE(is_newer(32768, 0));
  CHECK(is_newer(32767, 0));
}

TEST_CASE("HA-03: of two numbers one at most is newer") {
  for (unsigned ahead = 0; ahead < 65536; ++ahead)
    for (const unsigned last : {0u, 1u, 32767u, 32768u, 65535u}) {
      const auto one = static_cast<std::uint16_t>(last);
      const auto other = static_cast<std::uint16_t>(last + ahead);
      if (is_newer(one, other) && is_newer(other, one)) FAIL(ahead);
    }
}

}  // namespace
}  // namespace sallyport::mip6::sequence_number_test
