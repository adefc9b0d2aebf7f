#include "gateway/config/toml_writer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sallyport {
namespace {

std::string basic_string(std::string_view text) {
  std::string result = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') {
      result += '\\';
      result += letter;
    } else if (static_cast<unsigned char>(letter) < ' ' || letter == '\x7f') {
      result += fmt::format("\\u{:04X}", static_cast<unsigned char>(letter));
    } else {
      result += letter;
    }
  }
  return result + '"';
}

// TOML's bare keys need no quotes.
std::string key_text(std::string_view key) {
  constexpr std::string_view kBare =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
  return key.find_first_not_of(kBare) == key.npos ? std::string(key) : basic_string(key);
}

}  // namespace

void TomlFields::add(std::string_view key, std::string_view text) {
  add_raw(key, basic_string(text));
}

void TomlFields::add(std::string_view key, const std::vector<std::string>& texts) {
  std::vector<std::string> elements;
  for (const std::string& text : texts) elements.push_back(basic_string(text));
  add_raw(key, fmt::format("[{}]", fmt::join(elements, ", ")));
}

void TomlFields::add(std::string_view key, const std::vector<TomlFields>& tables) {
  std::vector<std::string> elements;
  for (const TomlFields& table : tables) elements.push_back(table.inlined());
  add_raw(key, fmt::format("[{}]", fmt::join(elements, ", ")));
}

void TomlFields::add_numbers(std::string_view key, const std::vector<int>& numbers) {
  add_raw(key, fmt::format("[{}]", fmt::join(numbers, ", ")));
}

void TomlFields::add_raw(std::string_view key, std::string_view value) {
  lines_.push_back(fmt::format("{} = {}", key_text(key), value));
}

std::string TomlFields::inlined() const {
  return lines_.empty() ? "{}" : fmt::format("{{ {} }}", fmt::join(lines_, ", "));
}

std::string TomlFields::block(std::string_view header) const {
  return fmt::format("{}\n{}{}\n", header, fmt::join(lines_, "\n"), lines_.empty() ? "" : "\n");
}

}  // namespace sallyport
