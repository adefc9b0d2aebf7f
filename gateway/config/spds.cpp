#include "gateway/config/loading.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {

void read_spds(Loading& loading) {
  auto& spds = loading.configuration.spds;
  UniqueNames names;
  for (const Value* element : loading.elements("spd")) {
    TableReader reader(*element, "[[spd]]", loading.diagnostics);
    SpdConfig spd;
    reader.require("name", spd.name, read_name, "what ports and policies call it");
    reader.read("default_policies", spd.default_policies, read_flag);
    names.claim(spd.name, reader);
    spds.push_back(std::move(spd));
  }
  if (spds.empty()) spds.emplace_back();
}

void write_spds(const Configuration& configuration, std::string& out) {
  for (const SpdConfig& spd : configuration.spds) {
    TomlFields fields;
    fields.add("name", spd.name);
    fields.add("default_policies", spd.default_policies);
    out += fields.block("[[spd]]");
  }
}

}  // namespace sallyport
