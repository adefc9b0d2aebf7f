#include <algorithm>
#include <cctype>

#include "gateway/config/learned_addresses.h"
#include "gateway/config/loading.h"
#include "gateway/config/mobility_protection.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

constexpr Words<TunnelMove, 2> kMoves{
    {{"on-update", TunnelMove::OnUpdate}, {"on-acknowledgement", TunnelMove::OnAcknowledgement}}};

constexpr Words<AddressCheck, 2> kChecks{
    {{"before-use", AddressCheck::BeforeUse}, {"optimistic", AddressCheck::Optimistic}}};

// Of letters, digits, hyphens and underscores, as hosts and services are called (RFC 1123 2.1).
Expected<std::string> read_domain_name(const Value& value) {
  constexpr std::size_t kMostBytes = 253;
  constexpr std::size_t kMostLabel = 63;
  auto text = read_text(value);
  if (!text) return text;
  std::size_t label = 0;
  bool good = !text->empty() && text->size() <= kMostBytes;
  for (const char one : *text) {
    const bool dot = one == '.';
    good = good &&
           (dot ? label != 0
                : std::isalnum(static_cast<unsigned char>(one)) != 0 || one == '-' || one == '_');
    label = dot ? 0 : label + 1;
    good = good && label <= kMostLabel;
  }
  if (good && label != 0) return text;
  return wrong(value, shown(value) + " is no domain name", "as in \"example.org\"");
}

void read_bootstrap(TableReader& parent, MobileNodeConfig& config) {
  const Value* const value = parent.find("bootstrap");
  if (value == nullptr) return;
  BootstrapConfig& bootstrap = config.bootstrap;
  TableReader reader(*value, "bootstrap", parent.diagnostics());
  reader.read("home_agent_name", bootstrap.home_agent_name, read_domain_name);
  reader.read("domain", bootstrap.domain, read_domain_name);
  reader.read("name_servers", bootstrap.name_servers, list_of(read_mobile_address));
  reader.read("dhcp", bootstrap.dhcp, read_flag);
  reader.read("own_address", bootstrap.own_address, read_flag);
  const bool named = reader.has("home_agent_name") || reader.has("domain");
  if (named && bootstrap.name_servers.empty() && !bootstrap.dhcp)
    reader.error(reader.has("domain") ? "domain" : "home_agent_name",
                 "a name, and nobody to look it up at",
                 "name_servers = [\"...\"], or dhcp = true to hear of some");
  if (config.home_agent && (reader.has("home_agent_name") || reader.has("domain")))
    reader.error(reader.has("domain") ? "domain" : "home_agent_name",
                 "the home agent is given already", "home_agent, or a name to look it up by");
  if (config.home_address && reader.has("own_address"))
    reader.error("own_address", "own_address: the home address is given already",
                 "home_address, or how to come by one");
}

// What is not given has to come from somewhere (RFC 5026 5).
void check_sources(const MobileNodeConfig& config, TableReader& reader) {
  const bool named = !config.bootstrap.home_agent_name.empty() ||
                     !config.bootstrap.domain.empty() || config.bootstrap.dhcp;
  if (!config.home_agent && !named && !(config.home_address && config.discovery))
    reader.error("home_agent", "home_agent: nothing says where one is",
                 "home_agent = \"...\", bootstrap = { domain = \"...\" }, or discovery on the home "
                 "link of a home_address");
  if (config.protection.peer.empty() && !(config.home_agent && config.home_address))
    reader.error("sas", "sas: configured SAs are of one home address with one home agent",
                 "home_address and home_agent, or a peer");
  if (config.home_address && config.home_address == config.home_agent)
    reader.error("home_agent", "home_agent: the node's own home address", "two addresses");
}

// The local stack that has the home address, or else the first one: applications are there.
std::optional<PortId> host_port(const MobileNodeConfig& config,
                                const Configuration& configuration) {
  std::optional<PortId> found;
  for (std::size_t i = 0; i < configuration.ports.size(); ++i) {
    const PortConfig& port = configuration.ports[i];
    if (port.kind != PortKind::LocalStack) continue;
    const bool has_it = std::ranges::any_of(
        port.addresses, [&](const Prefix& own) { return own.address == config.home_address; });
    if (has_it || !found) found = PortId{static_cast<std::uint16_t>(i)};
    if (has_it) break;
  }
  return found;
}

