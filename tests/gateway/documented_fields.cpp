#include "tests/gateway/documented_fields.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>

namespace sallyport::test {
namespace {

// Each field, and whether it is in every row.
std::map<std::string, bool> documented_fields(const std::string& view) {
  std::ifstream page("docs/control-protocol.md");
  REQUIRE(page);
  const std::regex field("`([a-z_]+)`(\\\\\\*)?");
  std::map<std::string, bool> fields;
  for (std::string line; std::getline(page, line);) {
    const std::string start = "| `" + view + "` fields | ";
    if (!line.starts_with(start)) continue;
    line.erase(0, start.size());
    for (std::sregex_iterator each(line.begin(), line.end(), field), end; each != end; ++each)
      fields[(*each)[1]] = (*each)[2].length() == 0;
  }
  return fields;
}

}  // namespace

void check_documented(const std::string& view, const nlohmann::json& rows) {
  const auto documented = documented_fields(view);
  CHECK_FALSE(documented.empty());
  REQUIRE_FALSE(rows.empty());
  for (const nlohmann::json& row : rows) {
    for (const auto& [name, value] : row.items()) {
      INFO(view << ": " << name << " is not in docs/control-protocol.md");
      CHECK(documented.contains(name));
    }
    for (const auto& [name, always] : documented) {
      INFO(view << ": " << name << " is not in every row: " << row.dump());
      CHECK((row.contains(name) || !always));
    }
  }
}

}  // namespace sallyport::test
