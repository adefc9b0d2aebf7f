#include "gateway/control_views.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace sallyport {
namespace {

using Json = nlohmann::json;

std::string port_name(Gateway& gateway, PortId id) {
  return id == kNoPort ? "" : gateway.configuration().ports[id.value].name;
}

template <class Rows>
Json texts(const Rows& rows) {
  Json list = Json::array();
  for (const auto& row : rows) list.push_back(to_string(row));
  return list;
}

std::string_view kind_name(NextHop::Kind kind) {
  switch (kind) {
    case NextHop::Kind::None:
      return "none";
    case NextHop::Kind::Blackhole:
      return "blackhole";
    case NextHop::Kind::Multicast:
      return "not forwarded";
    case NextHop::Kind::Ours:
      return "ours";
    case NextHop::Kind::LocalStack:
      return "local stack";
    case NextHop::Kind::OnLink:
      return "on link";
    case NextHop::Kind::Gateway:
      return "gateway";
  }
  return "none";
}

Json lifetime(const Lifetime& life) {
  Json json = Json::object();
  if (life.bytes) json["bytes"] = *life.bytes;
  if (life.packets) json["packets"] = *life.packets;
  if (life.time) json["seconds"] = life.time->count();
  return json;
}

Json header_rules(const TunnelHeaderRules& rules) {
  constexpr std::string_view kDf[] = {"copy", "set", "clear"};
  constexpr std::string_view kDscp[] = {"copy", "fixed", "map"};
  return {{"df", kDf[static_cast<std::size_t>(rules.df)]},
          {"ecn", rules.ecn == EcnRule::Normal ? "normal" : "compatibility"},
          {"dscp", kDscp[static_cast<std::size_t>(rules.dscp.kind)]},
          {"hop_limit", rules.hop_limit},
          {"flow_label", rules.flow_label}};
}

Json protection(const Protection& protect) {
  return {{"protocol", to_string(protect.protocol)},
          {"mode", to_string(protect.mode)},
          {"local", to_string(protect.endpoints.local)},
          {"remote", to_string(protect.endpoints.remote)},
          {"esn", protect.esn},
          {"replay_window", protect.replay_window},
          {"header", header_rules(protect.header)},
          {"soft", lifetime(protect.soft)},
          {"hard", lifetime(protect.hard)},
          {"sas", protect.sas}};
}

Json policy_row(Gateway& gateway, const Policy& policy) {
  const auto traffic = gateway.dataplane().policy_traffic(*gateway.spd().id_of(policy.name));
  Json row = {{"name", policy.name},
              {"spd", gateway.configuration().spds[policy.spd.value].name},
              {"action", to_string(policy.action)},
              {"selectors", texts(policy.selectors)},
              {"packets", traffic.packets},
              {"bytes", traffic.bytes}};
  if (policy.protect) row["protect"] = protection(*policy.protect);
  return row;
}

// Its age is told where it was learnt; otherwise it is the first link's.
void add_path_mtu(Gateway& gateway, SaSlot slot, Json& row) {
  const PathMtu path = gateway.sad().path_mtus().of(slot);
  row["path_mtu"] = path.octets;
  if (!path.learnt) return;
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(gateway.now() - *path.learnt);
  row["path_mtu_age_seconds"] = age.count();
}

Json sa_row(Gateway& gateway, const Sad::Entry& entry) {
  const Sa& sa = *entry.sa;
  const SaCounters counters = gateway.dataplane().sas().counters(sa.direction, entry.slot);
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(gateway.age_of(sa.name));
  Json row = {{"name", sa.name},
              {"direction", to_string(sa.direction)},
              {"spi", fmt::format("0x{:08x}", sa.spi.value)},
              {"protocol", to_string(sa.protocol)},
              {"mode", to_string(sa.mode)},
              {"local", to_string(sa.endpoints.local)},
              {"remote", to_string(sa.endpoints.remote)},
              {"cipher", facts(sa.transform.cipher).name},
              {"integrity", facts(sa.transform.integrity).name},
              {"esn", sa.esn},
              {"replay_window", sa.replay_window},
              {"sequence", counters.sequence.value},
              {"packets", counters.packets},
              {"bytes", counters.bytes},
              {"age_seconds", age.count()},
              {"soft", lifetime(sa.soft)},
              {"hard", lifetime(sa.hard)},
              {"header", header_rules(sa.header)},
              {"dscp", sa.dscp},
              {"selectors", texts(sa.selectors)},
              {"tfc", {{"size", sa.tfc_bytes}, {"multiple", sa.tfc_multiple}}},
              {"dummies", {{"rate", sa.dummies.per_second}, {"size", sa.dummies.bytes}}},
              {"loop_back", sa.loop_back},
              {"configured", sa.static_key}};
  if (sa.direction == Direction::Outbound) add_path_mtu(gateway, entry.slot, row);
  if (sa.protocol == IpsecProtocol::Ah) row["ah_alignment"] = sa.ah_alignment;
  if (const auto limit = gateway.lifetimes().soft_limit_of(sa.name))
    row["soft_reached"] = to_string(*limit);
  if (sa.encapsulation)
    row["udp"] = {{"local_port", sa.encapsulation->local_port},
                  {"remote_port", sa.encapsulation->remote_port}};
  return row;
}

}  // namespace

