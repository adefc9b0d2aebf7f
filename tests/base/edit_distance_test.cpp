#include "base/edit_distance.h"

#include <catch2/catch.hpp>

namespace sallyport::edit_distance_test {
namespace {

TEST_CASE("Insertions, deletions, replacements and swaps each count once") {
  REQUIRE(edit_distance("", "") == 0);
  REQUIRE(edit_distance("workers", "workers") == 0);
  REQUIRE(edit_distance("", "abc") == 3);
  REQUIRE(edit_distance("worker", "workers") == 1);
  REQUIRE(edit_distance("wworkers", "workers") == 1);
  REQUIRE(edit_distance("worcers", "workers") == 1);
  REQUIRE(edit_distance("wokrers", "workers") == 1);
  REQUIRE(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("The distance is the same both ways") {
  REQUIRE(edit_distance("aes128gmc", "aes128gcm16") == edit_distance("aes128gcm16", "aes128gmc"));
  REQUIRE(edit_distance("aes128gmc", "aes128gcm16") == 3);
}

}  // namespace
}  // namespace sallyport::edit_distance_test
