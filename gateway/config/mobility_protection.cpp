#include "gateway/config/mobility_protection.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/config/proposals.h"
#include "gateway/config/protection.h"
#include "gateway/config/transforms.h"
#include "gateway/config/value_parsers.h"
#include "net/protocol.h"

namespace sallyport {
namespace {

constexpr std::chrono::seconds kMostBindingLifetime{4 * 0xffff};

constexpr Words<SelectorGranularity, 3> kGranularities{{{"message", SelectorGranularity::Message},
                                                        {"protocol", SelectorGranularity::Protocol},
                                                        {"tunnel", SelectorGranularity::Tunnel}}};

struct SasKey {
  std::string_view key;
  std::vector<std::string> MobilitySas::* names;
};
constexpr SasKey kSasKeys[] = {{"binding", &MobilitySas::binding},
                               {"return_routability", &MobilitySas::return_routability},
                               {"prefix_discovery", &MobilitySas::prefix_discovery},
                               {"payload", &MobilitySas::payload},
                               {"multicast", &MobilitySas::multicast},
                               {"groups", &MobilitySas::groups},
                               {"dhcp", &MobilitySas::dhcp}};

// True where SAs of that kind are made use of.
bool is_wanted(const MobilityProtection& protection, std::string_view key) {
  if (protection.selectors == SelectorGranularity::Tunnel) return key == "payload";
  if (key == "return_routability") return protection.route_optimisation;
  if (key == "prefix_discovery") return protection.prefix_discovery;
  if (key == "payload") return protection.payload.kind != ProtectedPayload::Kind::None;
  if (key == "multicast" || key == "groups") return protection.multicast;
  if (key == "dhcp") return protection.dhcp;
  return true;
}

Expected<std::uint8_t> read_payload_protocol(const Value& value) {
  const auto text = read_text(value);
  if (!text) return std::unexpected(text.error());
  const auto protocol = placed(value, parse_protocol(*text));
  if (protocol && *protocol == kProtocolMobility)
    return wrong(value, "the Mobility Header is nobody's payload (RFC 4877 7.2)",
                 "leave it out: it has entries of its own", Error::Code::Refused);
  return protocol;
}

Expected<ProtectedPayload> read_payload(const Value& value) {
  using Kind = ProtectedPayload::Kind;
  if (value.text() != nullptr && *value.text() == "none") return ProtectedPayload{};
  if (value.text() != nullptr && *value.text() == "any")
    return ProtectedPayload{.kind = Kind::Any, .protocols = {}};
  auto protocols = list_of(read_payload_protocol)(value);
  if (!protocols) return std::unexpected(protocols.error());
  std::ranges::sort(*protocols);
  protocols->erase(std::ranges::unique(*protocols).begin(), protocols->end());
  return ProtectedPayload{.kind = Kind::Listed, .protocols = std::move(*protocols)};
}

void read_sas(TableReader& parent, MobilityProtection& protection) {
  const Value* const value = parent.find("sas");
  if (value == nullptr) return;
  TableReader reader(*value, "sas", parent.diagnostics());
  for (const SasKey& kind : kSasKeys) {
    const bool wanted = is_wanted(protection, kind.key);
    reader.read(kind.key, protection.sas.*kind.names, list_of(read_name));
    check_repeats(reader, kind.key, protection.sas.*kind.names);
    if (wanted && !reader.has(kind.key))
      reader.error(kind.key, fmt::format("{} is missing: it has SAs of its own", kind.key),
                   fmt::format("{} = [\"...-out\", \"...-in\"], names of [[sa]]", kind.key));
    if (!wanted && reader.has(kind.key))
      reader.error(kind.key, fmt::format("{}: nothing of the kind is protected", kind.key),
                   "leave it out, or say that it is");
  }
}

void check_encrypting(TableReader& reader, std::string_view key,
                      const std::vector<Transform>& proposals) {
  for (const Transform& transform : proposals)
    if (!encrypts(transform))
      reader.error(key,
                   fmt::format("{}: {} encrypts nothing, and return routability must not be read "
                               "(RFC 6275 5.2.5)",
                               key, to_string(transform)),
                   "a cipher; what only signals may have it under signalling_proposals",
                   Error::Code::Refused);
}

OfferedProposals signalling_proposals_of(const MobilityProtection& protection) {
  return {.key = "signalling_proposals",
          .proposals = protection.signalling_proposals,
          .protocol = protection.signalling_protocol};
}

void read_negotiated(TableReader& reader, MobilityProtection& protection,
                     const CryptoConfig& crypto) {
  reader.read("proposals", protection.proposals,
              [](const Value& value) { return read_proposals(value, IpsecProtocol::Esp); });
  reader.read("signalling_proposals", protection.signalling_proposals, [&](const Value& value) {
    return read_proposals(value, protection.signalling_protocol);
  });
  reader.read("sa_lifetime", protection.sa_lifetime, read_duration);
  check_proposals({.key = "proposals", .proposals = protection.proposals}, reader, crypto);
  check_proposals(signalling_proposals_of(protection), reader, crypto);
  check_encrypting(reader, "proposals", protection.proposals);
  if (!protection.peer.empty()) return;
  for (const std::string_view key : {"proposals", "signalling_proposals", "sa_lifetime"})
    if (reader.has(key))
      reader.error(key, fmt::format("{}: nothing is negotiated", key),
                   "leave it out, or name a peer");
}

void check_granularity(TableReader& reader, const MobilityProtection& protection) {
  if (protection.selectors != SelectorGranularity::Tunnel) return;
  for (const std::string_view key : {"payload", "prefix_discovery", "multicast", "dhcp",
                                     "signalling_protocol", "signalling_proposals"})
    if (reader.has(key))
      reader.error(key, fmt::format("{}: all goes through one tunnel", key),
                   "leave it out, or selectors = \"message\"");
}

}  // namespace

void read_mobility_protection(TableReader& reader, MobilityProtection& protection,
                              const CryptoConfig& crypto) {
  reader.read("selectors", protection.selectors, one_of(kGranularities));
  reader.read("payload", protection.payload, read_payload);
  reader.read("route_optimisation", protection.route_optimisation, read_flag);
  reader.read("prefix_discovery", protection.prefix_discovery, read_flag);
  reader.read("multicast", protection.multicast, read_flag);
  reader.read("dhcp", protection.dhcp, read_flag);
  reader.read("signalling_protocol", protection.signalling_protocol, read_ipsec_protocol);
  check_granularity(reader, protection);
  reader.read("peer", protection.peer, read_name);
  read_sas(reader, protection);
  read_negotiated(reader, protection, crypto);
  if (reader.has("peer") == reader.has("sas"))
    reader.diagnostics().error(
        reader.at(), "either a peer or SAs: home registrations are always protected (RFC 6275 5.1)",
        "peer = \"...\", or sas = { binding = [...], ... }");
}

void write_mobility_protection(const MobilityProtection& protection, TomlFields& fields) {
  fields.add("selectors", word_for(kGranularities, protection.selectors));
  fields.add("route_optimisation", protection.route_optimisation);
  if (protection.selectors != SelectorGranularity::Tunnel) {
    std::vector<std::string> protocols;
    for (const std::uint8_t protocol : protection.payload.protocols)
      protocols.push_back(protocol_name(protocol));
    if (protection.payload.kind == ProtectedPayload::Kind::Listed)
      fields.add("payload", protocols);
    else
      fields.add("payload",
                 protection.payload.kind == ProtectedPayload::Kind::Any ? "any" : "none");
    fields.add("prefix_discovery", protection.prefix_discovery);
    fields.add("multicast", protection.multicast);
    fields.add("dhcp", protection.dhcp);
    fields.add("signalling_protocol", ipsec_protocol_text(protection.signalling_protocol));
  }
  if (!protection.peer.empty()) {
    fields.add("peer", protection.peer);
    write_proposals({.key = "proposals", .proposals = protection.proposals}, fields);
    write_proposals(signalling_proposals_of(protection), fields);
    if (protection.sa_lifetime) fields.add("sa_lifetime", duration_text(*protection.sa_lifetime));
    return;
  }
  TomlFields sas;
  for (const SasKey& kind : kSasKeys)
    if (const auto& names = protection.sas.*kind.names; !names.empty()) sas.add(kind.key, names);
  fields.add("sas", sas);
}

Expected<Address> read_mobile_address(const Value& value) {
  auto address = read_address(value);
  if (!address) return address;
  if (address->family != Family::V6 || address->is_unspecified() || address->is_multicast() ||
      address->is_loopback() || address->is_link_local())
    return wrong(value, shown(value) + " is no address for mobility",
                 "a unicast IPv6 address that is routed");
  return address;
}

Expected<Prefix> read_mobile_prefix(const Value& value) {
  auto prefix = read_prefix(value);
  if (!prefix) return prefix;
  if (prefix->address.family != Family::V6 || prefix->length == 0)
    return wrong(value, shown(value) + " is no prefix for mobility", "an IPv6 prefix");
  if (prefix->address != prefix->first())
    return wrong(value, shown(value) + " has bits behind its prefix",
                 to_string(Prefix{prefix->first(), prefix->length}));
  return prefix;
}

Expected<std::chrono::seconds> read_binding_lifetime(const Value& value) {
  auto lifetime = read_duration(value);
  if (lifetime && (*lifetime > kMostBindingLifetime || lifetime->count() % 4 != 0))
    return wrong(value, shown(value) + " is no lifetime of a binding",
                 "at most 262140 s, a multiple of four (RFC 6275 6.1.7)");
  return lifetime;
}

std::vector<std::string> texts_of(const std::vector<Prefix>& prefixes) {
  std::vector<std::string> texts;
  for (const Prefix& prefix : prefixes) texts.push_back(to_string(prefix));
  return texts;
}

}  // namespace sallyport
