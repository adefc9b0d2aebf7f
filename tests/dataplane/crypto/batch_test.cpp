#include "dataplane/crypto/batch.h"

#include <catch2/catch.hpp>
#include <numeric>
#include <vector>

namespace sallyport::batch_test {

TEST_CASE("ESP-12: ICVs of every length are equal only where every bit is") {
  for (const std::size_t count : {8u, 12u, 16u, 20u, 24u, 28u, 32u}) {
    INFO(count << " octets");
    // Of exactly that size, so that ASan sees one octet too far.
    std::vector<std::uint8_t> left(count);
    std::iota(left.begin(), left.end(), std::uint8_t{1});
    std::vector<std::uint8_t> right = left;
    CHECK(equal_icv(left.data(), right.data(), count));
    for (std::size_t bit = 0; bit < 8 * count; ++bit) {
      right[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      CHECK_FALSE(equal_icv(left.data(), right.data(), count));
      right[bit / 8] = left[bit / 8];
    }
  }
}

}  // namespace sallyport::batch_test
