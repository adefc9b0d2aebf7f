// Turns one TOML value into one typed value. A parser is anything that takes a Value and yields an
// Expected; its errors stand at the value's place.
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "gateway/config/diagnostics.h"
#include "gateway/config/document.h"
#include "net/address.h"

namespace sallyport {

[[nodiscard]] std::unexpected<Error> wrong(const Value& value, std::string what,
                                           std::string remedy = {},
                                           Error::Code code = Error::Code::Invalid);

// The value as the operator wrote it, cut where it is long: for messages.
[[nodiscard]] std::string shown(const Value& value);

[[nodiscard]] Expected<bool> read_flag(const Value& value);
[[nodiscard]] Expected<std::string> read_text(const Value& value);
// A name for references, file names and the command line: 1 to 63 letters, digits and "_-.:".
[[nodiscard]] Expected<std::string> read_name(const Value& value);
[[nodiscard]] Expected<Address> read_address(const Value& value);
[[nodiscard]] Expected<Prefix> read_prefix(const Value& value);
[[nodiscard]] Expected<MacAddress> read_mac(const Value& value);
// "8h": a whole number of s, m, h or d; zero is refused.
[[nodiscard]] Expected<std::chrono::seconds> read_duration(const Value& value);
// "64KiB", "1MB": zero is refused.
[[nodiscard]] Expected<std::uint64_t> read_size(const Value& value);
[[nodiscard]] Expected<std::int64_t> read_integer(const Value& value, std::int64_t first,
                                                  std::int64_t last);

// The shortest text that reads back as the same number.
[[nodiscard]] std::string duration_text(std::chrono::seconds duration);
[[nodiscard]] std::string size_text(std::uint64_t bytes);

// A whole number between `first` and `last`.
template <std::integral T>
[[nodiscard]] auto number(T first, T last = std::numeric_limits<T>::max()) {
  return [=](const Value& value) -> Expected<T> {
    const auto read =
        read_integer(value, static_cast<std::int64_t>(first), static_cast<std::int64_t>(last));
    if (!read) return std::unexpected(read.error());
    return static_cast<T>(*read);
  };
}

// The words that configuration knows an enumeration's values by.
template <class Enum, std::size_t Count>
using Words = std::array<std::pair<std::string_view, Enum>, Count>;

template <class Enum, std::size_t Count>
[[nodiscard]] std::string_view word_for(const Words<Enum, Count>& words, Enum wanted) noexcept {
  for (const auto& [word, meaning] : words) {
    if (meaning == wanted) return word;
  }
  return {};
}

template <class Enum, std::size_t Count>
[[nodiscard]] auto one_of(const Words<Enum, Count>& words) {
  return [&words](const Value& value) -> Expected<Enum> {
    std::vector<std::string_view> known;
    for (const auto& [word, meaning] : words) {
      if (value.text() != nullptr && *value.text() == word) return meaning;
      known.push_back(word);
    }
    return wrong(value, shown(value) + " is not known",
                 suggestion(value.text() == nullptr ? "" : *value.text(), known));
  };
}

// One value, or a list of at least one.
template <class Parse>
[[nodiscard]] auto list_of(Parse parse) {
  using Element = typename std::invoke_result_t<Parse, const Value&>::value_type;
  return [parse](const Value& value) -> Expected<std::vector<Element>> {
    std::vector<Element> elements;
    const ValueList* list = value.list();
    if (list != nullptr && list->empty()) return wrong(value, "the list is empty");
    for (std::size_t i = 0; i < (list == nullptr ? 1 : list->size()); ++i) {
      auto element = parse(list == nullptr ? value : (*list)[i]);
      if (!element) return std::unexpected(std::move(element).error());
      elements.push_back(std::move(*element));
    }
    return elements;
  };
}

// Gives the errors of a parser of text the value's place.
template <class T>
[[nodiscard]] Expected<T> placed(const Value& value, Expected<T> parsed) {
  if (!parsed) parsed.error().where = to_string(value.at);
  return parsed;
}

}  // namespace sallyport
