#include "gateway/control_views.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "gateway/texts.h"

namespace sallyport {
namespace {

using Json = nlohmann::json;

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

// As the configuration writes it: a word, the class, or a table of outer classes by inner ones.
Json outer_dscp(const DscpRule& rule) {
  if (rule.kind == DscpRule::Kind::Copy) return "copy";
  if (rule.kind == DscpRule::Kind::Fixed) return rule.fixed;
  Json table = Json::object();
  for (std::size_t inner = 0; inner < rule.map.size(); ++inner)
    if (rule.map[inner] != inner) table[std::to_string(inner)] = rule.map[inner];
  return table;
}

Json header_rules(const TunnelHeaderRules& rules) {
  constexpr std::string_view kDf[] = {"copy", "set", "clear"};
  return {{"df", kDf[static_cast<std::size_t>(rules.df)]},
          {"ecn", rules.ecn == EcnRule::Normal ? "normal" : "compatibility"},
          {"dscp", outer_dscp(rules.dscp)},
          {"dscp_from_outer", rules.dscp_from_outer},
          {"hop_limit", rules.hop_limit},
          {"flow_label", rules.flow_label}};
}

std::string_view name_of(FragmentChecks checks) {
  constexpr std::string_view kNames[] = {"stateless", "opaque", "opaque-ipv6", "stateful",
                                         "unagreed"};
  return kNames[static_cast<std::size_t>(checks)];
}

std::string_view name_of(Fragmentation when) {
  return when == Fragmentation::After ? "after" : "before";
}

Json protection(const Protection& protect) {
  return {{"protocol", to_string(protect.protocol)},
          {"mode", to_string(protect.mode)},
          {"local", to_string(protect.endpoints.local)},
          {"remote", to_string(protect.endpoints.remote)},
          {"esn", protect.esn},
          {"replay_window", protect.replay_window},
          {"fragments", name_of(protect.fragments)},
          {"fragmentation", name_of(protect.fragmentation)},
          {"header", header_rules(protect.header)},
          {"soft", lifetime(protect.soft)},
          {"hard", lifetime(protect.hard)},
          {"loop_back", protect.loop_back},
          {"sas", protect.sas}};
}

void add_traffic(const Dataplane::Traffic& traffic, Json& row) {
  row["packets"] = traffic.packets;
  row["bytes"] = traffic.bytes;
  row["idle_seconds"] =
      traffic.idle ? Json(std::chrono::duration<double>(*traffic.idle).count()) : Json(nullptr);
}

Json row_of(Gateway& gateway, const Policy& policy, std::size_t position) {
  const auto traffic = gateway.dataplane().policy_traffic(*gateway.spd().id_of(policy.name));
  Json row = {
      {"name", policy.name},
      {"spd", gateway.configuration().spds[policy.spd.value].name},
      {"position", position},
      {"action", to_string(policy.action)},
      {"selectors", texts(policy.selectors)},
  };
  add_traffic(traffic, row);
  if (policy.direction != PolicyDirection::Both)
    row["direction"] = policy.direction == PolicyDirection::Inbound ? "in" : "out";
  if (policy.tunnel) row["interface"] = "tunnel " + to_string(*policy.tunnel);
  if (!policy.active) row["active"] = false;
  if (!policy.names.empty()) row["names"] = policy.names;
  if (policy.pfp != PopulateFromPacket{}) row["pfp"] = names_of(policy.pfp);
  if (policy.protect) row["protect"] = protection(*policy.protect);
  return row;
}

Json row_of_unmatched(Gateway& gateway) {
  Json row = {{"name", "(nothing matched)"},
              {"spd", ""},
              {"action", "discard"},
              {"selectors", Json::array({"any"})}};
  add_traffic(gateway.dataplane().policy_traffic(kNoPolicy), row);
  return row;
}

// What only senders have.
void add_outbound(const Sa& sa, Json& row) {
  row["fragmentation"] = name_of(sa.fragmentation);
  row["dscp_classes"] = sa.dscp;
  row["spread"] = sa.spread;
  row["tfc"] = {{"size", sa.tfc_bytes}, {"multiple", sa.tfc_multiple}};
  row["dummies"] = {{"rate", sa.dummies.per_second},
                    {"size", sa.dummies.bytes},
                    {"random", sa.dummies.random_size}};
  row["loop_back"] = sa.loop_back;
}

// Its age is told where it was learnt; otherwise it is the first link's.
void add_path_mtu(Gateway& gateway, SaSlot slot, Json& row) {
  const PathMtu path = gateway.sad().path_mtus().of(slot);
  row["path_mtu"] = path.octets;
  if (!path.learnt) return;
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(gateway.now() - *path.learnt);
  row["path_mtu_age_seconds"] = age.count();
}

Json row_of(Gateway& gateway, const Sad::Entry& entry) {
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
              {"fragments", name_of(sa.fragments)},
              {"header", header_rules(sa.header)},
              {"destination_options", to_string(sa.destination_options)},
              {"selectors", texts(sa.selectors)},
              {"configured", sa.static_key}};
  if (sa.direction == Direction::Outbound) {
    add_outbound(sa, row);
    add_path_mtu(gateway, entry.slot, row);
  } else {
    row["lookup"] = to_string(sa.lookup);
  }
  if (sa.protocol == IpsecProtocol::Ah) row["ah_alignment"] = sa.ah_alignment;
  if (const auto limit = gateway.lifetimes().soft_limit_of(sa.name))
    row["soft_reached"] = to_string(*limit);
  if (sa.encapsulation)
    row["udp"] = {{"local_port", sa.encapsulation->local_port},
                  {"remote_port", sa.encapsulation->remote_port}};
  return row;
}

Json row_of(Gateway& gateway, const PortStatus& port) {
  Json row = {{"name", port.settings->name},
              {"device", port.settings->device},
              {"driver", port.driver},
              {"side", port.settings->side == Side::Protected ? "protected" : "unprotected"},
              {"kind", port.settings->kind == PortKind::Link ? "link" : "local-stack"},
              {"link", port.link_up ? "up" : "down"},
              {"mac", to_string(port.mac)},
              {"mtu", port.settings->mtu},
              {"addresses", texts(gateway.configuration().ports[port.id.value].addresses)},
              {"queues", port.queues},
              {"received_packets", port.received_packets},
              {"received_bytes", port.received_bytes},
              {"sent_packets", port.sent_packets},
              {"sent_bytes", port.sent_bytes}};
  if (port.settings->vlan) row["vlan"] = *port.settings->vlan;
  return row;
}

Json row_of(Gateway& gateway, const NeighbourFacts& neighbour) {
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(neighbour.age);
  return {{"address", to_string(neighbour.address)},
          {"port", port_name(gateway, neighbour.port)},
          {"mac", neighbour.mac ? to_string(*neighbour.mac) : ""},
          {"state", neighbour.is_static ? "static" : to_string(neighbour.state)},
          {"age_seconds", age.count()}};
}

Json row_of(const WorkerStatus& worker) {
  return {{"worker", worker.id.value},
          {"crypto", worker.crypto_variant},
          {"turns", worker.turns},
          {"busy_turns", worker.busy_turns},
          {"flow_hits", worker.flow_hits},
          {"flow_misses", worker.flow_misses},
          {"flow_stale", worker.flow_stale},
          {"flow_evictions", worker.flow_evictions},
          {"flow_refused", worker.flow_refused},
          {"punted", worker.punted},
          {"held", worker.held},
          {"released", worker.released},
          {"originated", worker.originated},
          {"given", worker.given},
          {"taken", worker.taken},
          {"resynchronised", worker.resynchronised},
          {"resynchronisation_trials", worker.resynchronisation_trials}};
}

Json row_of(const PacketAccount& account, std::uint64_t mbufs_in_use) {
  return {{"received", account.received},
          {"originated", account.originated},
          {"fragments_made", account.fragments_made},
          {"group_copies", account.group_copies},
          {"sent", account.sent},
          {"dropped", account.dropped},
          {"consumed", account.consumed},
          {"punted", account.punted},
          {"held", account.held},
          {"handed_off", account.handed_off},
          {"fragments_joined", account.fragments_joined},
          {"fragments_kept", account.fragments_kept},
          {"balance", account.balance()},
          {"mbufs_in_use", mbufs_in_use}};
}

}  // namespace

