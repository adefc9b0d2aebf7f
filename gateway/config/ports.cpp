#include <fmt/format.h>
#include <algorithm>

#include "dataplane/port_facts.h"
#include "gateway/config/loading.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/value_parsers.h"
#include "net/ipv4.h"
#include "net/ipv6.h"

namespace sallyport {
namespace {

constexpr Words<PortSide, 2> kSides{
    {{"protected", PortSide::Protected}, {"unprotected", PortSide::Unprotected}}};
constexpr Words<PortKind, 2> kKinds{
    {{"link", PortKind::Link}, {"local-stack", PortKind::LocalStack}}};
constexpr std::size_t kMostUsers = 255;  // UserId has 8 bits
constexpr std::size_t kMostScopes = 4096;

bool all_in(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == text.npos;
}

// "0000:03:00.0" or "03:00.0".
bool is_pci_address(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdefABCDEF";
  if (text.size() == 12 && text[4] == ':' && all_in(text.substr(0, 4), kHex)) text.remove_prefix(5);
  return text.size() == 7 && text[2] == ':' && text[5] == '.' && all_in(text.substr(0, 2), kHex) &&
         all_in(text.substr(3, 2), kHex) && text[6] >= '0' && text[6] <= '7';
}

// "net_tap0,iface=tap0": a driver's name, which starts so, then its arguments.
bool is_vdev(std::string_view text) {
  constexpr std::string_view kDriverLetters = "abcdefghijklmnopqrstuvwxyz0123456789_";
  const std::string_view driver = text.substr(0, text.find(','));
  const bool known =
      driver.starts_with("net_") || driver.starts_with("virtio_user") || driver.starts_with("eth_");
  return known && all_in(driver, kDriverLetters) && text.find_first_of(" \t\r\n") == text.npos;
}

Expected<std::string> read_device(const Value& value) {
  auto device = read_text(value);
  if (!device || is_pci_address(*device) || is_vdev(*device)) return device;
  return wrong(value, shown(value) + " is no device",
               "a PCI address (\"0000:03:00.0\") or a vdev string (\"net_af_packet0,iface=eth1\")");
}

// An address that a port may have, with the network around it.
Expected<Prefix> read_port_address(const Value& value) {
  auto prefix = read_prefix(value);
  if (!prefix) return prefix;
  const Address& address = prefix->address;
  if (address.is_multicast() || address.is_unspecified() || address.is_loopback()) {
    return wrong(value, shown(value) + " cannot be the address of a port", "a unicast address");
  }
  if (address.family == Family::V4 && prefix->length < 31 &&
      (address == prefix->first() || address == prefix->last())) {
    return wrong(value, shown(value) + " is the network's own or its broadcast address",
                 "an address between them");
  }
  return prefix;
}

void read_icmp_errors(TableReader& port, IcmpErrorRule& rule) {
  const Value* value = port.find("icmp_errors");
  if (value == nullptr) return;
  TableReader reader(*value, "icmp_errors", port.diagnostics());
  reader.read("send", rule.send, read_flag);
  reader.read("rate", rule.rate, number(1u, 1'000'000u));
}

// Each SPD has a view for each user, and one each way, and all of it again for tunnels
// (PolicyScope).
void check_user_count(const Configuration& configuration, TableReader& reader) {
  const std::size_t users = users_of(configuration).size();
  if (users <= kMostUsers && configuration.spds.size() * 2 * (users + 2) <= kMostScopes) return;
  reader.error("user", fmt::format("{} users in {} SPDs", users, configuration.spds.size()),
               fmt::format("{} users at most, and {} times SPDs", kMostUsers, kMostScopes / 2));
}

// A mobile node's home address may be found out and be there then (BOOT-01).
enum class Mobile : std::uint8_t { No, Yes };
void check_port(const PortConfig& port, Mobile mobile, TableReader& reader) {
  if (port.kind == PortKind::LocalStack && port.side == PortSide::Unprotected) {
    reader.error("side", "side: a local stack is on the protected side", "side = \"protected\"");
  }
  if (!port.user.empty() && port.side == PortSide::Unprotected) {
    reader.error("user", "user: what comes in from outside is no local user's",
                 "name the user of a protected port");
  }
  if (port.kind == PortKind::LocalStack && port.addresses.empty() && mobile == Mobile::No) {
    reader.error("addresses", "a local stack has no addresses",
                 "those of the applications behind it");
  }
  const bool v6 = std::ranges::any_of(
      port.addresses, [](const Prefix& prefix) { return prefix.address.family == Family::V6; });
  if (v6 && port.mtu < kLeastIpv6Mtu) {
    reader.error("mtu", fmt::format("mtu: {} is too small for IPv6", port.mtu), "at least 1280");
  }
  auto sorted = port.addresses;
  std::ranges::sort(sorted, {}, &Prefix::address);
  const auto twice = std::ranges::adjacent_find(sorted, {}, &Prefix::address);
  if (twice != sorted.end()) {
    reader.error("addresses", fmt::format("addresses: {} stands twice", to_string(twice->address)));
  }
}

PortConfig read_port(TableReader& reader, const Configuration& configuration) {
  PortConfig port;
  reader.require("name", port.name, read_name, "what routes and commands call it");
  reader.require("device", port.device, read_device, "a PCI address or a vdev string");
  reader.read("kind", port.kind, one_of(kKinds));
  if (port.kind == PortKind::LocalStack) {
    port.side = PortSide::Protected;
    reader.read("side", port.side, one_of(kSides));
  } else {
    reader.require("side", port.side, one_of(kSides), "\"protected\" or \"unprotected\"");
  }
  reader.read("addresses", port.addresses, list_of(read_port_address));
  reader.read("mtu", port.mtu, number(kLeastIpv4Mtu, kLargestMtu));
  reader.read("vlan", port.vlan, number<std::uint16_t>(1, 4094));
  reader.read("spd", port.spd, SpdReference{configuration});
  reader.read("user", port.user, read_name);
  reader.read("mac", port.mac, read_mac);
  read_icmp_errors(reader, port.icmp_errors);
  reader.read("udp_zero_checksum_v6", port.udp_zero_checksum_v6, read_flag);
  return port;
}

}  // namespace

void read_ports(Loading& loading) {
  const Mobile mobile = loading.root.find("mobile_node") != nullptr ? Mobile::Yes : Mobile::No;
  UniqueNames names;
  std::map<std::string, std::string> devices;  // to the name of the port that has it
  for (const Value* element : loading.elements("port")) {
    TableReader reader(*element, "[[port]]", loading.diagnostics);
    PortConfig port = read_port(reader, loading.configuration);
    names.claim(port.name, reader);
    check_port(port, mobile, reader);
    const auto [taken, fresh] =
        devices.try_emplace(port.device.substr(0, port.device.find(',')), port.name);
    if (!fresh && !port.device.empty()) {
      reader.error("device", fmt::format("device: port \"{}\" has {}", taken->second, taken->first),
                   "a device of its own", Error::Code::Exists);
    }
    loading.configuration.ports.push_back(std::move(port));
    check_user_count(loading.configuration, reader);
  }
}

std::vector<std::string> users_of(const Configuration& configuration) {
  std::vector<std::string> users;
  for (const PortConfig& port : configuration.ports)
    if (!port.user.empty()) users.push_back(port.user);
  std::ranges::sort(users);
  users.erase(std::ranges::unique(users).begin(), users.end());
  return users;
}

UserId user_id(const Configuration& configuration, const std::string& user) {
  if (user.empty()) return kNoUser;
  const std::vector<std::string> users = users_of(configuration);
  const auto place = std::ranges::find(users, user) - users.begin();
  return UserId{static_cast<std::uint8_t>(place + 1)};
}

void write_ports(const Configuration& configuration, std::string& out) {
  for (const PortConfig& port : configuration.ports) {
    TomlFields icmp_errors;
    icmp_errors.add("send", port.icmp_errors.send);
    icmp_errors.add("rate", port.icmp_errors.rate);
    std::vector<std::string> addresses;
    for (const Prefix& prefix : port.addresses) addresses.push_back(to_string(prefix));
    TomlFields fields;
    fields.add("name", port.name);
    fields.add("device", port.device);
    fields.add("side", word_for(kSides, port.side));
    fields.add("kind", word_for(kKinds, port.kind));
    if (!addresses.empty()) fields.add("addresses", addresses);
    fields.add("mtu", port.mtu);
    if (port.vlan) fields.add("vlan", *port.vlan);
    fields.add("spd", configuration.spds[port.spd.value].name);
    if (!port.user.empty()) fields.add("user", port.user);
    if (port.mac) fields.add("mac", to_string(*port.mac));
    fields.add("icmp_errors", icmp_errors);
    fields.add("udp_zero_checksum_v6", port.udp_zero_checksum_v6);
    out += fields.block("[[port]]");
  }
}

}  // namespace sallyport
