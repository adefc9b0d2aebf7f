#include "gateway/config/loading.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

constexpr Words<ChangedPolicySas, 3> kChoices{{{"keep", ChangedPolicySas::Keep},
                                               {"delete", ChangedPolicySas::Delete},
                                               {"rekey", ChangedPolicySas::Rekey}}};

}  // namespace

void read_policy_changes(TableReader& root, Loading& loading) {
  const Value* section = root.find("policy_changes");
  if (section == nullptr) return;
  TableReader reader(*section, "[policy_changes]", loading.diagnostics);
  reader.read("sas", loading.configuration.changed_policy_sas, one_of(kChoices));
}

void write_policy_changes(const Configuration& configuration, std::string& out) {
  TomlFields fields;
  fields.add("sas", word_for(kChoices, configuration.changed_policy_sas));
  out += fields.block("[policy_changes]");
}

}  // namespace sallyport
