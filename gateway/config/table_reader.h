// Reads one TOML table key by key and reports what is left over: an unknown key is never ignored.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/diagnostics.h"
#include "gateway/config/document.h"

namespace sallyport {

class TableReader {
 public:
  // `what` names the table in messages ("[[port]]"). A value that is no table is an error.
  TableReader(const Value& value, std::string_view what, Diagnostics& diagnostics);
  TableReader(const TableReader&) = delete;
  TableReader& operator=(const TableReader&) = delete;
  // Reports the keys that nobody asked for.
  ~TableReader();

  // The key's value, or null. Asking makes the key a known one.
  [[nodiscard]] const Value* find(std::string_view key);
  // The same, but a missing key is an error; `remedy` says what belongs there.
  [[nodiscard]] const Value* require(std::string_view key, std::string_view remedy);
  // Says of a key, where it is there, that this version has no such thing yet.
  void not_available(std::string_view key);

  // Parses the key's value into `target`, which stays as it is where the key is missing or wrong.
  template <class Target, class Parse>
  void read(std::string_view key, Target& target, Parse parse) {
    if (const Value* value = find(key)) assign(key, *value, target, parse);
  }
  // The same, but a missing key is an error.
  template <class Target, class Parse>
  void require(std::string_view key, Target& target, Parse parse, std::string_view remedy) {
    if (const Value* value = require(key, remedy)) assign(key, *value, target, parse);
  }

  void error(std::string_view key, std::string what, std::string remedy = {},
             Error::Code code = Error::Code::Invalid);
  // Where the key's value stands; the table itself where the key is missing.
  [[nodiscard]] const Position& at(std::string_view key) const noexcept;
  [[nodiscard]] const Position& at() const noexcept { return value_.at; }
  [[nodiscard]] bool has(std::string_view key) const noexcept {
    return value_.find(key) != nullptr;
  }
  [[nodiscard]] Diagnostics& diagnostics() const noexcept { return diagnostics_; }

 private:
  template <class Target, class Parse>
  void assign(std::string_view key, const Value& value, Target& target, Parse parse) {
    auto parsed = parse(value);
    if (parsed) {
      target = std::move(*parsed);
      return;
    }
    Error error = std::move(parsed).error();
    error.what = std::string(key) + ": " + error.what;
    diagnostics_.error(std::move(error));
  }

  const Value& value_;
  std::string what_;
  Diagnostics& diagnostics_;
  std::vector<std::string_view> known_;
};

}  // namespace sallyport
