#include "gateway/config/table_reader.h"

#include <fmt/format.h>
#include <algorithm>

namespace sallyport {

TableReader::TableReader(const Value& value, std::string_view what, Diagnostics& diagnostics)
    : value_(value), what_(what), diagnostics_(diagnostics) {
  if (value.table() != nullptr) return;
  diagnostics.error(value.at, fmt::format("{} is {}, not a table", what, kind_of(value)));
}

TableReader::~TableReader() {
  if (value_.table() == nullptr) return;
  for (const TableEntry& entry : *value_.table()) {
    if (std::ranges::find(known_, entry.key) != known_.end()) continue;
    diagnostics_.error(entry.at, fmt::format("unknown key \"{}\" in {}", entry.key, what_),
                       suggestion(entry.key, known_));
  }
}

const Value* TableReader::find(std::string_view key) {
  if (std::ranges::find(known_, key) == known_.end()) known_.push_back(key);
  return value_.find(key);
}

const Value* TableReader::require(std::string_view key, std::string_view remedy) {
  const Value* value = find(key);
  if (value == nullptr && value_.table() != nullptr) {
    diagnostics_.error(value_.at, fmt::format("{} has no {}", what_, key), std::string(remedy));
  }
  return value;
}

void TableReader::not_available(std::string_view key) {
  if (const Value* value = value_.find(key)) {
    diagnostics_.error(value->at,
                       fmt::format("{} in {} is not available in this version", key, what_),
                       "leave it out", Error::Code::Unsupported);
    known_.push_back(key);
  }
}

void TableReader::error(std::string_view key, std::string what, std::string remedy,
                        Error::Code code) {
  diagnostics_.error(at(key), std::move(what), std::move(remedy), code);
}

const Position& TableReader::at(std::string_view key) const noexcept {
  const Value* value = value_.find(key);
  return value == nullptr ? value_.at : value->at;
}

}  // namespace sallyport
