// Lists of words and numbers on a bench's command line: "64,512,1400".
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <string>
#include <vector>

#include "base/error.h"

namespace sallyport::bench {

[[nodiscard]] Expected<std::vector<std::string>> words(const std::string& list);

template <class Number>
[[nodiscard]] Expected<std::vector<Number>> numbers(const std::string& list, Number least,
                                                    Number most) {
  const auto texts = words(list);
  if (!texts) return std::unexpected(texts.error());
  std::vector<Number> found;
  for (const std::string& text : *texts) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
      return fail(Error::Code::Invalid, fmt::format("\"{}\" cannot be", text),
                  fmt::format("{} to {}", least, most));
    found.push_back(value);
  }
  return found;
}

}  // namespace sallyport::bench
