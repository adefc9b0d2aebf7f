#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "gateway/config/loading.h"
#include "gateway/config/mobility_protection.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kMostBindings = 1u << 20;
// RFC 6275 7.5; RFC 4861 6.2.1.
constexpr milliseconds kLeastMinInterval{30};
constexpr milliseconds kLeastMaxInterval{70};
constexpr milliseconds kMostInterval{1'800'000};

// "70ms", or a duration as everywhere.
Expected<milliseconds> read_milliseconds(const Value& value) {
  const std::string* const text = value.text();
  if (text == nullptr || !text->ends_with("ms")) return read_duration(value);
  std::uint32_t number = 0;
  const char* const end = text->data() + text->size() - 2;
  const auto [rest, error] = std::from_chars(text->data(), end, number);
  if (error == std::errc{} && rest == end && number != 0) return milliseconds(number);
  return wrong(value, shown(value) + " is no time", "as in \"70ms\"");
}

std::string milliseconds_text(milliseconds time) {
  if (time % std::chrono::seconds(1) == milliseconds{})
    return duration_text(std::chrono::duration_cast<std::chrono::seconds>(time));
  return fmt::format("{}ms", time.count());
}

void read_advertisements(TableReader& parent, HomeAdvertisementConfig& config) {
  const Value* const value = parent.find("advertisements");
  if (value == nullptr) return;
  TableReader reader(*value, "advertisements", parent.diagnostics());
  reader.read("min_interval", config.min_interval, read_milliseconds);
  reader.read("max_interval", config.max_interval, read_milliseconds);
  reader.read("preference", config.preference, number<std::uint16_t>(0));
  reader.read("lifetime", config.lifetime, read_duration);
  if (config.min_interval < kLeastMinInterval || config.max_interval < kLeastMaxInterval ||
      config.max_interval > kMostInterval || config.min_interval > config.max_interval)
    reader.error("min_interval", "min_interval and max_interval: not as RFC 6275 7.5 has them",
                 "30ms at least for the one, 70ms to 30m for the other, which is no less");
  if (config.lifetime > std::chrono::seconds(0xffff) ||
      milliseconds(config.lifetime) < config.max_interval)
    reader.error("lifetime", "lifetime: of advertisements that come more seldom, or too long",
                 "max_interval at least, 18h at most");
}

Expected<HomePrefixConfig> read_home_prefix(const Value& value, Diagnostics& diagnostics) {
  HomePrefixConfig config;
  if (value.table() == nullptr) {
    auto prefix = read_mobile_prefix(value);
    if (!prefix) return std::unexpected(prefix.error());
    config.prefix = *prefix;
    return config;
  }
  TableReader reader(value, "prefixes", diagnostics);
  reader.require("prefix", config.prefix, read_mobile_prefix, "as in \"2001:db8:1::/64\"");
  reader.read("valid", config.valid, read_duration);
  reader.read("preferred", config.preferred, read_duration);
  if (config.preferred > config.valid)
    reader.error("preferred", "preferred: longer than valid", "at most as long (RFC 4862 5.5.3)");
  return config;
}

// A static SA is for one home address: what it says of a binding, it says of that (MSEC-33).
void check_home_addresses(const HomeNodeConfig& node, TableReader& reader) {
  const bool is_static = node.protection.peer.empty();
  if (is_static && node.home_addresses.size() > 1)
    reader.error("home_address", "home_address: two home addresses on one manual SA (RFC 3776 4.2)",
                 "a node with SAs of its own for each home address", Error::Code::Refused);
}

HomeNodeConfig read_node(const Value& element, Loading& loading, UniqueNames& names) {
  HomeNodeConfig node;
  TableReader reader(element, "nodes", loading.diagnostics);
  reader.require("name", node.name, read_name, "what policies and commands call it");
  names.claim(node.name, reader);
  node.leases = !reader.has("home_address") && reader.has("peer");
  if (!node.leases)
    reader.require("home_address", node.home_addresses, list_of(read_mobile_address),
                   "its address on the home link");
  reader.read("prefixes", node.prefixes, list_of(read_mobile_prefix));
  read_mobility_protection(reader, node.protection, loading.configuration.crypto);
  check_home_addresses(node, reader);
  return node;
}

