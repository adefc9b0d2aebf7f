#include "ctl/table.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace sallyport::table_test {

TEST_CASE("columns are as wide as their widest cell; numbers stand right, words left") {
  const auto rows = nlohmann::json::parse(R"([
    {"name": "a", "packets": 5, "list": ["x", "y"]},
    {"name": "longer", "packets": 12345, "list": []},
    {"name": "no numbers"}])");
  CHECK(format_table({{"name", "name"}, {"packets", "packets"}, {"list", "list"}}, rows) ==
        "name        packets  list\n"
        "a                 5  x, y\n"
        "longer        12345\n"
        "no numbers\n");
}

TEST_CASE("a table without rows is its headings") {
  CHECK(format_table({{"a", "a"}, {"b", "b"}}, nlohmann::json::array()) == "a  b\n");
}

TEST_CASE("an unknown topic has no columns") { CHECK(columns_of("keys").empty()); }

}  // namespace sallyport::table_test
