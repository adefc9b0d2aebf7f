#include "gateway/explain_command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "gateway/control_views.h"
#include "gateway/packet_question.h"
#include "net/protocol.h"

namespace sallyport {
namespace {

using Json = nlohmann::json;

Json packet_json(const PacketFields& packet) {
  Json json = {{"from", to_string(packet.from)},
               {"to", to_string(packet.to)},
               {"protocol", protocol_name(packet.protocol)},
               {"dscp", packet.dscp}};
  switch (port_meaning(packet.protocol)) {
    case PortMeaning::Ports:
      json["source_port"] = packet.source_port;
      json["port"] = packet.destination_port;
      break;
    case PortMeaning::Icmp:
      json["icmp"] = fmt::format("{}/{}", packet.source_port >> 8, packet.source_port & 0xff);
      break;
    case PortMeaning::Mobility:
      json["mh_type"] = packet.source_port >> 8;
      break;
    case PortMeaning::None:
      break;
  }
  return json;
}

Json way_json(Gateway& gateway, const Explanation::Way& way) {
  Json row = route_row(gateway, {way.to.value_or(Prefix{}), way.next_hop});
  if (!way.to) row.erase("to");
  return row;
}

Json names_json(const Explanation::Names& names) {
  return {{"names", names.names}, {"count", names.count}};
}

Json judgement_json(Gateway& gateway, const Explanation::Judgement& judgement) {
  Json row = {{"direction", to_string(judgement.direction)},
              {"spd", gateway.configuration().spds[judgement.spd.value].name},
              {"action", to_string(judgement.action)},
              {"cut_by", names_json(judgement.cut_by)},
              {"shadows", names_json(judgement.shadows)}};
  if (judgement.policy != nullptr) {
    row["policy"] = judgement.policy->name;
    row["position"] = judgement.position;
  }
  if (!judgement.entry.empty()) row["entry"] = judgement.entry;
  return row;
}

Json carrier_json(Gateway& gateway, const Explanation::Carrier& carrier) {
  const Sa& sa = *carrier.sa;
  Json row = {{"name", sa.name},
              {"spi", fmt::format("0x{:08x}", sa.spi.value)},
              {"protocol", to_string(sa.protocol)},
              {"mode", to_string(sa.mode)},
              {"route", way_json(gateway, carrier.way)}};
  if (sa.endpoints.remote.is_unspecified()) return row;
  row["local"] = to_string(sa.endpoints.local);
  row["remote"] = to_string(sa.endpoints.remote);
  return row;
}

std::string verdict_of(const Explanation& told) {
  switch (told.fate) {
    case Fate::Forwarded:
      return "forwarded";
    case Fate::Protected:
      return "protected";
    case Fate::Delivered:
      return "delivered to this gateway";
    case Fate::Opened:
      return "opened by the SA that has its SPI";
    case Fate::Held:
      return "held until an SA is negotiated";
    case Fate::Discarded:
      break;
  }
  return fmt::format("discarded: {}", facts(*told.reason).name);
}

}  // namespace

Expected<Json> explain_packet(Gateway& gateway, const RequestArguments& arguments) {
  const auto question = read_question(gateway, arguments);
  if (!question) return std::unexpected(question.error());
  const Explanation told = explain(gateway, question->fields, question->ingress);
  Json answer = {{"packet", packet_json(question->fields)},
                 {"in", port_name(gateway, question->ingress)},
                 {"direction", to_string(told.direction)},
                 {"route", way_json(gateway, told.way)},
                 {"crosses", !told.judgements.empty()},
                 {"judged", Json::array()},
                 {"sas", Json::array()},
                 {"verdict", verdict_of(told)}};
  for (const auto& judgement : told.judgements)
    answer["judged"].push_back(judgement_json(gateway, judgement));
  for (const auto& carrier : told.sas) answer["sas"].push_back(carrier_json(gateway, carrier));
  if (told.reason) answer["reason"] = facts(*told.reason).name;
  if (told.peer) answer["negotiate_with"] = to_string(*told.peer);
  if (told.out != kNoPort) answer["out"] = port_name(gateway, told.out);
  return answer;
}

}  // namespace sallyport
