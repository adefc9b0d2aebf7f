#include "ike/configuration.h"

#include <algorithm>

#include "ike/wire/append.h"

namespace sallyport::ike {
namespace {

using enum ConfigurationAttribute;

constexpr std::size_t kIpv4Bytes = 4;
constexpr std::size_t kIpv6Bytes = 16;
constexpr std::size_t kHomePrefixBytes = 4 + kIpv6Bytes + 1;  // lifetime, prefix, length

struct FamilyAttributes {
  ConfigurationAttribute address;
  ConfigurationAttribute dns;
  ConfigurationAttribute subnet;
};

FamilyAttributes attributes_of(Family family) {
  return family == Family::V4
             ? FamilyAttributes{InternalIp4Address, InternalIp4Dns, InternalIp4Subnet}
             : FamilyAttributes{InternalIp6Address, InternalIp6Dns, InternalIp6Subnet};
}

std::optional<Address> address_in(const AttributeValue& attribute) {
  const ByteView value = attribute.value;
  if (attribute.type == InternalIp4Address && value.size() == kIpv4Bytes)
    return Address::v4(load_be<std::uint32_t>(value.data()));
  if (attribute.type == InternalIp6Address && value.size() >= kIpv6Bytes)
    return Address::v6(value.first<kIpv6Bytes>());
  return std::nullopt;
}

const AttributeValue* find(const ConfigurationPayload& payload, ConfigurationAttribute type) {
  const auto found = std::ranges::find(payload.attributes, type, &AttributeValue::type);
  return found == payload.attributes.end() ? nullptr : &*found;
}

// 4 octets and a mask, or 16 and a prefix length.
Octets subnet_value(const Prefix& prefix) {
  Octets value = to_octets(prefix.first().wire());
  if (prefix.address.family == Family::V6) {
    append(value, prefix.length);
  } else {
    const std::uint32_t mask = prefix.length == 0 ? 0 : ~0u << (32 - prefix.length);
    append(value, mask);
  }
  return value;
}

// Their numbers, two octets each.
Octets supported_attributes() {
  Octets numbers;
  for (const auto type : {InternalIp4Address, InternalIp4Netmask, InternalIp4Dns,
                          ApplicationVersion, InternalIp6Address, InternalIp6Dns, InternalIp4Subnet,
                          SupportedAttributes, InternalIp6Subnet, Mip6HomePrefix})
    append(numbers, static_cast<std::uint16_t>(type));
  return numbers;
}

void append_address(ConfigurationPayload& reply, const AddressPools::Lease& lease) {
  const Family family = lease.address.family;
  Octets value = to_octets(lease.address.wire());
  if (family == Family::V6) append(value, lease.pool->prefix_length);
  reply.attributes.push_back({attributes_of(family).address, value});
}

// What is told beside the first address of a family.
void append_network(ConfigurationPayload& reply, const AddressPools::Lease& lease,
                    const ConfigurationPayload& request) {
  const Family family = lease.address.family;
  const auto [address, dns, subnet] = attributes_of(family);
  if (lease.pool->netmask && find(request, InternalIp4Netmask) != nullptr)
    reply.attributes.push_back({InternalIp4Netmask, to_octets(lease.pool->netmask->wire())});
  if (find(request, dns) != nullptr)
    for (const Address& server : lease.pool->dns)
      if (server.family == family) reply.attributes.push_back({dns, to_octets(server.wire())});
  if (find(request, subnet) != nullptr)
    for (const Prefix& prefix : lease.pool->subnets)
      if (prefix.address.family == family)
        reply.attributes.push_back({subnet, subnet_value(prefix)});
}

// IPv4 hosts have one address; of home addresses there may be several.
std::vector<const AttributeValue*> wishes_in(const ConfigurationPayload& request, Family family) {
  const std::size_t most = family == Family::V6 ? kMostAddresses : 1;
  std::vector<const AttributeValue*> wishes;
  for (const AttributeValue& attribute : request.attributes)
    if (attribute.type == attributes_of(family).address && wishes.size() < most)
      wishes.push_back(&attribute);
  return wishes;
}

Octets home_prefix_value(const HomePrefix& home) {
  Octets value;
  append(value,
         static_cast<std::uint32_t>(std::min<std::int64_t>(home.lifetime.count(), 0xffffffff)));
  const Octets prefix = to_octets(home.prefix.first().wire());
  value.insert(value.end(), prefix.begin(), prefix.end());
  append(value, home.prefix.length);
  return value;
}

// True where an address has to do instead (RFC 5026 5.3.2).
bool give_home_prefix(const ConfigurationPayload& request, const Peer& peer,
                      const AddressPools& pools, GivenAddresses& given) {
  if (find(request, Mip6HomePrefix) == nullptr) return false;
  if (const auto home = pools.home_prefix(peer.pools)) {
    given.reply.attributes.push_back({Mip6HomePrefix, home_prefix_value(*home)});
    return false;
  }
  given.home_address_assigned = pools.has_family(peer.pools, Family::V6);
  return given.home_address_assigned;
}

}  // namespace

ConfigurationPayload ask_for_addresses(std::span<const Family> families) {
  ConfigurationPayload request{ConfigurationType::Request, {}};
  for (const Family family : families) {
    const auto [address, dns, subnet] = attributes_of(family);
    for (const auto type : {address, dns, subnet}) request.attributes.push_back({type, {}});
  }
  return request;
}

std::expected<GivenAddresses, NotifyType> give_addresses(const ConfigurationPayload& request,
                                                         const Peer& peer, const Identity& party,
                                                         AddressPools& pools) {
  GivenAddresses given{{ConfigurationType::Reply, {}}, {}};
  bool asked = false;
  for (const Family family : {Family::V4, Family::V6}) {
    std::vector<const AttributeValue*> wishes = wishes_in(request, family);
    if (family == Family::V6 && give_home_prefix(request, peer, pools, given)) {
      // Whoever has asked for both is content with the one.
      if (wishes.empty()) wishes.push_back(find(request, Mip6HomePrefix));
    }
    asked = asked || !wishes.empty();
    // A family that no pool has is not supported here, and ignored.
    if (!pools.has_family(peer.pools, family)) continue;
    for (const AttributeValue* const wish : wishes) {
      const auto lease = pools.lease(peer.pools, party, family, address_in(*wish));
      if (!lease) break;
      given.leases.push_back(lease->address);
      append_address(given.reply, *lease);
      if (wish == wishes.front()) append_network(given.reply, *lease, request);
    }
  }
  if (asked && given.leases.empty()) return std::unexpected(NotifyType::InternalAddressFailure);
  if (find(request, SupportedAttributes) != nullptr)
    given.reply.attributes.push_back({SupportedAttributes, supported_attributes()});
  if (const AttributeValue* const version = find(request, ApplicationVersion))
    given.reply.attributes.push_back({version->type, {}});  // says nothing (IKE-123)
  return given;
}

void ask_for_home_prefix(ConfigurationPayload& request) {
  request.attributes.push_back({Mip6HomePrefix, {}});
}

ConfigurationPayload ask_for(const HomeAddressWish& wish) {
  ConfigurationPayload request{ConfigurationType::Request, {}};
  if (wish.kind == HomeAddressWish::Kind::Prefix) {
    ask_for_home_prefix(request);
    return request;
  }
  Octets value;
  if (wish.suggestion) {
    value = to_octets(wish.suggestion->wire());
    append(value, std::uint8_t{128});
  }
  request.attributes.push_back({InternalIp6Address, std::move(value)});
  return request;
}

std::optional<HomePrefix> home_prefix_in(const ConfigurationPayload& reply) {
  const AttributeValue* const attribute = find(reply, Mip6HomePrefix);
  if (attribute == nullptr || attribute->value.size() != kHomePrefixBytes) return std::nullopt;
  const ByteView value = attribute->value;
  const std::uint8_t length = value.back();
  if (length == 0 || length > 128) return std::nullopt;
  const Prefix prefix{Address::v6(value.subspan<4, kIpv6Bytes>()), length};
  return HomePrefix{.prefix = {prefix.first(), length},
                    .lifetime = std::chrono::seconds(load_be<std::uint32_t>(value.data()))};
}

std::vector<Prefix> home_addresses_in(const ConfigurationPayload& reply) {
  std::vector<Prefix> homes;
  for (const AttributeValue& attribute : reply.attributes) {
    if (attribute.type != InternalIp6Address || attribute.value.size() != kIpv6Bytes + 1) continue;
    const std::uint8_t length = attribute.value.back();
    if (length == 0 || length > 128) continue;
    homes.push_back({Address::v6(ByteView(attribute.value).first<kIpv6Bytes>()), length});
  }
  return homes;
}

std::vector<Address> addresses_in(const ConfigurationPayload& reply) {
  std::vector<Address> addresses;
  for (const AttributeValue& attribute : reply.attributes)
    if (const auto address = address_in(attribute)) addresses.push_back(*address);
  return addresses;
}

}  // namespace sallyport::ike