void read_nodes(TableReader& parent, HomeAgentConfig& config, Loading& loading) {
  const Value* const value = parent.find("nodes");
  if (value == nullptr) return;
  if (value->list() == nullptr)
    return parent.error("nodes", "nodes: not a list of tables", "[[home_agent.nodes]]");
  UniqueNames names;
  for (const Value& element : *value->list())
    config.nodes.push_back(read_node(element, loading, names));
}

// Each home address is in a home prefix (RFC 6275 10.3.1), and nobody else's.
void check_nodes(const HomeAgentConfig& config, const Value& section, Loading& loading) {
  std::vector<Address> taken{config.address};
  const ValueList& elements = *section.find("nodes")->list();
  for (std::size_t i = 0; i < config.nodes.size(); ++i)
    for (const Address& address : config.nodes[i].home_addresses) {
      const Position& at = place(elements[i], "home_address");
      if (std::ranges::find(taken, address) != taken.end())
        loading.diagnostics.error(
            at, fmt::format("home_address: {} is another's too", to_string(address)),
            "an address for each", Error::Code::Exists);
      taken.push_back(address);
      if (std::ranges::none_of(config.prefixes, [&](const HomePrefixConfig& home) {
            return home.prefix.contains(address);
          }))
        loading.diagnostics.error(
            at, fmt::format("home_address: {} is in no home prefix", to_string(address)),
            "an address of the home link, or its prefix in `prefixes`");
    }
}

// Packets to a network go to one node (RFC 3963 6.1.2).
void check_networks(const HomeAgentConfig& config, const Value& section, Loading& loading) {
  struct Network {
    Prefix prefix;
    std::size_t node;
  };
  std::vector<Network> networks;
  for (std::size_t i = 0; i < config.nodes.size(); ++i)
    for (const Prefix& prefix : config.nodes[i].prefixes) networks.push_back({prefix, i});
  std::ranges::sort(networks, {}, [](const Network& network) {
    return std::pair(network.prefix.first(), network.node);
  });
  const Network* before = nullptr;  // the one that reaches furthest
  for (const Network& network : networks) {
    if (before == nullptr || before->prefix.last() < network.prefix.first()) {
      before = &network;
      continue;
    }
    const auto& [one, other] = std::minmax(
        *before, network, [](const Network& a, const Network& b) { return a.node < b.node; });
    loading.diagnostics.error(
        place((*section.find("nodes")->list())[other.node], "prefixes"),
        fmt::format("prefixes: {} overlaps {} of node \"{}\"", to_string(other.prefix),
                    to_string(one.prefix), config.nodes[one.node].name),
        "networks of its own for each node, each once", Error::Code::Exists);
  }
}

// Router advertisements say our address in a home prefix (RFC 6275 7.2).
void check_advertised_address(const HomeAgentConfig& config, const Value& section,
                              Loading& loading) {
  const auto has_it = [&](const HomePrefixConfig& home) {
    return home.prefix.contains(config.address);
  };
  if (!config.discovery || std::ranges::any_of(config.prefixes, has_it)) return;
  loading.diagnostics.error(
      place(section, "address"),
      fmt::format("address: {} is in no home prefix, and is to be advertised with one",
                  to_string(config.address)),
      "our address in one of `prefixes`, or discovery = false");
}

