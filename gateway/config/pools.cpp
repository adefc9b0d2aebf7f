#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "gateway/config/loading.h"
#include "gateway/config/mobility_protection.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

// The addresses of hosts: without a network's own and its broadcast address (RFC 1122 3.2.1.3), and
// without the anycast address of routers (RFC 4291 2.6.1), as far as there are others.
AddressRange hosts_of(const AddressRange& network) {
  AddressRange hosts = network;
  const auto second = next(network.first);
  if (!second || *second >= network.last) return hosts;
  hosts.first = *second;
  if (network.first.family == Family::V4) hosts.last = *previous(network.last);
  return hosts;
}

Expected<AddressRange> read_pool_addresses(const Value& value) {
  auto text = read_text(value);
  if (!text) return std::unexpected(std::move(text).error());
  auto range = placed(value, AddressRange::parse(*text));
  if (!range) return range;
  if (range->first.is_unspecified() || range->last.is_multicast() || range->first.is_multicast() ||
      range->first.is_loopback() || range->first.is_link_local())
    return wrong(value, shown(value) + " are no addresses for peers", "unicast addresses");
  return text->contains('/') ? hosts_of(*range) : *range;
}

// INTERNAL_IP4_NETMASK: ones, then zeros.
Expected<Address> read_netmask(const Value& value) {
  auto mask = read_address(value);
  if (!mask) return mask;
  if (mask->family == Family::V4 &&
      std::countl_one(mask->v4_value()) + std::countr_zero(mask->v4_value()) == 32)
    return mask;
  return wrong(value, shown(value) + " is not a netmask", "as in \"255.255.255.0\"");
}

Expected<Prefix> read_subnet(const Value& value) {
  auto prefix = read_prefix(value);
  if (prefix && prefix->address != prefix->first())
    return wrong(value, shown(value) + " has bits behind its prefix",
                 to_string(Prefix{prefix->first(), prefix->length}));
  return prefix;
}

// Peers ask for one family at a time, and a pool has the answers for one (RFC 7296 3.15.1).
void check_families(const PoolConfig& pool, TableReader& reader) {
  const auto other = [&](const Address& address) { return address.family != pool.family(); };
  if (std::ranges::any_of(pool.dns, other))
    reader.error("dns", "dns: a server of another family than the addresses",
                 "a pool of its own for each family");
  if (std::ranges::any_of(pool.subnets, other, &Prefix::address))
    reader.error("subnets", "subnets: one of another family than the addresses",
                 "a pool of its own for each family");
  if (pool.family() == Family::V6 && reader.has("netmask"))
    reader.error("netmask", "netmask: IPv6 has none", "prefix_length");
  if (pool.family() == Family::V4 && reader.has("home_prefix"))
    reader.error("home_prefix", "home_prefix is for IPv6", "leave it out");
  if (pool.family() == Family::V4 && reader.has("prefix_length"))
    reader.error("prefix_length", "prefix_length is for IPv6", "netmask");
}

PoolConfig read_pool(TableReader& reader) {
  PoolConfig pool;
  std::optional<AddressRange> addresses;
  reader.require("name", pool.name, read_name, "what peers call it");
  reader.require("addresses", addresses, read_pool_addresses,
                 "a prefix or a range, as in \"10.3.0.1-10.3.0.254\"");
  reader.read("dns", pool.dns, list_of(read_address));
  reader.read("subnets", pool.subnets, list_of(read_subnet));
  reader.read("netmask", pool.netmask, read_netmask);
  reader.read("prefix_length", pool.prefix_length, number<std::uint8_t>(1, 128));
  reader.read("home_prefix", pool.home_prefix, read_mobile_prefix);
  reader.read("home_prefix_lifetime", pool.home_prefix_lifetime, read_duration);
  if (reader.has("home_prefix_lifetime") && !reader.has("home_prefix"))
    reader.error("home_prefix_lifetime", "home_prefix_lifetime: of no prefix", "home_prefix");
  if (!addresses) return pool;
  pool.addresses = *addresses;
  check_families(pool, reader);
  return pool;
}

bool overlap(const AddressRange& left, const AddressRange& right) {
  return left.first.family == right.first.family && left.first <= right.last &&
         right.first <= left.last;
}

void check_own_addresses(const PoolConfig& pool, const Value& element, Loading& loading) {
  for (const PortConfig& port : loading.configuration.ports) {
    for (const Prefix& own : port.addresses) {
      if (!pool.addresses.contains(own.address)) continue;
      loading.diagnostics.error(
          place(element, "addresses"),
          fmt::format("addresses: {} is that of port \"{}\"", to_string(own.address), port.name),
          "addresses that nobody has");
    }
  }
}

}  // namespace

void read_pools(Loading& loading) {
  UniqueNames names;
  for (const Value* element : loading.elements("pool")) {
    TableReader reader(*element, "[[pool]]", loading.diagnostics);
    PoolConfig pool = read_pool(reader);
    names.claim(pool.name, reader);
    loading.configuration.pools.push_back(std::move(pool));
  }
}

// Two peers never get one address.
void check_pools(Loading& loading) {
  const auto elements = loading.elements("pool");
  const std::span<const PoolConfig> pools = loading.configuration.pools;
  for (std::size_t i = 0; i < pools.size(); ++i) {
    check_own_addresses(pools[i], *elements[i], loading);
    const auto earlier = pools.first(i);
    const auto found = std::ranges::find_if(earlier, [&](const PoolConfig& other) {
      return overlap(other.addresses, pools[i].addresses);
    });
    if (found == earlier.end()) continue;
    loading.diagnostics.error(place(*elements[i], "addresses"),
                              fmt::format("addresses: some of pool \"{}\" are in pool \"{}\" too",
                                          pools[i].name, found->name),
                              "addresses of its own for each pool");
  }
}

void write_pools(const Configuration& configuration, std::string& out) {
  for (const PoolConfig& pool : configuration.pools) {
    std::vector<std::string> dns, subnets;
    for (const Address& server : pool.dns) dns.push_back(to_string(server));
    for (const Prefix& subnet : pool.subnets) subnets.push_back(to_string(subnet));
    TomlFields fields;
    fields.add("name", pool.name);
    // Never as a network, of which two addresses would be left out.
    fields.add("addresses", fmt::format("{}-{}", to_string(pool.addresses.first),
                                        to_string(pool.addresses.last)));
    if (!dns.empty()) fields.add("dns", dns);
    if (!subnets.empty()) fields.add("subnets", subnets);
    if (pool.netmask) fields.add("netmask", to_string(*pool.netmask));
    if (pool.family() == Family::V6) fields.add("prefix_length", pool.prefix_length);
    if (pool.home_prefix) {
      fields.add("home_prefix", to_string(*pool.home_prefix));
      fields.add("home_prefix_lifetime", duration_text(pool.home_prefix_lifetime));
    }
    out += fields.block("[[pool]]");
  }
}

}  // namespace sallyport
