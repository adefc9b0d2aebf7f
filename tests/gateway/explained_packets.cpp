#include "tests/gateway/explained_packets.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/gateway/five_ports.h"
#include "tests/gateway/random_network.h"

namespace sallyport::test {
namespace {

constexpr const char* kNobody = "(nothing matched)";

// Everything that a packet can leave behind, by kind and name.
Json counters(WiredGateway& gateway) {
  Dataplane& dataplane = gateway->dataplane();
  Json counted = {{"policies", Json::object()}, {"drops", Json::object()}, {"sas", Json::object()}};
  counted["policies"][kNobody] = dataplane.policy_traffic(kNoPolicy).packets;
  for (std::size_t i = 0; i < gateway->configuration().spds.size(); ++i)
    for (const Policy* policy : gateway->spd().ordered(SpdId{static_cast<std::uint16_t>(i)}))
      counted["policies"][policy->name] =
          dataplane.policy_traffic(*gateway->spd().id_of(policy->name)).packets;
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const auto reason = static_cast<DropReason>(i);
    counted["drops"][std::string(facts(reason).name)] = dataplane.dropped(reason);
  }
  gateway->sad().for_each([&](const Sad::Entry& entry) {
    counted["sas"][entry.sa->name] =
        dataplane.sas().counters(entry.sa->direction, entry.slot).packets;
  });
  counted["delivered"] = dataplane.workers().front().punted;
  counted["waiting"] = dataplane.account().held;
  return counted;
}

// Those that rose, and by how much.
Json risen(const Json& before, const Json& after) {
  if (after.is_number()) return after.get<std::uint64_t>() - before.get<std::uint64_t>();
  Json rises = Json::object();
  for (const auto& [name, value] : after.items()) {
    const Json rise = risen(before.at(name), value);
    if (rise != 0 && rise != Json::object()) rises[name] = rise;
  }
  return rises;
}

Json happened(WiredGateway& gateway, PortId port, const PacketBytes& datagram) {
  const Json before = counters(gateway);
  gateway.receive(port, datagram);
  gateway.turn();
  Json seen = risen(before, counters(gateway));
  for (const PortConfig& out : gateway->configuration().ports) {
    const auto index = static_cast<std::uint16_t>(&out - gateway->configuration().ports.data());
    if (const auto frames = gateway.sent(PortId{index})) seen["sent"][out.name] = frames;
  }
  return seen;
}

// The same from the answer of `explain`.
Json foretold(const Json& answer) {
  Json seen = Json::object();
  const auto count = [](Json& group, const std::string& name) {
    if (group.is_null()) group = Json::object();
    group[name] = group.value(name, 0) + 1;
  };
  for (const Json& judged : answer.at("judged"))
    count(seen["policies"], judged.value("policy", kNobody));
  for (const Json& sa : answer.at("sas")) count(seen["sas"], sa.at("name"));
  if (answer.contains("reason")) count(seen["drops"], answer["reason"]);
  if (answer.at("verdict") == "delivered to this gateway") seen["delivered"] = 1;
  if (answer.contains("out")) count(seen["sent"], answer["out"]);
  if (answer.at("verdict") == "held until an SA is negotiated") seen["waiting"] = 1;
  // Its SPI is nobody's.
  if (answer.at("verdict") == "opened by the SA that has its SPI") seen["drops"]["unknown_spi"] = 1;
  return seen;
}

}  // namespace

void quieten(WiredGateway& gateway) {
  gateway.running().settle();
  for (std::uint16_t port = 0; port < kFivePortCount; ++port)
    static_cast<void>(gateway.sent(PortId{port}));
}

Json compare(WiredGateway& gateway, FixedRandom& random, Verdicts& verdicts) {
  const AskedPacket packet = random_packet(random);
  Json arguments = Json::parse(packet.arguments);
  const PortId port{static_cast<std::uint16_t>(random.below(kFivePortCount))};
  arguments["in"] = gateway->configuration().ports[port.value].name;
  const Json answer = gateway.running().ask("explain", arguments);
  INFO(arguments.dump());
  INFO(answer.dump(1));
  REQUIRE(answer.contains("ok"));
  const Json told = foretold(answer["ok"]);
  REQUIRE(happened(gateway, port, packet.datagram) == told);
  ++verdicts[answer["ok"].at("verdict")];
  if (answer["ok"].at("sas").size() > 1) ++verdicts["by several SAs"];
  if (answer["ok"].at("judged").size() > 1) ++verdicts["by several SPDs"];
  quieten(gateway);
  return answer["ok"];
}

}  // namespace sallyport::test
