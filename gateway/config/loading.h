// One load in progress. Each section reads its tables from the document and fills its part of the
// configuration; each also writes that part back (to_toml). One .cpp file a section.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/configuration.h"
#include "gateway/config/diagnostics.h"
#include "gateway/config/document.h"
#include "gateway/config/table_reader.h"

namespace sallyport {

struct Loading {
  Value root;  // the file and what it includes, merged
  const ConfigurationFiles& files;
  Diagnostics diagnostics;
  Configuration configuration;
  std::vector<const Value*> derived{};  // where configuration.mobility_policies were read from

  // Element i is where element i of the configuration's vector of that kind was read from.
  [[nodiscard]] std::vector<const Value*> elements(std::string_view section) const;
  // The same of configuration.policies.
  [[nodiscard]] std::vector<const Value*> policy_elements() const;
};

// Names of one kind that are taken, with the place of each.
class UniqueNames {
 public:
  // Reports the name where it is taken. Empty names were reported before.
  void claim(const std::string& name, TableReader& reader);

 private:
  std::map<std::string, Position, std::less<>> taken_;
};

// A relative path starts at the directory of the file that it stands in.
[[nodiscard]] std::filesystem::path resolved(const Value& value, const std::string& path);
// The parser of a path that may be relative.
[[nodiscard]] Expected<std::filesystem::path> read_path(const Value& value);
// Where `key` of the table stands; the table itself where it has no such key.
[[nodiscard]] const Position& place(const Value& table, std::string_view key) noexcept;

// True where a port has the address.
[[nodiscard]] bool is_own_address(const Configuration& configuration,
                                  const Address& address) noexcept;

// The index of the name that `value` says; where there is none of the `section`, the nearest is the
// remedy.
[[nodiscard]] Expected<std::size_t> index_of(const Value& value,
                                             const std::vector<std::string_view>& names,
                                             std::string_view section);
template <class Elements>
[[nodiscard]] std::vector<std::string_view> element_names(const Elements& elements) {
  std::vector<std::string_view> names;
  for (const auto& element : elements) names.push_back(element.name);
  return names;
}
// Parser of a reference to one of `elements`, which were read before: its name.
template <class Elements>
[[nodiscard]] auto name_in(const Elements& elements, std::string_view section) {
  return [&elements, section](const Value& value) -> Expected<std::string> {
    const auto index = index_of(value, element_names(elements), section);
    if (!index) return std::unexpected(index.error());
    return elements[*index].name;
  };
}
// Reports a name that stands twice in the list under `key`.
void check_repeats(TableReader& reader, std::string_view key, std::vector<std::string> names);

// Parsers of references: the name of a [[port]] or an [[spd]] that was read before.
struct PortReference {
  const Configuration& configuration;
  [[nodiscard]] Expected<PortId> operator()(const Value& value) const;
};
struct SpdReference {
  const Configuration& configuration;
  [[nodiscard]] Expected<SpdId> operator()(const Value& value) const;
};

// In what a configured SA is not as the protection says, "another mode" for example; empty where it
// agrees.
[[nodiscard]] std::string disagreement(const Sa& sa, const Protection& protection);

// In this order: a section may look at what an earlier one has filled in.
void read_instance(TableReader& root, Loading& loading);
void read_limits(TableReader& root, Loading& loading);
void read_dataplane(TableReader& root, Loading& loading);
void read_crypto(TableReader& root, Loading& loading);
void read_control(TableReader& root, Loading& loading);
void read_audit(TableReader& root, Loading& loading);
void read_icmp(TableReader& root, Loading& loading);  // and [path_mtu]
void read_policy_changes(TableReader& root, Loading& loading);
void read_spds(Loading& loading);
void read_ports(Loading& loading);
void read_routes(Loading& loading);
void read_neighbours(Loading& loading);
void read_home_agent(TableReader& root, Loading& loading);
void read_mobile_node(TableReader& root, Loading& loading);
void read_correspondent(TableReader& root, Loading& loading);
void read_policies(Loading& loading);
void read_sas(Loading& loading);
void read_ike(TableReader& root, Loading& loading);
void read_authorities(Loading& loading);
void read_credentials(Loading& loading);
void read_pools(Loading& loading);
void read_aaa(Loading& loading);
void read_peers(Loading& loading);

// What only the whole shows; run where every section was read without an error.
void check_addresses(Loading& loading);
void check_policies(Loading& loading);
void check_sas(Loading& loading);
void check_pools(Loading& loading);
void check_peers(Loading& loading);
void check_capacities(Loading& loading);

void write_instance(const Configuration& configuration, std::string& out);
void write_limits(const Configuration& configuration, std::string& out);
void write_dataplane(const Configuration& configuration, std::string& out);
void write_crypto(const Configuration& configuration, std::string& out);
void write_control(const Configuration& configuration, std::string& out);
void write_audit(const Configuration& configuration, std::string& out);
void write_icmp(const Configuration& configuration, std::string& out);
void write_policy_changes(const Configuration& configuration, std::string& out);
void write_spds(const Configuration& configuration, std::string& out);
void write_ports(const Configuration& configuration, std::string& out);
void write_routes(const Configuration& configuration, std::string& out);
void write_neighbours(const Configuration& configuration, std::string& out);
void write_policies(const Configuration& configuration, std::string& out);
[[nodiscard]] Expected<void> write_sas(const Configuration& configuration, std::string& out);
void write_ike(const Configuration& configuration, std::string& out);
void write_authorities(const Configuration& configuration, std::string& out);
void write_credentials(const Configuration& configuration, std::string& out);
void write_pools(const Configuration& configuration, std::string& out);
void write_home_agent(const Configuration& configuration, std::string& out);
void write_mobile_node(const Configuration& configuration, std::string& out);
void write_correspondent(const Configuration& configuration, std::string& out);
[[nodiscard]] Expected<void> write_aaa(const Configuration& configuration, std::string& out);
[[nodiscard]] Expected<void> write_peers(const Configuration& configuration, std::string& out);

}  // namespace sallyport
