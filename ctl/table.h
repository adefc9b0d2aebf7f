// JSON rows as an aligned table for people.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

// One column: a heading, and the field of each row that stands under it. Numbers go to the right.
struct Column {
  std::string_view heading;
  std::string_view field;
};

// What `show` can show.
[[nodiscard]] std::vector<std::string_view> topics();

// The columns that `show TOPIC` prints, or lint-policies for "findings"; empty: no such topic.
[[nodiscard]] std::vector<Column> columns_of(std::string_view topic);

// Lists are joined by commas; absent fields are empty.
[[nodiscard]] std::string format_table(const std::vector<Column>& columns,
                                       const nlohmann::json& rows);

}  // namespace sallyport
