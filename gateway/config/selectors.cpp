#include "gateway/config/selectors.h"

#include <fmt/format.h>

#include <span>

#include "gateway/config/value_parsers.h"
#include "net/protocol.h"

namespace sallyport {
namespace {

constexpr std::string_view kKeys[] = {"local",       "remote", "protocol", "local_port",
                                      "remote_port", "icmp",   "mh_type"};

// True where the value is the one word, alone or as the only element of a list.
bool is_word(const Value& value, std::string_view word) {
  const ValueList* list = value.list();
  const Value& element = list != nullptr && list->size() == 1 ? list->front() : value;
  return element.text() != nullptr && *element.text() == word;
}

std::unexpected<Error> not_alone(const Value& value) {
  return wrong(value, shown(value) + " stands beside others", "it says all there is: alone");
}

Expected<AddressRange> read_range(const Value& value) {
  if (is_word(value, "any")) return not_alone(value);
  auto text = read_text(value);
  if (!text) return std::unexpected(std::move(text).error());
  return placed(value, AddressRange::parse(*text));
}

Expected<std::vector<AddressRange>> read_addresses(const Value& value) {
  if (is_word(value, "any")) return std::vector<AddressRange>{};
  return list_of(read_range)(value);
}

Expected<std::optional<std::uint8_t>> read_protocol_or_any(const Value& value) {
  if (is_word(value, "any")) return std::nullopt;
  if (value.text() == nullptr) return number<std::uint8_t>(0, 255)(value);
  return placed(value, parse_protocol(*value.text()));
}

struct ReadPortRange {
  PortNotation notation;

  Expected<PortRange> operator()(const Value& value) const {
    if (is_word(value, "any") || is_word(value, "opaque")) return not_alone(value);
    if (const auto* number = std::get_if<std::int64_t>(&value.data)) {
      return placed(value, PortRange::parse(std::to_string(*number), notation));
    }
    auto text = read_text(value);
    if (!text) return std::unexpected(std::move(text).error());
    return placed(value, PortRange::parse(*text, notation));
  }
};

struct ReadPortSet {
  PortNotation notation;

