#include "gateway/config/loading.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

template <class Id, class Elements>
Expected<Id> refer(const Value& value, const Elements& elements, std::string_view section) {
  const auto index = index_of(value, element_names(elements), section);
  if (!index) return std::unexpected(index.error());
  return Id{static_cast<std::uint16_t>(*index)};
}

}  // namespace

std::vector<const Value*> Loading::elements(std::string_view section) const {
  std::vector<const Value*> tables;
  const Value* value = root.find(section);
  if (value == nullptr || value->list() == nullptr) return tables;
  for (const Value& element : *value->list()) tables.push_back(&element);
  return tables;
}

std::vector<const Value*> Loading::policy_elements() const {
  std::vector<const Value*> tables = derived;
  std::ranges::copy(elements("policy"), std::back_inserter(tables));
  return tables;
}

void UniqueNames::claim(const std::string& name, TableReader& reader) {
  if (name.empty()) return;
  const auto [first, fresh] = taken_.try_emplace(name, reader.at("name"));
  if (fresh) return;
  reader.error("name",
               fmt::format("the name \"{}\" is taken at {}", name, to_string(first->second)),
               "another name", Error::Code::Exists);
}

std::filesystem::path resolved(const Value& value, const std::string& path) {
  return (std::filesystem::path(*value.at.file).parent_path() / path).lexically_normal();
}

const Position& place(const Value& table, std::string_view key) noexcept {
  const Value* value = table.find(key);
  return value == nullptr ? table.at : value->at;
}

Expected<std::filesystem::path> read_path(const Value& value) {
  auto text = read_text(value);
  if (!text) return std::unexpected(std::move(text).error());
  return resolved(value, *text);
}

Expected<std::size_t> index_of(const Value& value, const std::vector<std::string_view>& names,
                               std::string_view section) {
  const std::string_view name = value.text() == nullptr ? "" : std::string_view(*value.text());
  const auto found = std::ranges::find(names, name);
  if (found != names.end() && !name.empty()) return static_cast<std::size_t>(found - names.begin());
  return wrong(value, fmt::format("there is no {} {}", section, shown(value)),
               suggestion(name, names), Error::Code::NotFound);
}

void check_repeats(TableReader& reader, std::string_view key, std::vector<std::string> names) {
  std::ranges::sort(names);
  if (const auto twice = std::ranges::adjacent_find(names); twice != names.end()) {
    reader.error(key, fmt::format("{}: \"{}\" stands twice", key, *twice), {}, Error::Code::Exists);
  }
}

Expected<PortId> PortReference::operator()(const Value& value) const {
  return refer<PortId>(value, configuration.ports, "[[port]]");
}

Expected<SpdId> SpdReference::operator()(const Value& value) const {
  return refer<SpdId>(value, configuration.spds, "[[spd]]");
}

}  // namespace sallyport
