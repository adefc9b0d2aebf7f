#include <algorithm>

#include "crypto/algorithms.h"
#include "crypto/ike_transforms.h"
#include "gateway/config/loading.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

// Algorithms that need consent, by the names of the table.
std::vector<std::string_view> names_to_consent() {
  std::vector<std::string_view> names;
  const auto gather = [&names](const auto& rows) {
    for (const auto& row : rows)
      if (row.needs_consent) names.push_back(row.name);
  };
  gather(all_ciphers());
  gather(all_integrities());
  gather(all_prfs());
  gather(all_groups());
  return names;
}

Expected<std::string> read_algorithm(const Value& value) {
  auto name = read_text(value);
  if (!name) return name;
  if (const auto cipher = cipher_by_name(*name)) return std::string(facts(*cipher).name);
  if (const auto integrity = integrity_by_name(*name)) return std::string(facts(*integrity).name);
  if (const auto prf = prf_by_name(*name)) return std::string(facts(*prf).name);
  if (const auto group = group_by_name(*name)) return std::string(facts(*group).name);
  return wrong(value, shown(value) + " is no algorithm", suggestion(*name, names_to_consent()));
}

}  // namespace

void read_crypto(TableReader& root, Loading& loading) {
  const Value* section = root.find("crypto");
  if (section == nullptr) return;
  auto& allow = loading.configuration.crypto.allow;
  TableReader reader(*section, "[crypto]", loading.diagnostics);
  reader.read("allow", allow, list_of(read_algorithm));
  const auto known = names_to_consent();
  for (const std::string& name : allow) {
    if (std::ranges::find(known, name) != known.end()) continue;
    loading.diagnostics.warn(reader.at("allow"), "allow: " + name + " needs no consent");
  }
}

void write_crypto(const Configuration& configuration, std::string& out) {
  TomlFields fields;
  if (!configuration.crypto.allow.empty()) fields.add("allow", configuration.crypto.allow);
  out += fields.block("[crypto]");
}

}  // namespace sallyport
