#include "gateway/config/live_sa.h"

#include <algorithm>

#include "gateway/config/disk_files.h"
#include "gateway/config/loading.h"

namespace sallyport {
namespace {

// The text is no file, and whoever may write to the control socket may hold the keys.
class SocketFiles final : public DiskFiles {
 public:
  [[nodiscard]] Expected<void> check_private(const std::filesystem::path&) const override {
    return {};
  }
};

Expected<std::string> name_of_only_sa(const Loading& loading) {
  const auto tables = loading.elements("sa");
  const Value* const name = tables.size() == 1 ? tables[0]->find("name") : nullptr;
  if (name == nullptr || name->text() == nullptr || loading.root.table()->size() != 1)
    return fail(Error::Code::Invalid, "not one [[sa]] table with a name",
                "[[sa]] and its fields as in the configuration");
  return *name->text();
}

}  // namespace

Expected<Sa> parse_live_sa(std::string_view text, std::string_view policy,
                           const Configuration& running) {
  auto root = parse_toml(text, "sa.add");
  if (!root) return std::unexpected(std::move(root).error());
  const SocketFiles files;
  Loading loading{std::move(*root), files, {}, {}};
  const auto name = name_of_only_sa(loading);
  if (!name) return std::unexpected(name.error());
  Configuration& configuration = loading.configuration;
  configuration.crypto = running.crypto;
  configuration.instance.inline_secrets = true;
  configuration.ports = running.ports;
  configuration.policies = running.policies;
  const auto named = std::ranges::find(configuration.policies, policy, &Policy::name);
  if (named == configuration.policies.end() || !named->protect)
    return fail(Error::Code::NotFound,
                "there is no policy \"" + std::string(policy) + "\" that protects",
                "name one of sallyportctl show policies");
  named->protect->sas.push_back(*name);
  read_sas(loading);
  if (loading.diagnostics.error_count() != 0) return std::unexpected(loading.diagnostics.joined());
  return std::move(configuration.sas.front());
}

}  // namespace sallyport