void read_home_agent_table(TableReader& reader, HomeAgentConfig& config, Loading& loading) {
  const Configuration& configuration = loading.configuration;
  reader.require("address", config.address, read_mobile_address, "ours on the home link");
  reader.require("link", config.link, PortReference{configuration}, "the port of the home link");
  reader.read("spd", config.spd, SpdReference{configuration});
  reader.require("prefixes", config.prefixes, list_of([&](const Value& value) {
                   return read_home_prefix(value, loading.diagnostics);
                 }),
                 "prefixes of the home link");
  reader.read("max_lifetime", config.max_lifetime, read_binding_lifetime);
  reader.read("refresh_advice", config.refresh_advice, read_binding_lifetime);
  reader.read("discovery", config.discovery, read_flag);
  reader.read("forwarding", config.forwarding, read_flag);
  reader.read("max_bindings", config.max_bindings, number<std::uint32_t>(1, kMostBindings));
  reader.read("dhcp_server", config.dhcp_server, read_mobile_address);
  read_advertisements(reader, config.advertisements);
  read_nodes(reader, config, loading);
  if (config.dhcp_server == config.address)
    reader.error("dhcp_server", "dhcp_server: our own address", "where a DHCPv6 server is");
  if (config.refresh_advice && *config.refresh_advice >= config.max_lifetime)
    reader.error("refresh_advice", "refresh_advice: no sooner than bindings end",
                 "less than max_lifetime (RFC 6275 6.2.4)");
}

TomlFields node_fields(const HomeNodeConfig& node) {
  std::vector<std::string> addresses;
  for (const Address& address : node.home_addresses) addresses.push_back(to_string(address));
  TomlFields fields;
  fields.add("name", node.name);
  if (!node.leases) fields.add("home_address", addresses);
  if (!node.prefixes.empty()) fields.add("prefixes", texts_of(node.prefixes));
  write_mobility_protection(node.protection, fields);
  return fields;
}

}  // namespace

void read_home_agent(TableReader& root, Loading& loading) {
  const Value* const value = root.find("home_agent");
  if (value == nullptr) return;
  HomeAgentConfig config;
  const std::size_t errors = loading.diagnostics.error_count();
  {
    TableReader reader(*value, "[home_agent]", loading.diagnostics);
    read_home_agent_table(reader, config, loading);
  }
  if (loading.diagnostics.error_count() != errors) return;
  check_advertised_address(config, *value, loading);
  if (!config.nodes.empty()) {
    check_nodes(config, *value, loading);
    check_networks(config, *value, loading);
  }
  loading.configuration.home_agent = std::move(config);
}

void write_home_agent(const Configuration& configuration, std::string& out) {
  if (!configuration.home_agent) return;
  const HomeAgentConfig& config = *configuration.home_agent;
  std::vector<TomlFields> prefixes, nodes;
  for (const HomePrefixConfig& home : config.prefixes) {
    TomlFields& fields = prefixes.emplace_back();
    fields.add("prefix", to_string(home.prefix));
    fields.add("valid", duration_text(home.valid));
    fields.add("preferred", duration_text(home.preferred));
  }
  for (const HomeNodeConfig& node : config.nodes) nodes.push_back(node_fields(node));
  TomlFields advertisements;
  advertisements.add("min_interval", milliseconds_text(config.advertisements.min_interval));
  advertisements.add("max_interval", milliseconds_text(config.advertisements.max_interval));
  advertisements.add("preference", config.advertisements.preference);
  advertisements.add("lifetime", duration_text(config.advertisements.lifetime));
  TomlFields fields;
  fields.add("address", to_string(config.address));
  fields.add("link", configuration.ports[config.link.value].name);
  fields.add("spd", configuration.spds[config.spd.value].name);
  fields.add("prefixes", prefixes);
  fields.add("max_lifetime", duration_text(config.max_lifetime));
  if (config.refresh_advice) fields.add("refresh_advice", duration_text(*config.refresh_advice));
  fields.add("discovery", config.discovery);
  fields.add("forwarding", config.forwarding);
  fields.add("max_bindings", config.max_bindings);
  if (config.dhcp_server) fields.add("dhcp_server", to_string(*config.dhcp_server));
  fields.add("advertisements", advertisements);
  if (!nodes.empty()) fields.add("nodes", nodes);
  out += fields.block("[home_agent]");
}

}  // namespace sallyport
