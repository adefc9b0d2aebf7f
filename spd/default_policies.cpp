#include "spd/default_policies.h"

#include <array>

#include "net/protocol.h"

namespace sallyport {
namespace {

struct TypeRange {
  std::uint16_t first;
  std::uint16_t last;
};
struct IcmpEntry {
  std::string_view name;
  std::vector<TypeRange> types;  // ICMPv6
  Mobility needs{Mobility::Off};
};

// Redirect (137) is left out: a gateway that obeys one from the unprotected side can be led astray.
const std::array<IcmpEntry, 4>& icmp_entries() {
  static const std::array<IcmpEntry, 4> kEntries{{
      {"neighbour-discovery", {{135, 136}}},                 // RFC 4861 4.3, 4.4
      {"router-discovery", {{133, 134}}},                    // RFC 4861 4.1, 4.2
      {"multicast-listeners", {{130, 132}, {143, 143}}},     // RFC 2710, RFC 3810
      {"home-agent-discovery", {{144, 145}}, Mobility::On},  // DHAAD: RFC 6275 6.5, 6.6
  }};
  return kEntries;
}

PortSet ports(std::vector<PortRange> ranges) { return PortSet::of(std::move(ranges)).value(); }

Policy bypass(const DefaultPolicyScope& scope, std::string_view name, Selector selector) {
  return {.name = scope.prefix + "-" + std::string(name),
          .spd = scope.spd,
          .selectors = {std::move(selector)},
          .action = PolicyAction::Bypass};
}

Policy ike(const DefaultPolicyScope& scope, Family family) {
  Selector selector;
  for (const Address& address : scope.own)
    if (address.family == family) selector.local.push_back({address, address});
  selector.protocol = kProtocolUdp;
  selector.local_port = ports({{500, 500}, {4500, 4500}});
  return bypass(scope, family == Family::V4 ? "ike-v4" : "ike-v6", std::move(selector));
}

// Inward only: OPAQUE is no type that this side sends (SEL-09).
Policy icmp_errors(const DefaultPolicyScope& scope, Family family) {
  Selector selector;
  for (const Address& address : scope.own)
    if (address.family == family) selector.local.push_back({address, address});
  std::vector<PortRange> ranges;
  for (const IcmpKind& kind : scope.icmp_errors)
    if (kind.family == family) ranges.push_back({kind.first, kind.last});
  if (selector.local.empty() || ranges.empty()) return {};
  selector.protocol = family == Family::V4 ? kProtocolIcmp : kProtocolIcmpv6;
  selector.local_port = PortSet::opaque();
  selector.remote_port = ports(std::move(ranges));
  return bypass(scope, family == Family::V4 ? "icmp-errors-v4" : "icmp-errors-v6",
                std::move(selector));
}

Policy icmp(const DefaultPolicyScope& scope, const IcmpEntry& entry) {
  const AddressRange everything = AddressRange::of({Address::any(Family::V6), 0});
  std::vector<PortRange> ranges;
  ranges.reserve(entry.types.size());
  for (const TypeRange& types : entry.types)
    ranges.push_back({static_cast<std::uint16_t>(types.first << 8),
                      static_cast<std::uint16_t>(types.last << 8 | 0xff)});
  Selector selector;
  selector.local = {everything};
  selector.remote = {everything};
  selector.protocol = kProtocolIcmpv6;
  selector.local_port = ports(ranges);
  selector.remote_port = ports(ranges);
  return bypass(scope, entry.name, std::move(selector));
}

}  // namespace

std::vector<Policy> default_policies(const DefaultPolicyScope& scope) {
  std::vector<Policy> policies;
  for (const Family family : {Family::V4, Family::V6}) {
    Policy policy = ike(scope, family);
    if (!policy.selectors.front().local.empty()) policies.push_back(std::move(policy));
  }
  for (const Family family : {Family::V4, Family::V6})
    if (Policy policy = icmp_errors(scope, family); !policy.selectors.empty())
      policies.push_back(std::move(policy));
  for (const IcmpEntry& entry : icmp_entries())
    if (entry.needs == Mobility::Off || scope.mobility == Mobility::On)
      policies.push_back(icmp(scope, entry));
  return policies;
}

}  // namespace sallyport
