#include "ctl/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace sallyport {
namespace {

using Json = nlohmann::json;

const std::map<std::string_view, std::vector<Column>> kTopics{
    {"ports",
     {{"port", "name"},
      {"side", "side"},
      {"kind", "kind"},
      {"link", "link"},
      {"driver", "driver"},
      {"mac", "mac"},
      {"mtu", "mtu"},
      {"rx packets", "received_packets"},
      {"tx packets", "sent_packets"},
      {"addresses", "addresses"}}},
    {"routes", {{"to", "to"}, {"kind", "kind"}, {"via", "via"}, {"port", "port"}}},
    {"neighbours",
     {{"address", "address"},
      {"mac", "mac"},
      {"port", "port"},
      {"state", "state"},
      {"age", "age_seconds"}}},
    {"policies",
     {{"SPD", "spd"},
      {"at", "position"},
      {"policy", "name"},
      {"action", "action"},
      {"packets", "packets"},
      {"bytes", "bytes"},
      {"interface", "interface"},
      {"selectors", "selectors"}}},
    {"sas",
     {{"SA", "name"},
      {"dir", "direction"},
      {"SPI", "spi"},
      {"mode", "mode"},
      {"cipher", "cipher"},
      {"integrity", "integrity"},
      {"local", "local"},
      {"remote", "remote"},
      {"sequence", "sequence"},
      {"packets", "packets"},
      {"bytes", "bytes"},
      {"soft", "soft_reached"},
      {"path MTU", "path_mtu"},
      {"MTU age", "path_mtu_age_seconds"},
      {"age", "age_seconds"}}},
    {"ike-sas",
     {{"IKE SA", "number"},
      {"peer", "peer"},
      {"state", "state"},
      {"role", "role"},
      {"remote id", "remote_id"},
      {"local", "local"},
      {"remote", "remote"},
      {"suite", "suite"},
      {"NAT", "nat"},
      {"children", "children"},
      {"age", "age"}}},
    {"child-sas",
     {{"child", "name"},
      {"IKE SA", "ike"},
      {"state", "state"},
      {"mode", "mode"},
      {"transform", "transform"},
      {"in", "inbound_spi"},
      {"out", "outbound_spi"},
      {"local", "local"},
      {"remote", "remote"},
      {"age", "age"}}},
    {"peers",
     {{"peer", "name"},
      {"identities", "identities"},
      {"methods", "methods"},
      {"remote", "remote"},
      {"may claim", "may_claim"},
      {"IKE SAs", "ike_sas"}}},
    {"pools", {{"pool", "name"}, {"addresses", "addresses"}, {"taken", "taken"}}},
    {"bindings",
     {{"home address", "home_address"},
      {"care-of address", "care_of"},
      {"with", "own"},
      {"kind", "kind"},
      {"state", "state"},
      {"sequence", "sequence"},
      {"protected", "protected"},
      {"lifetime", "lifetime"}}},
    {"home-agents",
     {{"home agent", "address"},
      {"ours", "ours"},
      {"link", "link"},
      {"prefixes", "prefixes"},
      {"preference", "preference"},
      {"nodes", "nodes"},
      {"serving", "serving"}}},
    {"mobile-node",
     {{"home address", "home_address"},
      {"home agent", "home_agent"},
      {"care-of address", "care_of"},
      {"link", "link"},
      {"router", "router"},
      {"registered", "registered"},
      {"tunnels", "tunnels_active"},
      {"prefixes", "prefixes"}}},
    {"icmp", {{"direction", "direction"}, {"outcome", "outcome"}, {"messages", "messages"}}},
    {"drops",
     {{"reason", "reason"}, {"packets", "packets"}, {"class", "class"}, {"meaning", "meaning"}}},
    {"audit",
     {{"time", "time"},
      {"event", "event"},
      {"reason", "reason"},
      {"limit", "limit"},
      {"SPI", "spi"},
      {"source", "source"},
      {"destination", "destination"},
      {"sequence", "sequence"},
      {"SA", "sa"},
      {"policy", "policy"},
      {"port", "port"},
      {"peer", "peer"},
      {"subject", "subject"},
      {"detail", "detail"},
      {"suppressed", "suppressed"}}},
    {"workers",
     {{"worker", "worker"},
      {"crypto", "crypto"},
      {"turns", "turns"},
      {"busy", "busy_turns"},
      {"flow hits", "flow_hits"},
      {"misses", "flow_misses"},
      {"stale", "flow_stale"},
      {"punted", "punted"},
      {"originated", "originated"},
      {"given", "given"},
      {"taken", "taken"}}},
    {"account",
     {{"received", "received"},
      {"originated", "originated"},
      {"fragments", "fragments_made"},
      {"copies", "group_copies"},
      {"sent", "sent"},
      {"dropped", "dropped"},
      {"consumed", "consumed"},
      {"punted", "punted"},
      {"held", "held"},
      {"handed off", "handed_off"},
      {"joined", "fragments_joined"},
      {"kept", "fragments_kept"},
      {"balance", "balance"}}}};

// Of lint-policies.
const std::vector<Column> kFindings{{"SPD", "spd"},
                                    {"policy", "policy"},
                                    {"finding", "finding"},
                                    {"by", "by"},
                                    {"meaning", "meaning"}};

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.is_null() ? "" : value.dump();
  std::string text;
  for (const Json& item : value) text += (text.empty() ? "" : ", ") + text_of(item);
  return text;
}

struct Cell {
  std::string text;
  bool number{};
};

Cell cell_of(const Json& row, const Column& column) {
  const auto found = row.find(std::string(column.field));
  if (found == row.end()) return {};
  return {text_of(*found), found->is_number()};
}

}  // namespace

std::vector<std::string_view> topics() {
  std::vector<std::string_view> names;
  for (const auto& [name, columns] : kTopics) names.push_back(name);
  return names;
}

std::vector<Column> columns_of(std::string_view topic) {
  if (topic == "findings") return kFindings;
  const auto found = kTopics.find(topic);
  return found == kTopics.end() ? std::vector<Column>{} : found->second;
}

std::string format_table(const std::vector<Column>& columns, const Json& rows) {
  std::vector<std::size_t> widths;
  for (const Column& column : columns) {
    std::size_t width = column.heading.size();
    for (const Json& row : rows) width = std::max(width, cell_of(row, column).text.size());
    widths.push_back(width);
  }
  const auto line = [&](const auto& cell_at) {
    std::string text;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const Cell cell = cell_at(columns[i]);
      text += cell.number ? fmt::format("{:>{}}  ", cell.text, widths[i])
                          : fmt::format("{:<{}}  ", cell.text, widths[i]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text + '\n';
  };
  std::string table = line([](const Column& column) { return Cell{std::string(column.heading)}; });
  for (const Json& row : rows)
    table += line([&](const Column& column) { return cell_of(row, column); });
  return table;
}

}  // namespace sallyport
