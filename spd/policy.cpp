#include "spd/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "net/protocol.h"
#include "spd/policy_names.h"

namespace sallyport {
namespace {

std::unexpected<Error> refuse(std::string what, std::string remedy) {
  return fail(Error::Code::Invalid, std::move(what), std::move(remedy));
}

Expected<void> validate_selectors(const Policy& policy) {
  if (policy.selectors.empty())
    return refuse("a policy without selectors matches nothing",
                  "give one; an empty one matches every packet");
  if (policy.selectors.size() > kMostSelectors)
    return refuse(fmt::format("{} selectors in one policy", policy.selectors.size()),
                  fmt::format("split it into policies of at most {}", kMostSelectors));
  std::optional<Family> family;
  for (std::size_t i = 0; i < policy.selectors.size(); ++i) {
    const Selector& selector = policy.selectors[i];
    if (auto ok = validate(selector); !ok) {
      ok.error().where = fmt::format("policy {}, selector {}", policy.name, i + 1);
      return ok;
    }
    const std::optional<Family> own = selector.family();
    if (own && family && own != family)
      return refuse("the selectors mix IPv4 and IPv6 addresses",
                    "write one policy for each family (RFC 4301 4.4.1.1)");
    if (own) family = own;
  }
  return {};
}

Expected<void> validate_population(const Policy& policy) {
  if (policy.pfp == PopulateFromPacket{}) return {};
  if (policy.action != PolicyAction::Protect)
    return refuse(
        fmt::format("populate-from-packet has no meaning for {}", to_string(policy.action)),
        "leave it out, or protect");
  const bool ports = policy.pfp.local_port || policy.pfp.remote_port;
  for (const Selector& selector : policy.selectors) {
    if (policy.pfp.protocol && selector.protocol == kProtocolOpaque)
      return refuse("a protocol that is OPAQUE cannot be populated from the packet",
                    "leave out the flag, or give the protocol");
    if (ports && !selector.protocol && !policy.pfp.protocol)
      return refuse("a port of the packet means nothing without its protocol",
                    "populate the protocol too, or name one");
    if ((policy.pfp.local_port && selector.local_port.is_opaque()) ||
        (policy.pfp.remote_port && selector.remote_port.is_opaque()))
      return refuse("a port that is OPAQUE cannot be populated from the packet",
                    "leave out the flag, or give the ports");
  }
  return {};
}

Expected<void> validate_endpoints(const Protection& protect) {
  const auto& [local, remote] = protect.endpoints;
  if (protect.mode == IpsecMode::Transport) {
    if (protect.endpoints != Endpoints{})
      return refuse("transport mode has no tunnel endpoints",
                    "leave them out, or choose tunnel mode");
    return {};
  }
  // Where the peer is turns up when it calls (RFC 4301 4.5.3).
  if (!protect.peer.empty() && protect.endpoints == Endpoints{}) return {};
  if (local.is_unspecified() || remote.is_unspecified())
    return refuse("a tunnel needs both endpoints", "give a local and a remote address");
  if (local.family != remote.family)
    return refuse("the tunnel endpoints are of different families", "give two of one family");
  if (local.is_multicast())
    return refuse("a multicast address cannot be the source of a tunnel", "give a unicast address");
  return {};
}

template <class T>
bool ends_after(const std::optional<T>& soft, const std::optional<T>& hard) {
  return soft && hard && *soft > *hard;
}

Expected<void> validate_lifetimes(const Lifetime& soft, const Lifetime& hard) {
  if (ends_after(soft.bytes, hard.bytes) || ends_after(soft.packets, hard.packets) ||
      ends_after(soft.time, hard.time))
    return refuse("a soft lifetime ends after the hard one", "let the soft one end first");
  return {};
}

bool is_opaque(FragmentChecks checks) {
  return checks == FragmentChecks::Opaque || checks == FragmentChecks::OpaqueIpv6;
}

// RFC 4301 7.2: OPAQUE where there would be ports says fragments, and names a protocol.
Expected<void> validate_opaque(const Policy& policy) {
  const bool wanted = is_opaque(policy.protect->fragments);
  for (const Selector& selector : policy.selectors) {
    const bool has_ports =
        selector.protocol.has_value() && port_meaning(*selector.protocol) != PortMeaning::None;
    const bool opaque =
        has_ports && selector.local_port.is_opaque() && selector.remote_port.is_opaque();
    if (wanted && !opaque)
      return refuse("an SA for later fragments alone has OPAQUE ports on both sides",
                    "give a protocol with ports, and local_port and remote_port = \"opaque\"");
    if (opaque && !wanted)
      return refuse("ports that are OPAQUE match later fragments alone",
                    "say so by fragments = \"opaque\", or give other ports");
    if (wanted && selector.family() != Family::V4 &&
        policy.protect->fragments != FragmentChecks::OpaqueIpv6)
      return refuse("IPv6 fragments without their first cannot be checked (RFC 4301 7.2)",
                    "give IPv4 addresses, or accept it by fragments = \"opaque-ipv6\"");
  }
  return {};
}

// Transport mode carries whole datagrams and drops what OPAQUE ports would match (RFC 4301 4.1).
Expected<void> validate_fragments(const Policy& policy) {
  const Protection& protect = *policy.protect;
  if (protect.mode != IpsecMode::Transport) return validate_opaque(policy);
  if (protect.fragments != FragmentChecks::Stateless ||
      protect.fragmentation != Fragmentation::After)
    return refuse("transport mode carries no fragments", "leave it out, or choose tunnel mode");
  return {};
}

// RFC 4303 2.7: where the length of what is inside tells it from the padding.
Expected<void> validate_padding(const Protection& protect) {
  if (protect.tfc_bytes == 0 && protect.tfc_multiple == 0) return {};
  if (protect.protocol != IpsecProtocol::Esp || protect.mode != IpsecMode::Tunnel)
    return refuse("traffic flow padding is for ESP in tunnel mode, where lengths show it",
                  "leave tfc out");
  if (protect.tfc_multiple != 0 && !std::has_single_bit(protect.tfc_multiple))
    return refuse(fmt::format("padding to a multiple of {} is not offered", protect.tfc_multiple),
                  "choose a power of two");
  return {};
}

Expected<void> validate_protection(const Policy& policy) {
  if (policy.action != PolicyAction::Protect) {
    if (policy.protect)
      return refuse(fmt::format("a policy to {} has a protection", to_string(policy.action)),
                    "leave it out, or choose the action protect");
    return {};
  }
  if (!policy.protect)
    return refuse("a policy to protect does not say how", "give its mode and SAs or proposals");
  const Protection& protect = *policy.protect;
  // 65536 is the largest window that RFC 6479 was written for (RPL-02).
  const std::uint32_t window = protect.replay_window;
  if (window != 0 && (window < 32 || window > 65536))
    return refuse(fmt::format("a replay window of {} packets", window),
                  "choose 32 to 65536, or 0 for none");
  if (auto ok = validate_endpoints(protect); !ok) return ok;
  if (auto ok = validate(protect.header); !ok) return ok;
  if (auto ok = validate_fragments(policy); !ok) return ok;
  if (auto ok = validate_padding(protect); !ok) return ok;
  return validate_lifetimes(protect.soft, protect.hard);
}

Expected<void> validate_name(const Policy& policy) {
  if (policy.name.empty()) return refuse("a policy needs a name", "give one");
  if (policy.action == PolicyAction::Protect && policy.direction != PolicyDirection::Both)
    return refuse("what is protected is protected both ways", "leave the direction out");
  for (const std::string& name : policy.names)
    if (auto ok = validate_policy_name(name); !ok) return ok;
  if (policy.tunnel && (policy.tunnel->is_unspecified() || policy.tunnel->is_multicast()))
    return refuse(fmt::format("no tunnel goes to {}", to_string(*policy.tunnel)),
                  "the home address of a mobile node, or a home agent's");
  return {};
}

bool is_dscp(std::uint8_t value) { return value < 64; }

}  // namespace

Expected<void> validate(const TunnelHeaderRules& rules) {
  const DscpRule& dscp = rules.dscp;
  if (dscp.kind == DscpRule::Kind::Map && dscp.map.size() != 64)
    return refuse(fmt::format("a DSCP map with {} entries", dscp.map.size()),
                  "give the outer value for each of the 64 inner ones");
  if (!is_dscp(dscp.fixed) || !std::ranges::all_of(dscp.map, is_dscp))
    return refuse("a DSCP has six bits", "choose 0 to 63");
  if (rules.hop_limit == 0)
    return refuse("an outer hop limit of 0 goes nowhere", "choose 1 to 255");
  if (rules.flow_label > 0xfffff)
    return refuse(fmt::format("flow label {:#x} has more than 20 bits", rules.flow_label),
                  "choose 0 to 0xfffff");
  return {};
}

Expected<void> validate(const Policy& policy) {
  for (const auto part :
       {validate_name, validate_selectors, validate_population, validate_protection}) {
    if (auto ok = part(policy); !ok) {
      if (ok.error().where.empty()) ok.error().where = "policy " + policy.name;
      return ok;
    }
  }
  return {};
}

std::vector<std::string> warnings(const Policy& policy) {
  if (policy.action != PolicyAction::Protect || policy.selectors.size() < 2) return {};
  return {
      fmt::format("policy {}: IKEv2 negotiates its {} selector sets as sets, not as pairs: every "
                  "local address and port may be combined with every remote one (RFC 4301 "
                  "4.4.1.2); write one policy for each set where that is not meant",
                  policy.name, policy.selectors.size())};
}

std::vector<std::string> names_of(const PopulateFromPacket& pfp) {
  std::vector<std::string> names;
  for (const PopulatedField& field : kPopulatedFields)
    if (pfp.*field.flag) names.emplace_back(field.name);
  return names;
}

std::string_view to_string(PolicyAction action) noexcept {
  switch (action) {
    case PolicyAction::Discard:
      return "discard";
    case PolicyAction::Bypass:
      return "bypass";
    case PolicyAction::Protect:
      return "protect";
  }
  return "discard";
}

}  // namespace sallyport