// What is left open, and on which port the home address is to be then: where applications are.
void settle_bootstrap(MobileNodeConfig& config, const Configuration& configuration) {
  BootstrapConfig& bootstrap = config.bootstrap;
  const bool finds_agent = config.home_agent || !bootstrap.home_agent_name.empty() ||
                           !bootstrap.domain.empty() || bootstrap.dhcp;
  config.bootstraps = finds_agent && !(config.home_agent && config.home_address);
  config.host_port = host_port(config, configuration);
  if (!config.links.empty()) config.home_port = config.links.front();
  if (!config.bootstraps) return;
  bootstrap.wished_home = config.home_address;
  bootstrap.home_agent = config.home_agent;
  bootstrap.home_prefix_length = config.home_prefix_length;
  if (config.host_port) config.home_port = *config.host_port;
}

void read_mobile_node_table(TableReader& reader, MobileNodeConfig& config, Loading& loading) {
  const Configuration& configuration = loading.configuration;
  reader.read("home_address", config.home_address, read_mobile_address);
  reader.read("home_agent", config.home_agent, read_mobile_address);
  reader.read("home_prefix_length", config.home_prefix_length, number<std::uint8_t>(1, 128));
  reader.require("links", config.links, list_of(PortReference{configuration}),
                 "ports with care-of addresses, the preferred first");
  reader.read("spd", config.spd, SpdReference{configuration});
  reader.read("lifetime", config.lifetime, read_binding_lifetime);
  reader.read("migrate", config.migrate, one_of(kMoves));
  reader.read("address_check", config.address_check, one_of(kChecks));
  reader.read("prefixes", config.prefixes, list_of(read_mobile_prefix));
  reader.read("discovery", config.discovery, read_flag);
  read_bootstrap(reader, config);
  read_mobility_protection(reader, config.protection, configuration.crypto);
  check_sources(config, reader);
  settle_bootstrap(config, configuration);
  for (const PortId link : config.links) {
    const PortConfig& port = configuration.ports[link.value];
    if (port.kind != PortKind::Link || port.side != PortSide::Unprotected)
      reader.error("links", "links: port \"" + port.name + "\" is no link to the outside",
                   "ports with side = \"unprotected\"");
  }
}

}  // namespace

void read_mobile_node(TableReader& root, Loading& loading) {
  const Value* const value = root.find("mobile_node");
  if (value == nullptr) return;
  MobileNodeConfig config;
  const std::size_t errors = loading.diagnostics.error_count();
  {
    TableReader reader(*value, "[mobile_node]", loading.diagnostics);
    read_mobile_node_table(reader, config, loading);
  }
  if (loading.diagnostics.error_count() != errors) return;
  loading.configuration.mobile_node = std::move(config);
}

void write_mobile_node(const Configuration& configuration, std::string& out) {
  if (!configuration.mobile_node) return;
  const MobileNodeConfig config = without_learned(*configuration.mobile_node);
  std::vector<std::string> links;
  for (const PortId link : config.links) links.push_back(configuration.ports[link.value].name);
  TomlFields fields;
  if (config.home_address) fields.add("home_address", to_string(*config.home_address));
  if (config.home_agent) fields.add("home_agent", to_string(*config.home_agent));
  fields.add("home_prefix_length", config.home_prefix_length);
  fields.add("links", links);
  fields.add("spd", configuration.spds[config.spd.value].name);
  fields.add("lifetime", duration_text(config.lifetime));
  fields.add("migrate", word_for(kMoves, config.migrate));
  fields.add("address_check", word_for(kChecks, config.address_check));
  if (!config.prefixes.empty()) fields.add("prefixes", texts_of(config.prefixes));
  fields.add("discovery", config.discovery);
  const BootstrapConfig& bootstrap = config.bootstrap;
  std::vector<std::string> servers;
  for (const Address& server : bootstrap.name_servers) servers.push_back(to_string(server));
  const bool named = !bootstrap.home_agent_name.empty() || !bootstrap.domain.empty();
  if (named || bootstrap.own_address || bootstrap.dhcp || !servers.empty()) {
    TomlFields table;
    if (!bootstrap.home_agent_name.empty()) table.add("home_agent_name", bootstrap.home_agent_name);
    if (!bootstrap.domain.empty()) table.add("domain", bootstrap.domain);
    if (!servers.empty()) table.add("name_servers", servers);
    if (bootstrap.dhcp) table.add("dhcp", true);
    if (bootstrap.own_address) table.add("own_address", true);
    fields.add("bootstrap", table);
  }
  write_mobility_protection(config.protection, fields);
  out += fields.block("[mobile_node]");
}

}  // namespace sallyport
