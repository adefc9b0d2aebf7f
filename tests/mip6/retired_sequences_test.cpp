#include "mip6/retired_sequences.h"

#include <catch2/catch.hpp>

#include "tests/mip6/mobility.h"

namespace sallyport::mip6::test::retired_sequences_test {
namespace {

using namespace std::chrono_literals;

const RetiredSequences::Key kFirst{kHome, kCorrespondent};
const RetiredSequences::Key kSecond{kHome, kHomeAgent};
const RetiredSequences::Key kThird{kCareOf, kHomeAgent};

}  // namespace

TEST_CASE("RR-11: a retired number is known for its time, the last one of its two addresses") {
  RetiredSequences retired(8, 240s);
  const Instant start{};
  REQUIRE(retired.put(kFirst, 5, start));
  REQUIRE(retired.put(kFirst, 9, start + 10s));
  CHECK(retired.find(kFirst, start + 249s) == 9);
  CHECK_FALSE(retired.find(kFirst, start + 250s));
  CHECK_FALSE(retired.find(kSecond, start));
  retired.erase(kFirst);
  CHECK_FALSE(retired.find(kFirst, start + 20s));
}

TEST_CASE("RR-11: retired numbers are so many: the oldest makes room when its time is over") {
  RetiredSequences retired(2, 240s);
  const Instant start{};
  REQUIRE(retired.put(kFirst, 1, start));
  REQUIRE(retired.put(kSecond, 2, start + 100s));
  CHECK_FALSE(retired.put(kThird, 3, start + 239s));
  CHECK(retired.find(kFirst, start + 239s) == 1);
  CHECK(retired.put(kThird, 3, start + 240s));
  CHECK_FALSE(retired.find(kFirst, start + 100s));
  CHECK(retired.find(kSecond, start + 240s) == 2);
  // One that is put again is the newest.
  CHECK(retired.put(kSecond, 4, start + 300s));
  CHECK_FALSE(retired.put(kFirst, 1, start + 400s));
  CHECK(retired.put(kFirst, 1, start + 480s));
  CHECK_FALSE(retired.find(kThird, start + 300s));
  retired.clear();
  CHECK_FALSE(retired.find(kSecond, start + 300s));
  CHECK(retired.put(kThird, 1, start + 480s));
}

}  // namespace sallyport::mip6::test::retired_sequences_test
