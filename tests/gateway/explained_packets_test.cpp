// What `explain` says of a packet, compared with what then becomes of that very packet.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/gateway/five_ports.h"
#include "tests/gateway/random_network.h"
#include "tests/gateway/wired_gateway.h"

using namespace sallyport;
using namespace sallyport::test;

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
  // Its SPI is nobody's.
  if (answer.at("verdict") == "opened by the SA that has its SPI") seen["drops"]["unknown_spi"] = 1;
  return seen;
}

// Drops control's answers, and what came of them.
void quieten(WiredGateway& gateway) {
  gateway.running().settle();
  for (std::uint16_t port = 0; port < kFivePortCount; ++port)
    static_cast<void>(gateway.sent(PortId{port}));
}

// How often each verdict was given: a test of one verdict proves little.
using Verdicts = std::map<std::string, unsigned>;

void compare(WiredGateway& gateway, FixedRandom& random, Verdicts& verdicts) {
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
}

}  // namespace

TEST_CASE("SPD-01, SPD-02, ARCH-10: what explain says of a packet then becomes of that packet") {
  constexpr unsigned kConfigurations = 60;
  constexpr unsigned kPackets = 60;
  FixedRandom random(20240611);
  WiredGateway gateway(kFivePortCount, kFivePorts, kFiveWays + five_neighbours());
  Verdicts verdicts;
  for (unsigned i = 0; i < kConfigurations; ++i) {
    const std::string text = random_configuration(random);
    INFO(text);
    const auto loaded = gateway.running().reload(text);
    INFO((loaded ? "" : to_string(loaded.error())));
    REQUIRE(loaded);
    for (unsigned j = 0; j < kPackets; ++j) compare(gateway, random, verdicts);
  }
  for (const char* verdict :
       {"forwarded", "protected", "delivered to this gateway", "opened by the SA that has its SPI",
        "discarded: policy_discard", "discarded: no_policy", "discarded: no_sa",
        "discarded: plaintext_protected", "discarded: blackhole", "discarded: no_route",
        "discarded: multicast", "discarded: bad_address", "discarded: link_protocol",
        "discarded: icmp_no_sa", "discarded: transport_forwarded", "discarded: family_not_allowed",
        "discarded: nesting_too_deep", "by several SAs", "by several SPDs"}) {
    INFO(verdict << " " << verdicts[verdict]);
    CHECK(verdicts[verdict] >= 10);
  }
}

TEST_CASE("SPD-01: what explain says holds after policies were edited by hand") {
  FixedRandom random(7);
  WiredGateway gateway(kFivePortCount, kFivePorts, random_configuration(random));
  Verdicts verdicts;
  for (unsigned i = 0; i < 40; ++i) {
    const auto names = gateway.running().own_policies();
    const std::string& one = names[random.below(static_cast<std::uint32_t>(names.size()))];
    const std::string added = "[[policy]]\nname = \"e" + std::to_string(i) +
                              "\"\naction = \"bypass\"\nremote = \"10.3.0.7\"\n";
    const Json edits[] = {{{"do", "policy.move"}, {"args", {{"name", one}, {"last", true}}}},
                          {{"do", "policy.move"}, {"args", {{"name", one}, {"at", 8}}}},
                          {{"do", "policy.insert"}, {"args", {{"toml", added}, {"at", i % 8}}}},
                          {{"do", "policy.remove"}, {"args", {{"name", one}}}}};
    const Json& edit = edits[random.below(3 + (names.size() > 6))];
    static_cast<void>(gateway.running().ask(edit["do"], edit["args"]));
    for (unsigned j = 0; j < 10; ++j) compare(gateway, random, verdicts);
  }
  CHECK(verdicts.size() >= 5);
}
