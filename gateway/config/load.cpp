#include <fmt/format.h>

#include <algorithm>

#include "gateway/config/disk_files.h"
#include "gateway/config/loading.h"
#include "gateway/config/mobility_expansion.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

// Sections that hold many tables: `[[port]]`.
constexpr std::string_view kLists[] = {"port",   "route", "neighbour", "spd",
                                       "policy", "sa",    "authority", "credential",
                                       "pool",   "aaa",   "peer"};
// Sections of later versions.
constexpr std::string_view kLater[] = {"metrics"};

// Adds the entries of an included file: lists grow, everything else may stand once.
void merge(ValueTable& into, ValueTable from, Diagnostics& diagnostics) {
  for (TableEntry& entry : from) {
    const auto there = std::ranges::find(into, entry.key, &TableEntry::key);
    if (entry.key == "include") {
      diagnostics.error(entry.at, "an included file includes another", "name it in the first file");
    } else if (there == into.end()) {
      into.push_back(std::move(entry));
    } else if (auto* list = std::get_if<ValueList>(&there->value.data);
               list != nullptr && entry.value.list() != nullptr) {
      std::ranges::move(std::get<ValueList>(entry.value.data), std::back_inserter(*list));
    } else {
      diagnostics.error(entry.at,
                        fmt::format("{} stands at {} too", entry.key, to_string(there->at)),
                        "once in all files", Error::Code::Exists);
    }
  }
}

void include_file(const std::filesystem::path& file, const Value& pattern, Loading& loading) {
  auto text = loading.files.text(file);
  if (!text) {
    loading.diagnostics.error(pattern.at, "include: " + text.error().what, text.error().remedy,
                              text.error().code);
    return;
  }
  auto document = parse_toml(*text, file.native());
  if (!document) {
    loading.diagnostics.error(std::move(document).error());
    return;
  }
  merge(std::get<ValueTable>(loading.root.data), std::move(std::get<ValueTable>(document->data)),
        loading.diagnostics);
}

void include_matching(const Value& value, Loading& loading) {
  const auto pattern = read_path(value);
  if (!pattern) {
    loading.diagnostics.error(pattern.error());
    return;
  }
  const auto files = loading.files.matching(*pattern);
  if (!files) {
    loading.diagnostics.error(value.at, "include: " + files.error().what, files.error().remedy,
                              files.error().code);
    return;
  }
  const bool has_wildcard = pattern->native().find_first_of("*?[") != std::string::npos;
  if (files->empty() && !has_wildcard) {
    loading.diagnostics.error(
        value.at, fmt::format("include: there is no file {}", pattern->native()),
        "an existing file, or a pattern as in \"conf.d/*.toml\"", Error::Code::NotFound);
  }
  for (const auto& file : *files) include_file(file, value, loading);
}

void read_includes(Loading& loading) {
  const Value* found = loading.root.find("include");
  if (found == nullptr) return;
  const Value include = *found;  // merging moves the entries
  if (include.list() == nullptr) {
    include_matching(include, loading);
    return;
  }
  for (const Value& pattern : *include.list()) include_matching(pattern, loading);
}

void check_lists(TableReader& root) {
  for (const std::string_view section : kLists) {
    const Value* value = root.find(section);
    if (value != nullptr && value->list() == nullptr) {
      root.error(section, fmt::format("{} is {}, not a list of tables", section, kind_of(*value)),
                 fmt::format("[[{}]]", section));
    }
  }
}

void read_sections(Loading& loading) {
  TableReader root(loading.root, "the configuration", loading.diagnostics);
  static_cast<void>(root.find("include"));
  for (const std::string_view section : kLater) root.not_available(section);
  check_lists(root);
  read_instance(root, loading);
  read_limits(root, loading);
  read_dataplane(root, loading);
  read_crypto(root, loading);
  read_control(root, loading);
  read_audit(root, loading);
  read_icmp(root, loading);
  read_policy_changes(root, loading);
  read_spds(loading);
  read_ports(loading);
  read_routes(loading);
  read_neighbours(loading);
  read_home_agent(root, loading);
  read_mobile_node(root, loading);
  read_correspondent(root, loading);
  expand_mobility(loading);
  read_policies(loading);
  read_sas(loading);
  read_ike(root, loading);
  read_authorities(loading);
  read_credentials(loading);
  read_pools(loading);
  read_aaa(loading);
  read_peers(loading);
  fill_in_mobile_peers(loading);
}

void check_whole(Loading& loading) {
  check_addresses(loading);
  check_policies(loading);
  check_sas(loading);
  check_pools(loading);
  check_peers(loading);
  check_mobility(loading);
  check_capacities(loading);
}

}  // namespace

Expected<Configuration> parse_configuration(std::string_view text,
                                            const std::filesystem::path& name,
                                            const ConfigurationFiles& files) {
  auto root = parse_toml(text, name.native());
  if (!root) return std::unexpected(std::move(root).error());
  Loading loading{std::move(*root), files, {}, {}};
  read_includes(loading);
  read_sections(loading);
  if (loading.diagnostics.error_count() == 0) check_whole(loading);
  if (loading.diagnostics.error_count() != 0) return std::unexpected(loading.diagnostics.joined());
  loading.configuration.warnings = std::move(loading.diagnostics).warnings();
  return std::move(loading.configuration);
}

Expected<Configuration> load_configuration(const std::filesystem::path& file) {
  const DiskFiles files;
  const auto text = files.text(file);
  if (!text) return std::unexpected(text.error());
  return parse_configuration(*text, file, files);
}

}  // namespace sallyport
