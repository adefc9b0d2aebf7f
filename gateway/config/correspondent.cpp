#include "gateway/config/loading.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {

// A node that takes part in mobility answers as a correspondent unless it is told otherwise (RFC
// 6275 8.2; RR-12).
void read_correspondent(TableReader& root, Loading& loading) {
  CorrespondentConfig& config = loading.configuration.correspondent;
  const Value* const value = root.find("correspondent");
  config.enabled = value != nullptr || loading.root.find("home_agent") != nullptr ||
                   loading.root.find("mobile_node") != nullptr;
  if (value == nullptr) return;
  TableReader reader(*value, "[correspondent]", loading.diagnostics);
  reader.read("enabled", config.enabled, read_flag);
  reader.read("max_bindings", config.max_bindings, number<std::uint32_t>(1, 1u << 20));
}

void write_correspondent(const Configuration& configuration, std::string& out) {
  const CorrespondentConfig& config = configuration.correspondent;
  const bool mobile = configuration.home_agent || configuration.mobile_node;
  if (!config.enabled && !mobile) return;
  TomlFields fields;
  fields.add("enabled", config.enabled);
  fields.add("max_bindings", config.max_bindings);
  out += fields.block("[correspondent]");
}

}  // namespace sallyport
