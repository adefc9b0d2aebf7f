#include "gateway/config/live_sa.h"

#include <fmt/format.h>

#include "gateway/config/disk_files.h"
#include "gateway/config/loading.h"

namespace sallyport {
namespace {

// The text is no file, and whoever may write to the control socket may hold the keys.
class SocketFiles final : public DiskFiles {
 public:
  [[nodiscard]] Expected<Secret<128>> key(const std::filesystem::path& file) const override {
    if (file.is_absolute()) return DiskFiles::key(file);
    return fail(Error::Code::Invalid, "a text has no directory that a relative path could start at",
                "the whole path of the file");
  }
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

// As check_policies and check_sas do with what stands in a configuration.
void check_live_sa(const Protection& protection, Loading& loading) {
  const Sa& sa = loading.configuration.sas.front();
  const Value& element = *loading.elements("sa").front();
  if (const std::string what = disagreement(sa, protection); !what.empty())
    loading.diagnostics.error(element.at, fmt::format("SA \"{}\" has {}", sa.name, what),
                              "what the policy says, or leave it out of the SA");
  check_sas(loading);
}

}  // namespace

Expected<Sa> parse_live_sa(std::string_view text, const Policy& policy,
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
  Protection& protection = *configuration.policies.emplace_back(policy).protect;
  protection.sas.push_back(*name);
  read_sas(loading);
  if (loading.diagnostics.error_count() == 0) check_live_sa(protection, loading);
  if (loading.diagnostics.error_count() != 0) return std::unexpected(loading.diagnostics.joined());
  return std::move(configuration.sas.front());
}

}  // namespace sallyport