Json show_ports(Gateway& gateway) {
  Json rows = Json::array();
  for (const PortStatus& port : gateway.dataplane().ports()) {
    rows.push_back({{"name", port.settings->name},
                    {"device", port.settings->device},
                    {"driver", port.driver},
                    {"side", port.settings->side == Side::Protected ? "protected" : "unprotected"},
                    {"kind", port.settings->kind == PortKind::Link ? "link" : "local-stack"},
                    {"link", port.link_up ? "up" : "down"},
                    {"mac", to_string(port.mac)},
                    {"mtu", port.settings->mtu},
                    {"addresses", texts(port.settings->addresses)},
                    {"queues", port.queues},
                    {"received_packets", port.received_packets},
                    {"received_bytes", port.received_bytes},
                    {"sent_packets", port.sent_packets},
                    {"sent_bytes", port.sent_bytes}});
    if (port.settings->vlan) rows.back()["vlan"] = *port.settings->vlan;
  }
  return rows;
}

Json show_routes(Gateway& gateway) {
  Json rows = Json::array();
  for (const Route& route : gateway.routes()) {
    Json row = {{"to", to_string(route.destination)},
                {"kind", kind_name(route.next_hop.kind)},
                {"port", port_name(gateway, route.next_hop.port)}};
    if (route.next_hop.kind == NextHop::Kind::Gateway)
      row["via"] = to_string(route.next_hop.gateway);
    rows.push_back(std::move(row));
  }
  return rows;
}

Json show_neighbours(Gateway& gateway) {
  Json rows = Json::array();
  for (const NeighbourFacts& neighbour : gateway.neighbours()) {
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(neighbour.age);
    rows.push_back({{"address", to_string(neighbour.address)},
                    {"port", port_name(gateway, neighbour.port)},
                    {"mac", neighbour.mac ? to_string(*neighbour.mac) : ""},
                    {"state", neighbour.is_static ? "static" : to_string(neighbour.state)},
                    {"age_seconds", age.count()}});
  }
  return rows;
}

Json show_policies(Gateway& gateway) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < gateway.configuration().spds.size(); ++i)
    for (const Policy* policy : gateway.spd().ordered(SpdId{static_cast<std::uint16_t>(i)}))
      rows.push_back(policy_row(gateway, *policy));
  const auto unmatched = gateway.dataplane().policy_traffic(kNoPolicy);
  rows.push_back({{"name", "(nothing matched)"},
                  {"spd", ""},
                  {"action", "discard"},
                  {"selectors", Json::array({"any"})},
                  {"packets", unmatched.packets},
                  {"bytes", unmatched.bytes}});
  return rows;
}

Json show_sas(Gateway& gateway) {
  Json rows = Json::array();
  gateway.sad().for_each([&](const Sad::Entry& entry) { rows.push_back(sa_row(gateway, entry)); });
  return rows;
}

Json show_drops(Gateway& gateway, DropRows rows) {
  Json list = Json::array();
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const auto reason = static_cast<DropReason>(i);
    const std::uint64_t count = gateway.dataplane().dropped(reason);
    if (count == 0 && rows == DropRows::Occurred) continue;
    const DropFacts& about = facts(reason);
    list.push_back({{"reason", about.name},
                    {"packets", count},
                    {"class", about.kind == DropClass::Dropped ? "dropped" : "consumed"},
                    {"audit", about.audit},
                    {"meaning", about.meaning}});
  }
  return list;
}

Json show_icmp(Gateway& gateway) {
  Json rows = Json::array();
  const auto add = [&](std::string_view direction, std::string_view outcome, std::uint64_t count) {
    rows.push_back({{"direction", direction}, {"outcome", outcome}, {"messages", count}});
  };
  for (std::size_t i = 0; i < kIcmpOutcomeCount; ++i) {
    const auto outcome = static_cast<IcmpOutcome>(i);
    add("heard", to_string(outcome), gateway.control().icmp_count(outcome));
  }
  const IcmpErrorCounters& made = gateway.control().icmp_errors();
  add("told", "sent", made.sent.read());
  add("told", "limited", made.limited.read());
  add("told", "suppressed", made.suppressed.read());
  return rows;
}

Json show_workers(Gateway& gateway) {
  Json rows = Json::array();
  for (const WorkerStatus& worker : gateway.dataplane().workers())
    rows.push_back({{"worker", worker.id.value},
                    {"crypto", worker.crypto_variant},
                    {"turns", worker.turns},
                    {"busy_turns", worker.busy_turns},
                    {"flow_hits", worker.flow_hits},
                    {"flow_misses", worker.flow_misses},
                    {"flow_stale", worker.flow_stale},
                    {"flow_evictions", worker.flow_evictions},
                    {"punted", worker.punted},
                    {"held", worker.held},
                    {"released", worker.released},
                    {"originated", worker.originated},
                    {"given", worker.given},
                    {"taken", worker.taken},
                    {"resynchronised", worker.resynchronised},
                    {"resynchronisation_trials", worker.resynchronisation_trials}});
  return rows;
}

Json show_audit(Gateway& gateway, std::uint64_t after) {
  Json rows = Json::array();
  for (const AuditRecord& record : gateway.audit().recent(after)) rows.push_back(Json(record));
  return rows;
}

Json audit_counters(Gateway& gateway) {
  const AuditCounters& counters = gateway.audit().counters();
  return {{"recorded", counters.recorded},
          {"suppressed", counters.suppressed},
          {"lost", counters.lost},
          {"events_lost", gateway.dataplane().events_lost()}};
}

Json show_account(Gateway& gateway) {
  const PacketAccount account = gateway.dataplane().account();
  return Json::array({{{"received", account.received},
                       {"originated", account.originated},
                       {"fragments_made", account.fragments_made},
                       {"sent", account.sent},
                       {"dropped", account.dropped},
                       {"consumed", account.consumed},
                       {"punted", account.punted},
                       {"held", account.held},
                       {"handed_off", account.handed_off},
                       {"fragments_joined", account.fragments_joined},
                       {"fragments_kept", account.fragments_kept},
                       {"balance", account.balance()},
                       {"mbufs_in_use", gateway.dataplane().mbufs_in_use()}}});
}

}  // namespace sallyport
