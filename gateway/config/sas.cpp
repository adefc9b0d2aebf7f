#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "gateway/config/keys.h"
#include "gateway/config/loading.h"
#include "gateway/config/protection.h"
#include "gateway/config/selectors.h"
#include "gateway/config/toml_writer.h"
#include "gateway/config/transforms.h"
#include "gateway/config/value_parsers.h"
#include "net/udp.h"

namespace sallyport {
namespace {

constexpr Words<Direction, 2> kSaDirections{
    {{"out", Direction::Outbound}, {"in", Direction::Inbound}}};
constexpr Words<SaLookup, 3> kLookups{{{"spi", SaLookup::Spi},
                                       {"spi+destination", SaLookup::SpiDestination},
                                       {"spi+destination+source", SaLookup::SpiDestinationSource}}};
constexpr Words<DestinationOptions, 2> kPlacements{
    {{"inside", DestinationOptions::Inside}, {"outside", DestinationOptions::Outside}}};

// A number, or hexadecimal digits in text: 4096, 0x1000, "0x1000".
Expected<Spi> read_spi(const Value& value) {
  std::int64_t spi = -1;
  if (const auto* number = std::get_if<std::int64_t>(&value.data)) spi = *number;
  if (const std::string* text = value.text(); text != nullptr && text->starts_with("0x")) {
    const char* end = text->data() + text->size();
    const auto [rest, error] = std::from_chars(text->data() + 2, end, spi, 16);
    if (error != std::errc{} || rest != end) spi = -1;
  }
  if (spi >= kFirstUsableSpi.value && spi <= 0xffffffff)
    return Spi{static_cast<std::uint32_t>(spi)};
  return wrong(value, shown(value) + " is no SPI", "256 to 4294967295, as a number or \"0x...\"");
}

struct Plan {
  Protection protection;
  std::vector<Selector> selectors;
};

// What the policies that name an SA say of it: the first one how, all of them what.
std::map<std::string, Plan> plans(const Configuration& configuration) {
  std::map<std::string, Plan> plans;
  for (const Policy& policy : configuration.policies) {
    if (!policy.protect) continue;
    for (const std::string& sa : policy.protect->sas) {
      auto& selectors = plans.try_emplace(sa, Plan{*policy.protect, {}}).first->second.selectors;
      selectors.insert(selectors.end(), policy.selectors.begin(), policy.selectors.end());
    }
  }
  return plans;
}

void take_over(const Protection& protection, Sa& sa) {
  sa.protocol = protection.protocol;
  sa.mode = protection.mode;
  sa.endpoints = protection.endpoints;
  sa.esn = protection.esn;
  sa.replay_window = protection.replay_window;
  sa.fragments = protection.fragments;
  sa.fragmentation = protection.fragmentation;
  sa.header = protection.header;
  sa.soft = protection.soft;
  sa.hard = protection.hard;
  sa.loop_back = protection.loop_back;
}

std::optional<Address> only_address(const std::vector<AddressRange>& ranges) {
  if (ranges.size() != 1 || ranges[0].first != ranges[0].last) return std::nullopt;
  return ranges[0].first;
}

// Transport mode between two hosts that the selectors name needs no endpoints of its own.
void find_hosts(Sa& sa) {
  if (sa.mode != IpsecMode::Transport || sa.endpoints != Endpoints{}) return;
  if (sa.selectors.size() != 1) return;
  const auto local = only_address(sa.selectors[0].local);
  const auto remote = only_address(sa.selectors[0].remote);
  if (local && remote) sa.endpoints = {*local, *remote};
}

void read_encapsulation(TableReader& sa, std::optional<UdpEncapsulation>& encapsulation) {
  const Value* value = sa.find("encapsulation");
  if (value == nullptr) return;
  TableReader reader(*value, "encapsulation", sa.diagnostics());
  const auto port = number<std::uint16_t>(1);
  encapsulation.emplace();
  reader.read("local_port", encapsulation->local_port, port);
  reader.read("remote_port", encapsulation->remote_port, port);
}

// RFC 4303 2.6 (ESP-15, ESP-16).
void read_dummies(TableReader& sa, DummyRule& rule) {
  const Value* value = sa.find("dummies");
  if (value == nullptr) return;
  TableReader reader(*value, "dummies", sa.diagnostics());
  reader.require("rate", rule.per_second, number(1u, DummyRule::kMostPerSecond),
                 "packets a second");
  reader.require("size", rule.bytes, number<std::uint16_t>(1, kMostTfcBytes), "octets of each");
  reader.read("random", rule.random_size, read_flag);
}

// Keys of one direction only.
void read_directed(TableReader& reader, Sa& sa) {
  reader.read("lookup", sa.lookup, one_of(kLookups));
  reader.read("dscp_classes", sa.dscp, list_of(number<std::uint8_t>(0, 63)));
  reader.read("spread", sa.spread, read_flag);
  if (sa.direction == Direction::Outbound && reader.has("lookup")) {
    reader.error("lookup", "lookup is for inbound SAs", "leave it out");
  }
  if (sa.direction == Direction::Outbound) {
    read_tfc(reader, sa.tfc_bytes, sa.tfc_multiple);
    read_dummies(reader, sa.dummies);
    return;
  }
  for (const std::string_view key : {"dscp_classes", "tfc", "dummies"}) {
    if (reader.find(key) != nullptr)
      reader.error(key, fmt::format("{} is for outbound SAs", key), "leave it out");
  }
  if (sa.direction == Direction::Inbound && sa.spread)
    reader.error("spread", "spread is for outbound SAs", "leave it out");
}

void check_transform(TableReader& reader, Sa& sa, const CryptoConfig& crypto) {
  bool unsafe_static_key = false;
  reader.read("unsafe_static_key", unsafe_static_key, read_flag);
  reader.read("allow_unauthenticated", sa.unauthenticated_allowed, read_flag);
  const bool ah = sa.protocol == IpsecProtocol::Ah;
  const std::string name = to_string(sa.transform, sa.protocol);
  if (counter_based(sa.transform) && !unsafe_static_key) {
    reader.error(
        "transform",
        fmt::format("transform: {} breaks where a nonce repeats, which "
                    "configured keys invite (RFC 8221 3)",
                    name),
        fmt::format("{}hmac-sha256-128, or unsafe_static_key = true", ah ? "" : "aes128-cbc+"),
        Error::Code::Refused);
  }
  if (icv_bytes(sa.transform) == 0 && !sa.unauthenticated_allowed) {
    reader.error("transform",
                 fmt::format("transform: {} lets anyone alter packets (RFC 8221 4)", name),
                 "an integrity algorithm, or allow_unauthenticated = true", Error::Code::Refused);
  }
  if (auto consent = check_consent(sa.transform, sa.protocol, crypto); !consent) {
    reader.error("transform", "transform: " + consent.error().what, consent.error().remedy,
                 consent.error().code);
  }
}

// RFC 4302 2.6; Linux aligns to 8 unless told otherwise.
Expected<std::uint8_t> read_ah_alignment(const Value& value) {
  auto alignment = number<std::uint8_t>(4, 8)(value);
  if (!alignment || *alignment == 4 || *alignment == 8) return alignment;
  return wrong(value, shown(value) + " is no alignment of AH", "4, or 8 for Linux");
}

void read_ah(TableReader& reader, Sa& sa) {
  reader.read("ah_alignment", sa.ah_alignment, read_ah_alignment);
  if (sa.protocol != IpsecProtocol::Ah && reader.has("ah_alignment"))
    reader.error("ah_alignment", "ah_alignment is for AH", "leave it out, or protocol = \"ah\"");
}

// RFC 4303 3.4.3 and 2.2.1 (RPL-01, RPL-06).
void check_anti_replay(TableReader& reader, const Sa& sa) {
  if (sa.direction == Direction::Outbound) return;
  if (sa.replay_window != 0 && icv_bytes(sa.transform) == 0) {
    reader.error("replay_window", "replay_window: anti-replay needs integrity",
                 "replay_window = 0");
  }
  if (sa.esn && sa.replay_window == 0) {
    reader.error("esn", "esn: ESN needs a replay window",
                 "esn = false, or a replay_window of 32 or more");
  }
}

// Packets are taken for ESP in UDP where they come to port 4500, and nowhere else (RFC 3948 2.1).
void check_encapsulation(TableReader& reader, const Sa& sa) {
  const bool reachable = sa.direction == Direction::Outbound || !sa.encapsulation ||
                         sa.encapsulation->local_port == kIkeNatPort;
  if (reachable) return;
  reader.error("encapsulation", "encapsulation: an inbound SA is reached by local_port 4500 only",
               "leave local_port out, or local_port = 4500");
}

// `planned` holds what the policies say of each SA.
Sa read_sa(TableReader& reader, const std::map<std::string, Plan>& planned, Loading& loading) {
  Sa sa;
  sa.static_key = true;
  reader.require("name", sa.name, read_name, "what policies and commands call it");
  const auto found = planned.find(sa.name);
  const Plan plan = found == planned.end() ? Plan{} : found->second;
  reader.require("direction", sa.direction, one_of(kSaDirections), "\"out\" or \"in\"");
  reader.require("spi", sa.spi, read_spi, "256 to 4294967295");
  Protection protection = plan.protection;
  read_protection(reader, protection);
  take_over(protection, sa);
  read_directed(reader, sa);
  read_encapsulation(reader, sa.encapsulation);
  check_encapsulation(reader, sa);
  reader.read("destination_options", sa.destination_options, one_of(kPlacements));
  read_ah(reader, sa);
  sa.selectors = read_selector_list(reader);
  if (!reader.has("selectors")) sa.selectors = plan.selectors;
  find_hosts(sa);
  std::optional<Transform> transform;
  const bool ah = sa.protocol == IpsecProtocol::Ah;
  reader.require(
      "transform", transform,
      [&](const Value& value) { return read_transform(value, sa.protocol); },
      ah ? "\"hmac-sha256-128\"" : "\"aes128-cbc+hmac-sha256-128\"");
  if (transform) {
    sa.transform = *transform;
    check_transform(reader, sa, loading.configuration.crypto);
    check_anti_replay(reader, sa);
    read_keys(reader, sa, loading);
  }
  return sa;
}

Expected<TomlFields> key_fields(const std::filesystem::path& file, const Sa& sa) {
  if (file.empty()) {
    return fail(Error::Code::Refused, fmt::format("the keys of SA {} stand inline", sa.name),
                "move them to files: an export never holds a key");
  }
  TomlFields fields;
  fields.add("file", file);
  return fields;
}

Expected<void> write_keys(const Sa& sa, const KeyFiles& files, TomlFields& fields) {
  const auto write = [&](std::string_view key, bool wanted,
                         const std::filesystem::path& file) -> Expected<void> {
    if (!wanted) return {};
    auto reference = key_fields(file, sa);
    if (!reference) return std::unexpected(std::move(reference).error());
    fields.add(key, *reference);
    return {};
  };
  if (auto written = write("key", !sa.cipher_key.empty(), files.key); !written) return written;
  if (auto written = write("salt", !files.salt.empty(), files.salt); !written) return written;
  return write("integrity_key", !sa.integrity_key.empty(), files.integrity_key);
}

void write_plan(const Sa& sa, TomlFields& fields) {
  Protection protection;
  protection.protocol = sa.protocol;
  protection.mode = sa.mode;
  protection.endpoints = sa.endpoints;
  protection.esn = sa.esn;
  protection.replay_window = sa.replay_window;
  protection.fragments = sa.fragments;
  protection.fragmentation = sa.fragmentation;
  protection.header = sa.header;
  protection.soft = sa.soft;
  protection.hard = sa.hard;
  protection.loop_back = sa.loop_back;
  write_protection(protection, fields);
}

void write_traffic_flow(const Sa& sa, TomlFields& fields) {
  write_tfc(sa.tfc_bytes, sa.tfc_multiple, fields);
  if (sa.dummies.per_second == 0) return;
  TomlFields dummies;
  dummies.add("rate", sa.dummies.per_second);
  dummies.add("size", sa.dummies.bytes);
  dummies.add("random", sa.dummies.random_size);
  fields.add("dummies", dummies);
}

Expected<TomlFields> sa_fields(const Sa& sa, const KeyFiles& files) {
  TomlFields fields;
  fields.add("name", sa.name);
  fields.add("direction", word_for(kSaDirections, sa.direction));
  fields.add("spi", fmt::format("{:#x}", sa.spi.value));
  write_plan(sa, fields);
  if (sa.direction == Direction::Inbound) fields.add("lookup", word_for(kLookups, sa.lookup));
  if (sa.spread) fields.add("spread", true);
  if (!sa.dscp.empty()) fields.add_numbers("dscp_classes", {sa.dscp.begin(), sa.dscp.end()});
  write_traffic_flow(sa, fields);
  if (sa.encapsulation) {
    TomlFields encapsulation;
    encapsulation.add("local_port", sa.encapsulation->local_port);
    encapsulation.add("remote_port", sa.encapsulation->remote_port);
    fields.add("encapsulation", encapsulation);
  }
  fields.add("destination_options", word_for(kPlacements, sa.destination_options));
  if (sa.protocol == IpsecProtocol::Ah) fields.add("ah_alignment", sa.ah_alignment);
  if (!sa.selectors.empty()) fields.add("selectors", selector_fields(sa.selectors));
  fields.add("transform", to_string(sa.transform, sa.protocol));
  if (counter_based(sa.transform)) fields.add("unsafe_static_key", true);
  if (icv_bytes(sa.transform) == 0) fields.add("allow_unauthenticated", true);
  if (auto written = write_keys(sa, files, fields); !written) {
    return std::unexpected(std::move(written).error());
  }
  return fields;
}

}  // namespace

void read_sas(Loading& loading) {
  UniqueNames names;
  const auto planned = plans(loading.configuration);
  for (const Value* element : loading.elements("sa")) {
    TableReader reader(*element, "[[sa]]", loading.diagnostics);
    Sa sa = read_sa(reader, planned, loading);
    names.claim(sa.name, reader);
    loading.configuration.sas.push_back(std::move(sa));
  }
}

Expected<void> write_sas(const Configuration& configuration, std::string& out) {
  for (const Sa& sa : configuration.sas) {
    const auto files = configuration.key_files.find(sa.name);
    const auto fields =
        sa_fields(sa, files == configuration.key_files.end() ? KeyFiles{} : files->second);
    if (!fields) return std::unexpected(fields.error());
    out += fields->block("[[sa]]");
  }
  return {};
}

}  // namespace sallyport
