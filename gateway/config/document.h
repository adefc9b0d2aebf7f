// A parsed TOML file: plain values, each with the place it stands at.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace sallyport {

struct Position {
  std::shared_ptr<const std::string> file;
  std::uint32_t line{1};
  std::uint32_t column{1};
};
// "file:line:column".
[[nodiscard]] std::string to_string(const Position& position);

struct Value;
struct TableEntry;
using ValueList = std::vector<Value>;
using ValueTable = std::vector<TableEntry>;  // in the order of the file

struct Value {
  Position at;
  // monostate: a date or a time, of which a configuration has none.
  std::variant<std::monostate, bool, std::int64_t, double, std::string, ValueList, ValueTable> data;

  [[nodiscard]] const ValueList* list() const noexcept { return std::get_if<ValueList>(&data); }
  [[nodiscard]] const ValueTable* table() const noexcept { return std::get_if<ValueTable>(&data); }
  [[nodiscard]] const std::string* text() const noexcept { return std::get_if<std::string>(&data); }
  // The value under `key` where this is a table that has it.
  [[nodiscard]] const Value* find(std::string_view key) const noexcept;
};

struct TableEntry {
  std::string key;
  Position at;  // of the key
  Value value;
};

// "a table", "a number", ...: for messages.
[[nodiscard]] std::string_view kind_of(const Value& value) noexcept;

// The root table of a file. `name` stands in positions; syntax errors name line and column.
[[nodiscard]] Expected<Value> parse_toml(std::string_view text, const std::string& name);

}  // namespace sallyport
