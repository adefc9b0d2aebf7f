#include "gateway/config/protection.h"

#include <algorithm>
#include <charconv>

#include "gateway/config/value_parsers.h"

namespace sallyport {
namespace {

constexpr Words<IpsecProtocol, 2> kProtocols{
    {{"esp", IpsecProtocol::Esp}, {"ah", IpsecProtocol::Ah}}};
constexpr Words<IpsecMode, 2> kModes{
    {{"tunnel", IpsecMode::Tunnel}, {"transport", IpsecMode::Transport}}};
constexpr Words<DfRule, 3> kDfRules{
    {{"copy", DfRule::Copy}, {"set", DfRule::Set}, {"clear", DfRule::Clear}}};
constexpr Words<FragmentChecks, 4> kFragmentChecks{{{"stateless", FragmentChecks::Stateless},
                                                    {"opaque", FragmentChecks::Opaque},
                                                    {"opaque-ipv6", FragmentChecks::OpaqueIpv6},
                                                    {"stateful", FragmentChecks::Stateful}}};
constexpr Words<Fragmentation, 2> kFragmentations{
    {{"before", Fragmentation::Before}, {"after", Fragmentation::After}}};
constexpr Words<EcnRule, 2> kEcnRules{
    {{"normal", EcnRule::Normal}, {"compatibility", EcnRule::Compatibility}}};
constexpr std::uint8_t kHighestDscp = 63;
constexpr std::uint32_t kHighestFlowLabel = 0xfffff;

// 0 is off; RFC 4303 3.4.3 asks for 32 at least.
Expected<std::uint32_t> read_replay_window(const Value& value) {
  auto window = number(0u, 65536u)(value);
  if (window && *window > 0 && *window < 32) {
    return wrong(value, shown(value) + " is too small a window", "0 for none, or 32 to 65536");
  }
  return window;
}

// { "10" = 46, ... }: outer by inner; what is not named is copied.
Expected<DscpRule> read_dscp_map(const Value& value) {
  DscpRule rule{DscpRule::Kind::Map, 0, {}};
  for (std::uint8_t inner = 0; inner <= kHighestDscp; ++inner) rule.map.push_back(inner);
  for (const TableEntry& entry : *value.table()) {
    std::size_t inner = rule.map.size();
    const char* end = entry.key.data() + entry.key.size();
    const auto [rest, error] = std::from_chars(entry.key.data(), end, inner);
    if (error != std::errc{} || rest != end || inner >= rule.map.size()) {
      return fail(Error::Code::Invalid, "the inner class is not a DSCP", "0 to 63",
                  to_string(entry.at));
    }
    auto outer = number<std::uint8_t>(0, kHighestDscp)(entry.value);
    if (!outer) return std::unexpected(std::move(outer).error());
    rule.map[inner] = *outer;
  }
  return rule;
}

Expected<DscpRule> read_dscp_rule(const Value& value) {
  if (value.table() != nullptr) return read_dscp_map(value);
  if (value.text() != nullptr && *value.text() == "copy") return DscpRule{};
  auto fixed = number<std::uint8_t>(0, kHighestDscp)(value);
  if (fixed) return DscpRule{DscpRule::Kind::Fixed, *fixed, {}};
  return wrong(value, shown(value) + " is no rule for the DSCP",
               "\"copy\", 0 to 63, or a table of outer by inner");
}

void read_endpoints(TableReader& parent, Endpoints& endpoints) {
  const Value* value = parent.find("endpoints");
  if (value == nullptr) return;
  std::optional<Address> local;
  std::optional<Address> remote;
  TableReader reader(*value, "endpoints", parent.diagnostics());
  reader.require("local", local, read_address, "our address");
  reader.require("remote", remote, read_address, "the peer's address");
  if (!local || !remote) return;
  endpoints = {*local, *remote};
  if (local->family != remote->family) {
    parent.error("endpoints", "endpoints: the two are of different families", "two of one family");
  } else if (local == remote) {
    parent.error("endpoints", "endpoints: both are the same address", "ours and the peer's");
  } else if (local->is_unspecified() || remote->is_unspecified() || local->is_multicast()) {
    parent.error("endpoints", "endpoints: not two usable addresses", "ours and the peer's");
  }
}

void read_lifetime(TableReader& parent, std::string_view key, Lifetime& lifetime) {
  const Value* value = parent.find(key);
  if (value == nullptr) return;
  lifetime = {};
  TableReader reader(*value, key, parent.diagnostics());
  reader.read("bytes", lifetime.bytes, read_size);
  reader.read("packets", lifetime.packets, number<std::int64_t>(1));
  reader.read("time", lifetime.time, read_duration);
}

template <class T>
bool ends_after(const std::optional<T>& soft, const std::optional<T>& hard) {
  return soft && hard && *soft > *hard;
}

void check_lifetimes(const Protection& protection, TableReader& reader) {
  const Lifetime& soft = protection.soft;
  const Lifetime& hard = protection.hard;
  if (!ends_after(soft.bytes, hard.bytes) && !ends_after(soft.packets, hard.packets) &&
      !ends_after(soft.time, hard.time)) {
    return;
  }
  reader.error("soft", "soft: ends after hard", "let the soft lifetime end first");
}

TomlFields lifetime_fields(const Lifetime& lifetime) {
  TomlFields fields;
  if (lifetime.bytes) fields.add("bytes", size_text(*lifetime.bytes));
  if (lifetime.packets) fields.add("packets", *lifetime.packets);
  if (lifetime.time) fields.add("time", duration_text(*lifetime.time));
  return fields;
}

void write_dscp(const DscpRule& rule, TomlFields& fields) {
  switch (rule.kind) {
    case DscpRule::Kind::Copy:
      fields.add("dscp", "copy");
      return;
    case DscpRule::Kind::Fixed:
      fields.add("dscp", rule.fixed);
      return;
    case DscpRule::Kind::Map:
      break;
  }
  TomlFields map;
  for (std::size_t inner = 0; inner < rule.map.size(); ++inner) {
    if (rule.map[inner] != inner) map.add(std::to_string(inner), rule.map[inner]);
  }
  fields.add("dscp", map);
}

}  // namespace

Expected<IpsecProtocol> read_ipsec_protocol(const Value& value) {
  return one_of(kProtocols)(value);
}

std::string_view ipsec_protocol_text(IpsecProtocol protocol) noexcept {
  return word_for(kProtocols, protocol);
}

void read_protection(TableReader& reader, Protection& protection) {
  TunnelHeaderRules& header = protection.header;
  reader.read("protocol", protection.protocol, read_ipsec_protocol);
  reader.read("mode", protection.mode, one_of(kModes));
  read_endpoints(reader, protection.endpoints);
  reader.read("esn", protection.esn, read_flag);
  reader.read("replay_window", protection.replay_window, read_replay_window);
  reader.read("fragments", protection.fragments, one_of(kFragmentChecks));
  reader.read("fragmentation", protection.fragmentation, one_of(kFragmentations));
  reader.read("df", header.df, one_of(kDfRules));
  reader.read("dscp", header.dscp, read_dscp_rule);
  reader.read("ecn", header.ecn, one_of(kEcnRules));
  reader.read("hop_limit", header.hop_limit, number<std::uint8_t>(1, 255));
  reader.read("flow_label", header.flow_label, number(0u, kHighestFlowLabel));
  reader.read("dscp_from_outer", header.dscp_from_outer, read_flag);
  read_lifetime(reader, "soft", protection.soft);
  read_lifetime(reader, "hard", protection.hard);
  reader.read("loop_back", protection.loop_back, read_flag);
  check_lifetimes(protection, reader);
}

void read_tfc(TableReader& parent, std::uint16_t& size, std::uint16_t& multiple) {
  const Value* value = parent.find("tfc");
  if (value == nullptr) return;
  TableReader reader(*value, "tfc", parent.diagnostics());
  reader.read("size", size, number<std::uint16_t>(1, kMostTfcBytes));
  reader.read("multiple", multiple, number<std::uint16_t>(1, kMostTfcBytes));
  if (!reader.has("size") && !reader.has("multiple"))
    parent.error("tfc", "tfc: says nothing", "{ size = 1400 }, { multiple = 256 }, or both");
}

void write_tfc(std::uint16_t size, std::uint16_t multiple, TomlFields& fields) {
  if (size == 0 && multiple == 0) return;
  TomlFields tfc;
  if (size != 0) tfc.add("size", size);
  if (multiple != 0) tfc.add("multiple", multiple);
  fields.add("tfc", tfc);
}

void write_protection(const Protection& protection, TomlFields& fields) {
  const auto& [local, remote] = protection.endpoints;
  const TunnelHeaderRules& header = protection.header;
  fields.add("protocol", ipsec_protocol_text(protection.protocol));
  fields.add("mode", word_for(kModes, protection.mode));
  if (!local.is_unspecified() || !remote.is_unspecified()) {
    TomlFields endpoints;
    endpoints.add("local", to_string(local));
    endpoints.add("remote", to_string(remote));
    fields.add("endpoints", endpoints);
  }
  fields.add("esn", protection.esn);
  fields.add("replay_window", protection.replay_window);
  fields.add("fragments", word_for(kFragmentChecks, protection.fragments));
  fields.add("fragmentation", word_for(kFragmentations, protection.fragmentation));
  fields.add("df", word_for(kDfRules, header.df));
  write_dscp(header.dscp, fields);
  fields.add("ecn", word_for(kEcnRules, header.ecn));
  fields.add("hop_limit", header.hop_limit);
  fields.add("flow_label", header.flow_label);
  fields.add("dscp_from_outer", header.dscp_from_outer);
  fields.add("soft", lifetime_fields(protection.soft));
  fields.add("hard", lifetime_fields(protection.hard));
  fields.add("loop_back", protection.loop_back);
}

}  // namespace sallyport
