#include "gateway/config/live_policy.h"

#include "gateway/config/disk_files.h"
#include "gateway/config/loading.h"

namespace sallyport {
namespace {

// What check_policies compares the policy with; a name that is missing it reports.
void gather_sas(const LiveSas& sas, Configuration& configuration) {
  const auto& protect = configuration.policies.front().protect;
  if (!protect) return;
  for (const std::string& name : protect->sas)
    if (const Sa* const sa = sas(name)) configuration.sas.push_back(sa->duplicate());
}

}  // namespace

Expected<Policy> parse_live_policy(std::string_view text, const Configuration& running,
                                   const LiveSas& sas) {
  auto root = parse_toml(text, "policy");
  if (!root) return std::unexpected(std::move(root).error());
  const DiskFiles files;
  Loading loading{std::move(*root), files, {}, {}};
  if (loading.elements("policy").size() != 1 || loading.root.table()->size() != 1)
    return fail(Error::Code::Invalid, "not one [[policy]] table",
                "[[policy]] and its fields as in the configuration");
  Configuration& configuration = loading.configuration;
  configuration.crypto = running.crypto;
  configuration.ports = running.ports;
  configuration.spds = running.spds;
  configuration.peers = running.peers;
  read_policies(loading);
  if (loading.diagnostics.error_count() == 0) {
    gather_sas(sas, configuration);
    check_policies(loading);
  }
  if (loading.diagnostics.error_count() != 0) return std::unexpected(loading.diagnostics.joined());
  return std::move(configuration.policies.front());
}

}  // namespace sallyport
