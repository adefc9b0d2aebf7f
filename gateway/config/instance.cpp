#include "gateway/config/loading.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {

void read_instance(TableReader& root, Loading& loading) {
  InstanceConfig& instance = loading.configuration.instance;
  if (const Value* section = root.find("instance")) {
    TableReader reader(*section, "[instance]", loading.diagnostics);
    reader.read("name", instance.name, read_name);
    reader.read("file_prefix", instance.file_prefix, read_name);
    reader.read("run_directory", instance.run_directory, read_path);
    reader.read("state_directory", instance.state_directory, read_path);
    reader.read("inline_secrets", instance.inline_secrets, read_flag);
  }
  const std::string& name = instance.name;
  if (instance.file_prefix.empty()) {
    instance.file_prefix = name == "sallyport" ? name : "sallyport-" + name;
  }
  if (instance.run_directory.empty()) instance.run_directory = "/run/sallyport/" + name;
  if (instance.state_directory.empty()) instance.state_directory = "/var/lib/sallyport/" + name;
}

void write_instance(const Configuration& configuration, std::string& out) {
  const InstanceConfig& instance = configuration.instance;
  TomlFields fields;
  fields.add("name", instance.name);
  fields.add("file_prefix", instance.file_prefix);
  fields.add("run_directory", instance.run_directory);
  fields.add("state_directory", instance.state_directory);
  fields.add("inline_secrets", instance.inline_secrets);
  out += fields.block("[instance]");
}

}  // namespace sallyport