  Expected<PortSet> operator()(const Value& value) const {
    if (is_word(value, "any")) return PortSet::any();
    if (is_word(value, "opaque")) return PortSet::opaque();
    auto ranges = list_of(ReadPortRange{notation})(value);
    if (!ranges) return std::unexpected(std::move(ranges).error());
    return placed(value, PortSet::of(std::move(*ranges)));
  }
};

// Both slots at once: `icmp = X` is X sent and X received, a table parts the two (SEL-09).
void read_types(TableReader& reader, std::string_view key, PortNotation notation,
                Selector& selector) {
  const Value* value = reader.find(key);
  if (value == nullptr) return;
  if (value->table() == nullptr) {
    reader.read(key, selector.local_port, ReadPortSet{notation});
    selector.remote_port = selector.local_port;
    return;
  }
  TableReader directions(*value, key, reader.diagnostics());
  constexpr std::string_view kRemedy = "types, \"any\", or \"opaque\" for none";
  directions.require("send", selector.local_port, ReadPortSet{notation}, kRemedy);
  directions.require("receive", selector.remote_port, ReadPortSet{notation}, kRemedy);
}

struct PortKey {
  std::string_view key;
  PortMeaning meaning;
  std::string_view protocols;
};
constexpr PortKey kPortKeys[] = {
    {"local_port", PortMeaning::Ports,
     "protocol = \"tcp\", \"udp\", \"sctp\", \"dccp\" or \"udplite\""},
    {"remote_port", PortMeaning::Ports,
     "protocol = \"tcp\", \"udp\", \"sctp\", \"dccp\" or \"udplite\""},
    {"icmp", PortMeaning::Icmp, "protocol = \"icmp\" or \"icmpv6\""},
    {"mh_type", PortMeaning::Mobility, "protocol = \"mobility\""},
};

// "any" fits every protocol, "opaque" every one that is named; values only where they mean
// something.
void check_port_keys(TableReader& reader, std::optional<std::uint8_t> protocol) {
  const PortMeaning meaning = protocol ? port_meaning(*protocol) : PortMeaning::None;
  for (const PortKey& port_key : kPortKeys) {
    const Value* value = reader.find(port_key.key);
    if (value == nullptr || port_key.meaning == meaning || is_word(*value, "any")) continue;
    if (protocol && meaning == PortMeaning::None && is_word(*value, "opaque")) continue;
    const std::string name = protocol ? protocol_name(*protocol) : "any";
    reader.error(port_key.key, fmt::format("{} has no meaning for protocol {}", port_key.key, name),
                 std::string(port_key.protocols));
  }
}

Selector read_selector(TableReader& reader) {
  Selector selector;
  reader.read("local", selector.local, read_addresses);
  reader.read("remote", selector.remote, read_addresses);
  reader.read("protocol", selector.protocol, read_protocol_or_any);
  reader.read("local_port", selector.local_port, ReadPortSet{PortNotation::Port});
  reader.read("remote_port", selector.remote_port, ReadPortSet{PortNotation::Port});
  read_types(reader, "icmp", PortNotation::Icmp, selector);
  read_types(reader, "mh_type", PortNotation::Mobility, selector);
  check_port_keys(reader, selector.protocol);
  // Nothing stands in the port slots of a protocol without ports (SEL-10).
  if (selector.protocol && port_meaning(*selector.protocol) == PortMeaning::None) {
    selector.local_port = PortSet::opaque();
    selector.remote_port = PortSet::opaque();
  }
  return selector;
}

void check_selector(const Selector& selector, TableReader& reader) {
  auto valid = validate(selector);
  if (valid) return;
  reader.diagnostics().error(reader.at(), std::move(valid.error().what),
                             std::move(valid.error().remedy));
}

std::string end_text(std::uint16_t value, bool whole_types) {
  return whole_types ? fmt::to_string(value / 256) : fmt::format("{}/{}", value / 256, value % 256);
}

std::string range_text(const PortRange& range, PortMeaning meaning) {
  if (meaning == PortMeaning::Ports) {
    return range.first == range.last ? fmt::to_string(range.first)
                                     : fmt::format("{}-{}", range.first, range.last);
  }
  const int highest_code = meaning == PortMeaning::Icmp ? 0xff : 0;
  const bool whole = range.first % 256 == 0 && range.last % 256 == highest_code;
  const std::string first = end_text(range.first, whole);
  const std::string last = end_text(range.last, whole);
  return first == last ? first : first + "-" + last;
}

std::vector<std::string> port_texts(const PortSet& ports, PortMeaning meaning) {
  if (ports.is_any()) return {"any"};
  if (ports.is_opaque()) return {"opaque"};
  std::vector<std::string> texts;
  for (const PortRange& range : ports.ranges()) texts.push_back(range_text(range, meaning));
  return texts;
}

void write_ports(const Selector& selector, TomlFields& fields) {
  const PortMeaning meaning = port_meaning(*selector.protocol);
  const auto local = port_texts(selector.local_port, meaning);
  const auto remote = port_texts(selector.remote_port, meaning);
  if (meaning == PortMeaning::Ports || meaning == PortMeaning::None) {
    fields.add("local_port", local);
    fields.add("remote_port", remote);
    return;
  }
  const std::string_view key = meaning == PortMeaning::Icmp ? "icmp" : "mh_type";
  if (local == remote) {
    fields.add(key, local);
    return;
  }
  TomlFields directions;
  directions.add("send", local);
  directions.add("receive", remote);
  fields.add(key, directions);
}

void write_addresses(std::string_view key, const std::vector<AddressRange>& ranges,
                     TomlFields& fields) {
  if (ranges.empty()) {
    fields.add(key, "any");
    return;
  }
  std::vector<std::string> texts;
  for (const AddressRange& range : ranges) texts.push_back(to_string(range));
  fields.add(key, texts);
}

}  // namespace

std::vector<Selector> read_selector_list(TableReader& reader) {
  std::vector<Selector> selectors;
  const Value* value = reader.find("selectors");
  if (value == nullptr) return selectors;
  if (value->list() != nullptr && value->list()->empty()) {
    reader.error("selectors", "selectors: the list is empty", "selectors = [{ local = ... }, ...]");
  }
  const std::span<const Value> sets =
      value->list() != nullptr ? std::span(*value->list()) : std::span(value, 1);
  for (const Value& element : sets) {
    TableReader set(element, "selectors", reader.diagnostics());
    selectors.push_back(read_selector(set));
    check_selector(selectors.back(), set);
  }
  return selectors;
}

std::vector<Selector> read_selectors(TableReader& reader) {
  if (!reader.has("selectors")) {
    std::vector<Selector> selectors{read_selector(reader)};
    check_selector(selectors.back(), reader);
    return selectors;
  }
  for (const std::string_view key : kKeys) {
    if (reader.find(key) == nullptr) continue;
    reader.error(key, fmt::format("{} stands beside selectors", key),
                 "put it inside, or write no list");
  }
  return read_selector_list(reader);
}

std::vector<TomlFields> selector_fields(const std::vector<Selector>& selectors) {
  std::vector<TomlFields> sets;
  for (const Selector& selector : selectors) {
    TomlFields& fields = sets.emplace_back();
    write_addresses("local", selector.local, fields);
    write_addresses("remote", selector.remote, fields);
    fields.add("protocol", selector.protocol ? protocol_name(*selector.protocol) : "any");
    if (selector.protocol) write_ports(selector, fields);
  }
  return sets;
}

}  // namespace sallyport
