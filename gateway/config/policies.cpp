#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "gateway/config/loading.h"
#include "gateway/config/proposals.h"
#include "gateway/config/protection.h"
#include "gateway/config/selectors.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/transforms.h"
#include "gateway/config/value_parsers.h"
#include "spd/policy_names.h"

namespace sallyport {
namespace {

constexpr Words<PolicyAction, 3> kPolicyActions{{{"protect", PolicyAction::Protect},
                                                 {"bypass", PolicyAction::Bypass},
                                                 {"discard", PolicyAction::Discard}}};

constexpr Words<PolicyDirection, 3> kPolicyDirections{{{"both", PolicyDirection::Both},
                                                       {"out", PolicyDirection::Outbound},
                                                       {"in", PolicyDirection::Inbound}}};

// The shipped entries are called so (spd/default_policies.h).
constexpr std::string_view kReservedPrefix = "default-";

Expected<std::string> read_policy_name(const Value& value) {
  auto name = read_name(value);
  if (!name || !name->starts_with(kReservedPrefix)) return name;
  return wrong(value, shown(value) + " is a name for the default policies", "another name");
}

// With whom SAs are negotiated, and with what besides the proposals.
void read_negotiation(TableReader& reader, Protection& protect, const CryptoConfig& crypto) {
  reader.read("peer", protect.peer, read_name);
  reader.read("pfs", protect.pfs, read_groups);
  for (const Group group : protect.pfs) {
    if (auto consent = check_consent(group, crypto); !consent)
      reader.error("pfs", "pfs: " + consent.error().what, consent.error().remedy,
                   consent.error().code);
  }
  reader.read("unauthenticated_peers", protect.unauthenticated_peers, read_flag);
  read_tfc(reader, protect.tfc_bytes, protect.tfc_multiple);
  if (protect.sas.empty()) return;
  for (const std::string_view key : {"peer", "pfs", "unauthenticated_peers", "tfc"}) {
    if (reader.has(key))
      reader.error(key, fmt::format("{}: the policy has configured SAs", key),
                   "leave out either: SAs are configured or negotiated");
  }
}

Protection read_protect(const Value& value, Loading& loading) {
  Protection protect;
  TableReader reader(value, "protect", loading.diagnostics);
  read_protection(reader, protect);
  reader.read("proposals", protect.proposals,
              [&](const Value& proposals) { return read_proposals(proposals, protect.protocol); });
  reader.read("sas", protect.sas, list_of(read_name));
  read_negotiation(reader, protect, loading.configuration.crypto);
  check_proposals(
      {.key = "proposals", .proposals = protect.proposals, .protocol = protect.protocol}, reader,
      loading.configuration.crypto);
  // RFC 4303 2.2.1, RPL-06: without a window the receiver cannot follow the high half.
  if (protect.esn && protect.replay_window == 0) {
    reader.error("replay_window", "replay_window: ESN needs a window",
                 "32 or more, or esn = false");
  }
  check_repeats(reader, "sas", protect.sas);
  return protect;
}

Expected<std::string> read_policy_name_entry(const Value& value) {
  auto name = read_text(value);
  if (!name) return name;
  if (auto known = placed(value, validate_policy_name(*name)); !known)
    return std::unexpected(known.error());
  return name;
}

// The names of the flags that are set (RFC 4301 4.4.1.2).
Expected<PopulateFromPacket> read_pfp(const Value& value) {
  const auto texts = list_of(read_text)(value);
  if (!texts) return std::unexpected(texts.error());
  PopulateFromPacket pfp;
  for (const std::string& text : *texts) {
    const auto field = std::ranges::find(kPopulatedFields, text, &PopulatedField::name);
    if (field == std::end(kPopulatedFields))
      return wrong(value, fmt::format("\"{}\" is no selector field", text),
                   "\"local\", \"remote\", \"protocol\", \"local_port\" or \"remote_port\" (which "
                   "stand for ICMP and MH types too)");
    pfp.*field->flag = true;
  }
  return pfp;
}

// "tunnel 2001:db8::1": the virtual interface of the mobility tunnel to and from that address.
constexpr std::string_view kTunnel = "tunnel ";
Expected<Address> read_tunnel(const Value& value) {
  const std::string* const text = value.text();
  if (text == nullptr || !text->starts_with(kTunnel))
    return wrong(value, shown(value) + " is no virtual interface",
                 "\"tunnel ADDRESS\", that of a mobile node at home or of a home agent");
  return placed(value, Address::parse(text->substr(kTunnel.size())));
}

// A user whom no port has sends nothing.
void check_users(const Policy& policy, TableReader& reader, const Configuration& configuration) {
  const std::vector<std::string> users = users_of(configuration);
  for (const std::string& name : policy.names) {
    if (!name.starts_with(kUserPrefix)) continue;
    const std::string user = name.substr(kUserPrefix.size());
    if (std::ranges::find(users, user) == users.end())
      reader.error("names", fmt::format("names: no port has the user \"{}\"", user),
                   "user = \"" + user + "\" in a [[port]]", Error::Code::NotFound);
  }
}

Policy read_policy(TableReader& reader, Loading& loading) {
  Policy policy;
  reader.require("name", policy.name, read_policy_name, "what commands and messages call it");
  reader.read("spd", policy.spd, SpdReference{loading.configuration});
  reader.require("action", policy.action, one_of(kPolicyActions),
                 "\"protect\", \"bypass\" or \"discard\"");
  reader.read("interface", policy.tunnel, read_tunnel);
  reader.read("direction", policy.direction, one_of(kPolicyDirections));
  reader.read("names", policy.names, list_of(read_policy_name_entry));
  reader.read("pfp", policy.pfp, read_pfp);
  policy.selectors = read_selectors(reader);
  check_users(policy, reader, loading.configuration);
  const Value* protect = reader.find("protect");
  if (protect != nullptr) policy.protect = read_protect(*protect, loading);
  return policy;
}

void check_derived_names(const Policy& policy, TableReader& reader,
                         const Configuration& configuration) {
  if (std::ranges::find(configuration.mobility_policies, policy.name,
                        &MobilityPolicyFacts::policy) != configuration.mobility_policies.end())
    reader.error("name", fmt::format("name: \"{}\" is what mobility calls one", policy.name),
                 "another name", Error::Code::Exists);
}

// What only the whole policy shows.
void check_whole_policy(const Policy& policy, TableReader& reader) {
  const auto valid = validate(policy);
  if (valid) return;
  reader.diagnostics().error(reader.at(), valid.error().what, valid.error().remedy,
                             valid.error().code);
}

TomlFields protection_fields(const Protection& protection) {
  TomlFields fields;
  write_protection(protection, fields);
  write_proposals(
      {.key = "proposals", .proposals = protection.proposals, .protocol = protection.protocol},
      fields);
  if (!protection.sas.empty()) fields.add("sas", protection.sas);
  if (!protection.peer.empty()) fields.add("peer", protection.peer);
  if (!protection.pfs.empty()) fields.add("pfs", group_names(protection.pfs));
  if (protection.unauthenticated_peers) fields.add("unauthenticated_peers", true);
  write_tfc(protection.tfc_bytes, protection.tfc_multiple, fields);
  return fields;
}

}  // namespace

void read_policies(Loading& loading) {
  UniqueNames names;
  for (const Value* element : loading.elements("policy")) {
    TableReader reader(*element, "[[policy]]", loading.diagnostics);
    const std::size_t errors = loading.diagnostics.error_count();
    Policy policy = read_policy(reader, loading);
    names.claim(policy.name, reader);
    check_derived_names(policy, reader, loading.configuration);
    if (loading.diagnostics.error_count() == errors) check_whole_policy(policy, reader);
    for (std::string& warning : warnings(policy)) loading.diagnostics.warn(reader.at(), warning);
    loading.configuration.policies.push_back(std::move(policy));
  }
}

void write_policies(const Configuration& configuration, std::string& out) {
  // Those that mobility is written out into are made of its own sections again.
  for (const Policy& policy :
       configuration.policies | std::views::drop(configuration.mobility_policies.size())) {
    TomlFields fields;
    fields.add("name", policy.name);
    fields.add("spd", configuration.spds[policy.spd.value].name);
    fields.add("action", word_for(kPolicyActions, policy.action));
    if (policy.direction != PolicyDirection::Both)
      fields.add("direction", word_for(kPolicyDirections, policy.direction));
    if (policy.tunnel) fields.add("interface", std::string(kTunnel) + to_string(*policy.tunnel));
    if (!policy.names.empty()) fields.add("names", policy.names);
    if (policy.pfp != PopulateFromPacket{}) fields.add("pfp", names_of(policy.pfp));
    fields.add("selectors", selector_fields(policy.selectors));
    if (policy.protect) fields.add("protect", protection_fields(*policy.protect));
    out += fields.block("[[policy]]");
  }
}

}  // namespace sallyport
