#include "gateway/config/document.h"

#include <toml++/toml.h>
#include <algorithm>

namespace sallyport {
namespace {

using FileName = std::shared_ptr<const std::string>;

Position position(const toml::source_region& source, const FileName& file) {
  return {file, std::max(source.begin.line, 1u), std::max(source.begin.column, 1u)};
}

// Depth is bounded by the parser (TOML_MAX_NESTED_VALUES).
Value convert(const toml::node& node, const FileName& file);

ValueTable convert(const toml::table& table, const FileName& file) {
  ValueTable entries;
  entries.reserve(table.size());
  for (const auto& [key, value] : table) {
    entries.push_back({std::string(key.str()), position(key.source(), file), convert(value, file)});
  }
  std::ranges::sort(entries, {}, [](const TableEntry& entry) {
    return std::pair(entry.at.line, entry.at.column);
  });
  return entries;
}

ValueList convert(const toml::array& array, const FileName& file) {
  ValueList values;
  values.reserve(array.size());
  for (const auto& element : array) values.push_back(convert(element, file));
  return values;
}

decltype(Value::data) convert_data(const toml::node& node, const FileName& file) {
  if (const auto* flag = node.as_boolean()) return flag->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* fraction = node.as_floating_point()) return fraction->get();
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* array = node.as_array()) return convert(*array, file);
  if (const auto* table = node.as_table()) return convert(*table, file);
  return std::monostate{};
}

Value convert(const toml::node& node, const FileName& file) {
  return {position(node.source(), file), convert_data(node, file)};
}

}  // namespace

std::string to_string(const Position& position) {
  return *position.file + ":" + std::to_string(position.line) + ":" +
         std::to_string(position.column);
}

const Value* Value::find(std::string_view key) const noexcept {
  const ValueTable* entries = table();
  if (entries == nullptr) return nullptr;
  const auto found = std::ranges::find(*entries, key, &TableEntry::key);
  return found == entries->end() ? nullptr : &found->value;
}

std::string_view kind_of(const Value& value) noexcept {
  constexpr std::string_view kNames[] = {"a date", "true or false", "a number", "a fraction",
                                         "text",   "a list",        "a table"};
  return kNames[value.data.index()];
}

Expected<Value> parse_toml(std::string_view text, const std::string& name) {
  const auto file = std::make_shared<const std::string>(name);
  try {
    Value root;
    root.data = convert(toml::parse(text, name), file);
    root.at.file = file;
    return root;
  } catch (const toml::parse_error& error) {
    return fail(Error::Code::Invalid, "not TOML: " + std::string(error.description()),
                "see https://toml.io/en/v1.0.0", to_string(position(error.source(), file)));
  }
}

}  // namespace sallyport
