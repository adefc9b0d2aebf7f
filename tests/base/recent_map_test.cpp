#include "base/recent_map.h"

#include <catch2/catch.hpp>
#include <string>

namespace sallyport::recent_map_test {

TEST_CASE("a bounded map keeps what was asked for last") {
  RecentMap<int, std::string> map(3);
  map.put(1, "one");
  map.put(2, "two");
  map.put(3, "three");
  REQUIRE(map.find(1) != nullptr);
  CHECK(*map.find(1) == "one");
  map.put(4, "four");
  CHECK(map.size() == 3);
  CHECK(map.find(2) == nullptr);
  CHECK(map.find(1) != nullptr);
  CHECK(map.find(3) != nullptr);
  CHECK(map.find(4) != nullptr);
}

TEST_CASE("a bounded map has one value a key, and forgets what it is told to") {
  RecentMap<int, std::string> map(2);
  map.put(1, "one");
  map.put(1, "another");
  CHECK(map.size() == 1);
  CHECK(*map.find(1) == "another");
  map.erase(1);
  map.erase(7);
  CHECK(map.size() == 0);
  CHECK(map.find(1) == nullptr);
  RecentMap<int, int> single(1);
  single.put(1, 1);
  single.put(2, 2);
  CHECK(single.find(1) == nullptr);
  CHECK(*single.find(2) == 2);
}

}  // namespace sallyport::recent_map_test