std::string port_name(Gateway& gateway, PortId id) {
  return id == kNoPort ? "" : gateway.configuration().ports[id.value].name;
}

Json route_row(Gateway& gateway, const Route& route) {
  Json row = {{"to", to_string(route.destination)},
              {"kind", kind_name(route.next_hop.kind)},
              {"port", port_name(gateway, route.next_hop.port)}};
  if (route.next_hop.kind == NextHop::Kind::Gateway) row["via"] = to_string(route.next_hop.gateway);
  return row;
}

void show_ports(Gateway& gateway, PageOfRows& page) {
  for (const PortStatus& port : gateway.dataplane().ports())
    page.add([&] { return row_of(gateway, port); });
}

void show_routes(Gateway& gateway, PageOfRows& page) {
  for (const Route& route : gateway.routes()) page.add([&] { return route_row(gateway, route); });
}

void show_neighbours(Gateway& gateway, PageOfRows& page) {
  for (const NeighbourFacts& neighbour : gateway.neighbours())
    page.add([&] { return row_of(gateway, neighbour); });
}

void show_policies(Gateway& gateway, PageOfRows& page) {
  for (std::size_t i = 0; i < gateway.configuration().spds.size(); ++i) {
    const auto ordered = gateway.spd().ordered(SpdId{static_cast<std::uint16_t>(i)});
    for (std::size_t position = 0; position < ordered.size(); ++position)
      page.add([&] { return row_of(gateway, *ordered[position], position); });
  }
  page.add([&] { return row_of_unmatched(gateway); });
}

