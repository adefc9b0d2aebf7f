#include "gateway/page_of_rows.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <vector>

namespace sallyport::page_of_rows_test {

using Json = nlohmann::json;

namespace {

struct Outcome {
  Json page;
  unsigned made{};  // rows
};

Outcome page_of(unsigned rows, std::size_t first, std::size_t size) {
  Outcome outcome;
  PageOfRows page(first, size);
  for (unsigned i = 0; i < rows; ++i) {
    page.add([&]() -> Json {
      ++outcome.made;
      return i;
    });
  }
  outcome.page = std::move(page).take();
  return outcome;
}

}  // namespace

TEST_CASE("a page makes its own rows and no others, and says where the next begins") {
  const Outcome first = page_of(7, 0, 3);
  CHECK(first.page == Json{{"rows", {0, 1, 2}}, {"next", 3}});
  CHECK(first.made == 3);
  CHECK(page_of(7, 3, 3).page == Json{{"rows", {3, 4, 5}}, {"next", 6}});
  CHECK(page_of(7, 6, 3).page == Json{{"rows", Json::array({6})}});
}

TEST_CASE("a page that ends with the list has no next one") {
  CHECK(page_of(6, 3, 3).page == Json{{"rows", {3, 4, 5}}});
  CHECK(page_of(0, 0, 3).page == Json{{"rows", Json::array()}});
}

TEST_CASE("a page behind the list is empty") {
  for (const std::size_t first : {std::size_t{7}, std::size_t{8}, ~std::size_t{0}})
    CHECK(page_of(7, first, 3).page == Json{{"rows", Json::array()}});
}

}  // namespace sallyport::page_of_rows_test
