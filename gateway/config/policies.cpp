#include <fmt/format.h>

#include <algorithm>

#include "gateway/config/loading.h"
#include "gateway/config/protection.h"
#include "gateway/config/selectors.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/transforms.h"
#include "gateway/config/value_parsers.h"
#include "spd/policy_names.h"

namespace sallyport {
namespace {

constexpr Words<PolicyAction, 3> kActions{{{"protect", PolicyAction::Protect},
                                           {"bypass", PolicyAction::Bypass},
                                           {"discard", PolicyAction::Discard}}};

constexpr Words<PolicyDirection, 3> kDirections{{{"both", PolicyDirection::Both},
                                                 {"out", PolicyDirection::Outbound},
                                                 {"in", PolicyDirection::Inbound}}};

// The shipped entries are called so (spd/default_policies.h).
constexpr std::string_view kReservedPrefix = "default-";

Expected<std::string> read_policy_name(const Value& value) {
  auto name = read_name(value);
  if (!name || !name->starts_with(kReservedPrefix)) return name;
  return wrong(value, shown(value) + " is a name for the default policies", "another name");
}

// Suites are spread out, and what stands twice counts where it stands first.
Expected<std::vector<Transform>> read_proposals(const Value& value, IpsecProtocol protocol) {
  const auto of_protocol = [protocol](const Value& one) { return read_transforms(one, protocol); };
  const auto groups = list_of(of_protocol)(value);
  if (!groups) return std::unexpected(groups.error());
  std::vector<Transform> proposals;
  for (const auto& group : *groups) {
    for (const Transform& transform : group) {
      if (std::ranges::find(proposals, transform) == proposals.end())
        proposals.push_back(transform);
    }
  }
  return proposals;
}

void check_proposals(const Protection& protect, TableReader& reader, const CryptoConfig& crypto) {
  for (const Transform& transform : protect.proposals) {
    if (icv_bytes(transform) == 0) {
      reader.error("proposals", "proposals: " + to_string(transform) + " has no integrity",
                   "add an integrity algorithm or take a combined one", Error::Code::Refused);
    }
    if (auto consent = check_consent(transform, protect.protocol, crypto); !consent) {
      reader.error("proposals", "proposals: " + consent.error().what, consent.error().remedy,
                   consent.error().code);
    }
  }
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
  check_proposals(protect, reader, loading.configuration.crypto);
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
  reader.require("action", policy.action, one_of(kActions),
                 "\"protect\", \"bypass\" or \"discard\"");
  reader.not_available("interface");
  reader.read("direction", policy.direction, one_of(kDirections));
  reader.read("names", policy.names, list_of(read_policy_name_entry));
  reader.read("pfp", policy.pfp, read_pfp);
  policy.selectors = read_selectors(reader);
  check_users(policy, reader, loading.configuration);
  const Value* protect = reader.find("protect");
  if (protect != nullptr) policy.protect = read_protect(*protect, loading);
  return policy;
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
  std::vector<std::string> proposals;
  for (const Transform& transform : protection.proposals)
    proposals.push_back(to_string(transform, protection.protocol));
  if (!proposals.empty()) fields.add("proposals", proposals);
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
    if (loading.diagnostics.error_count() == errors) check_whole_policy(policy, reader);
    for (std::string& warning : warnings(policy)) loading.diagnostics.warn(reader.at(), warning);
    loading.configuration.policies.push_back(std::move(policy));
  }
}

void write_policies(const Configuration& configuration, std::string& out) {
  for (const Policy& policy : configuration.policies) {
    TomlFields fields;
    fields.add("name", policy.name);
    fields.add("spd", configuration.spds[policy.spd.value].name);
    fields.add("action", word_for(kActions, policy.action));
    if (policy.direction != PolicyDirection::Both)
      fields.add("direction", word_for(kDirections, policy.direction));
    if (!policy.names.empty()) fields.add("names", policy.names);
    if (policy.pfp != PopulateFromPacket{}) fields.add("pfp", names_of(policy.pfp));
    fields.add("selectors", selector_fields(policy.selectors));
    if (policy.protect) fields.add("protect", protection_fields(*policy.protect));
    out += fields.block("[[policy]]");
  }
}

}  // namespace sallyport