void show_sas(Gateway& gateway, PageOfRows& page) {
  gateway.sad().for_each(
      [&](const Sad::Entry& entry) { page.add([&] { return row_of(gateway, entry); }); });
}

void show_drops(Gateway& gateway, DropRows rows, PageOfRows& page) {
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const auto reason = static_cast<DropReason>(i);
    const std::uint64_t count = gateway.dataplane().dropped(reason);
    if (count == 0 && rows == DropRows::Occurred) continue;
    const DropFacts& about = facts(reason);
    page.add([&]() -> Json {
      return {{"reason", about.name},
              {"packets", count},
              {"class", about.kind == DropClass::Dropped ? "dropped" : "consumed"},
              {"audit", about.audit},
              {"meaning", about.meaning}};
    });
  }
}

void show_icmp(Gateway& gateway, PageOfRows& page) {
  const auto add = [&](std::string_view direction, std::string_view outcome, std::uint64_t count) {
    page.add([&]() -> Json {
      return {{"direction", direction}, {"outcome", outcome}, {"messages", count}};
    });
  };
  for (std::size_t i = 0; i < kIcmpOutcomeCount; ++i) {
    const auto outcome = static_cast<IcmpOutcome>(i);
    add("heard", to_string(outcome), gateway.control().icmp_count(outcome));
  }
  const IcmpErrorCounters& made = gateway.control().icmp_errors();
  add("told", "sent", made.sent.read());
  add("told", "limited", made.limited.read());
  add("told", "suppressed", made.suppressed.read());
}

void show_workers(Gateway& gateway, PageOfRows& page) {
  for (const WorkerStatus& worker : gateway.dataplane().workers())
    page.add([&] { return row_of(worker); });
}

void show_audit(Gateway& gateway, std::uint64_t after, PageOfRows& page) {
  for (const AuditRecord& record : gateway.audit().recent(after))
    page.add([&] { return Json(record); });
}

Json audit_counters(Gateway& gateway) {
  const AuditCounters& counters = gateway.audit().counters();
  return {{"recorded", counters.recorded},
          {"suppressed", counters.suppressed},
          {"lost", counters.lost},
          {"events_lost", gateway.dataplane().events_lost()}};
}

void show_account(Gateway& gateway, PageOfRows& page) {
  page.add(
      [&] { return row_of(gateway.dataplane().account(), gateway.dataplane().mbufs_in_use()); });
}

}  // namespace sallyport
