// Writes what an export says: keys in the order they are added, as a block or inline.
#pragma once

#include <concepts>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport {

// One TOML table under construction.
class TomlFields {
 public:
  void add(std::string_view key, std::string_view text);
  void add(std::string_view key, const char* text) { add(key, std::string_view(text)); }
  void add(std::string_view key, const std::string& text) { add(key, std::string_view(text)); }
  void add(std::string_view key, const std::filesystem::path& path) {
    add(key, std::string_view(path.native()));
  }
  template <std::same_as<bool> Flag>
  void add(std::string_view key, Flag flag) {
    add_raw(key, flag ? "true" : "false");
  }
  template <std::integral Number>
    requires(!std::same_as<Number, bool>)
  void add(std::string_view key, Number number) {
    add_raw(key, std::to_string(number));
  }
  void add(std::string_view key, const std::vector<std::string>& texts);
  void add(std::string_view key, const TomlFields& table) { add_raw(key, table.inlined()); }
  void add(std::string_view key, const std::vector<TomlFields>& tables);
  void add_numbers(std::string_view key, const std::vector<int>& numbers);

  [[nodiscard]] bool empty() const noexcept { return lines_.empty(); }
  // "{ a = 1, b = 2 }"
  [[nodiscard]] std::string inlined() const;
  // The header, then a line for each key, then an empty line.
  [[nodiscard]] std::string block(std::string_view header) const;

 private:
  void add_raw(std::string_view key, std::string_view value);
  std::vector<std::string> lines_;
};

}  // namespace sallyport
