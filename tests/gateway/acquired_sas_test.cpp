// SAs that a key manager makes for a running gateway, and what becomes of them when policies change
// (SPD-06, SPD-13, SPD-15).
#include "gateway/acquired_sas.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "spd/decorrelation.h"
#include "tests/gateway/config_support.h"
#include "tests/gateway/recorded_keys.h"
#include "tests/gateway/wired_gateway.h"

namespace sallyport::acquired_sas_test {

using namespace test;

namespace {

constexpr PortId kLan{0};
constexpr PortId kWan{1};

std::string wired_ports() {
  std::string ports = replaced(kPorts, "net_af_packet0,iface=lan0", "wire0");
  return replaced(ports, "net_af_packet1,iface=wan0", "wire1");
}

const std::string kWay = R"(
[[route]]
to = "10.2.0.0/16"
via = "192.0.2.2"

[[neighbour]]
address = "192.0.2.2"
mac = "02:00:00:00:00:02"
port = "wan"
)";

struct PolicyText {
  std::string endpoint{"192.0.2.2"};
  std::string action{"protect"};
  std::string pfp{};
  std::string remote{"10.2.0.0/16"};
  bool esn{true};
  std::string selectors{};  // instead of the addresses
  std::string before{};     // earlier policies
};

std::string configuration(std::string_view changed, const PolicyText& policy = {}) {
  std::string text = kWay + "[policy_changes]\nsas = \"" + std::string(changed) + "\"\n" +
                     policy.before + "[[policy]]\nname = \"site\"\naction = \"" + policy.action +
                     "\"\n";
  text += policy.selectors.empty() ? "local = \"10.1.0.0/24\"\nremote = \"" + policy.remote + "\"\n"
                                   : "selectors = [" + policy.selectors + "]\n";
  if (!policy.pfp.empty()) text += "pfp = [" + policy.pfp + "]\n";
  if (policy.action == "protect")
    text += "protect = { endpoints = { local = \"192.0.2.1\", remote = \"" + policy.endpoint +
            "\" }, proposals = [\"aes128-gcm16\"], esn = " +
            std::string(policy.esn ? "true" : "false") + " }\n";
  return text;
}

class World {
 public:
  explicit World(std::string_view changed, const PolicyText& policy = {})
      : gateway(2, wired_ports(), configuration(changed, policy)) {
    gateway->acquire_by(keys);
  }
  // Frames that left for packets to 10.2.0.X.
  std::size_t send(int host = 9, int times = 1) {
    return send_to("10.2.0." + std::to_string(host), times);
  }
  std::size_t send_to(const std::string& address, int times = 1) {
    for (int i = 0; i < times; ++i)
      gateway.receive(kLan, PacketBuilder("10.1.0.5", address).udp(1000, 2000).filler(32).build());
    gateway.running().settle();
    return gateway.sent(kWan);
  }
  void provide(std::size_t request) {
    const auto done =
        gateway->provide_sas(keys.requests.at(request).id, keys.pair(keys.requests.at(request)));
    INFO((done ? "" : to_string(done.error())));
    REQUIRE(done);
    gateway.running().settle();
  }
  std::vector<std::string> sas() { return gateway.running().column("show.sas", "name"); }
  void reload(std::string_view changed, const PolicyText& policy) {
    REQUIRE(gateway.running().reload(configuration(changed, policy)));
    wait(std::chrono::milliseconds(200));
  }
  void wait(Duration time) {
    gateway.running().clock().advance(time);
    gateway.running().settle();
  }
  std::uint64_t dropped(DropReason reason) { return gateway->dataplane().dropped(reason); }

  RecordedKeys keys;
  WiredGateway gateway;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE(
    "SPD-15: a gateway asks its key manager, holds the packets and sends them by the new SA") {
  World world("rekey");
  CHECK(world.send(9, 3) == 0);
  REQUIRE(world.keys.requests.size() == 1);
  CHECK(world.keys.requests[0].policy == "site");
  CHECK(world.keys.requests[0].selectors == world.gateway->spd().find("site")->selectors);
  world.provide(0);
  CHECK(world.gateway.sent(kWan) == 3);
  CHECK(world.send() == 1);
  CHECK(world.sas() == Names{"in-1", "out-1"});
  // What is not asked for is not taken.
  CHECK_FALSE(world.gateway->provide_sas(world.keys.requests[0].id, {}));
  CHECK_FALSE(world.gateway->refuse_sas(world.keys.requests[0].id));
}

TEST_CASE("SPD-05: SAs are asked for all sets of a policy at once, and each of them uses these") {
  const auto set = [](int network) {
    return "{ local = \"10.1.0.0/24\", remote = \"10.2." + std::to_string(network) + ".0/24\" }";
  };
  World world("rekey", {.selectors = set(1) + ", " + set(2) + ", " + set(3)});
  CHECK(world.send_to("10.2.2.9") == 0);
  REQUIRE(world.keys.requests.size() == 1);
  CHECK(world.keys.requests[0].selectors == world.gateway->spd().find("site")->selectors);
  CHECK(world.keys.requests[0].selectors.size() == 3);
  world.provide(0);
  CHECK(world.gateway.sent(kWan) == 1);
  for (const char* const host : {"10.2.1.9", "10.2.2.9", "10.2.3.9"})
    CHECK(world.send_to(host) == 1);
  CHECK(world.keys.requests.size() == 1);
  CHECK(world.sas() == Names{"in-1", "out-1"});
}

TEST_CASE(
    "SPD-05: a policy that earlier ones cut into three stretches has one SA for all of them") {
  const auto bypass = [](const std::string& name, const std::string& remote) {
    return "[[policy]]\nname = \"" + name + "\"\nremote = \"" + remote +
           "\"\naction = \"discard\"\n";
  };
  World world("rekey", {.before = bypass("one", "10.2.64.0/24") + bypass("two", "10.2.128.0/24")});
  const auto ordered = world.gateway->spd().ordered(SpdId{});
  const auto site = std::ranges::find(ordered, world.gateway->spd().find("site"));
  Decorrelation decorrelation(ordered);
  const auto stretches = [&](const char* remote) {
    const SelectorFields packet{.local = Address::parse("10.1.0.5").value(),
                                .remote = Address::parse(remote).value(),
                                .protocol = kProtocolUdp,
                                .local_port = 1000,
                                .remote_port = 2000};
    return decorrelation.piece_of(static_cast<std::size_t>(site - ordered.begin()), packet)
        .value()
        .region.remote.size();
  };
  REQUIRE(stretches("10.2.100.9") == 3);
  // The middle stretch asks, and the request is for the whole (RFC 4301 4.4.1).
  world.send_to("10.2.100.9");
  REQUIRE(world.keys.requests.size() == 1);
  CHECK(world.keys.requests[0].selectors == world.gateway->spd().find("site")->selectors);
  world.provide(0);
  REQUIRE(world.gateway.sent(kWan) == 1);
  for (const char* const host : {"10.2.1.9", "10.2.100.9", "10.2.200.9"})
    CHECK(world.send_to(host) == 1);
  CHECK(world.send_to("10.2.64.9") == 0);
  CHECK(world.keys.requests.size() == 1);
  CHECK(world.sas() == Names{"in-1", "out-1"});
}

TEST_CASE("SPD-15: SAs that cannot be installed refuse the request, and nothing stays behind") {
  World world("rekey");
  world.send();
  auto sas = world.keys.pair(world.keys.requests.at(0));
  sas[1].name = sas[0].name;
  const auto refused = world.gateway->provide_sas(world.keys.requests[0].id, std::move(sas));
  CHECK_FALSE(refused);
  world.gateway.running().settle();
  CHECK(world.sas().empty());
  CHECK(world.dropped(DropReason::AcquireRefused) == 1);
}

TEST_CASE("SPD-06: an unchanged policy's SAs go on over a reload, whatever else changes") {
  World world("delete");
  world.send();
  world.provide(0);
  REQUIRE(world.gateway.sent(kWan) == 1);
  REQUIRE(world.gateway.running().reload(configuration("delete") +
                                         "[[policy]]\nname = \"more\"\naction = \"discard\"\n"));
  CHECK(world.sas() == Names{"in-1", "out-1"});
  CHECK(world.send() == 1);
  CHECK(world.keys.requests.size() == 1);
}

TEST_CASE("SPD-06: flipped to discard, nothing passes from the moment the reload returns") {
  for (const std::string_view choice : {"keep", "delete", "rekey"}) {
    CAPTURE(choice);
    World world(choice);
    world.send();
    world.provide(0);
    REQUIRE(world.gateway.sent(kWan) == 1);
    REQUIRE(world.send(9, 20) == 20);
    REQUIRE(world.gateway.running().reload(configuration(choice, {.action = "discard"})));
    CHECK(world.send(9, 20) == 0);
    CHECK(world.dropped(DropReason::PolicyDiscard) == 20);
    CHECK(world.keys.requests.size() == 1);
    CHECK(world.sas() == (choice == "keep" ? Names{"in-1", "out-1"} : Names{}));
  }
}

TEST_CASE("SPD-06: keep: the changed policy of the same name uses the SAs that there are") {
  World world("keep");
  world.send();
  world.provide(0);
  REQUIRE(world.gateway.sent(kWan) == 1);
  world.reload("keep", {.esn = false});
  CHECK(world.send() == 1);
  CHECK(world.keys.requests.size() == 1);
  // Where it protects that packet no more they are kept for what comes in, and used again later.
  world.reload("keep", {.remote = "10.2.7.0/24", .esn = false});
  CHECK(world.sas() == Names{"in-1", "out-1"});
  CHECK(world.send() == 0);
  world.reload("keep", {});
  CHECK(world.send() == 1);
  CHECK(world.keys.requests.size() == 1);
}

TEST_CASE("SPD-06: delete: the changed policy has to ask anew") {
  World world("delete");
  world.send();
  world.provide(0);
  REQUIRE(world.gateway.sent(kWan) == 1);
  world.reload("delete", {.esn = false});
  CHECK(world.sas().empty());
  CHECK(world.keys.requests.size() == 1);
  CHECK(world.send() == 0);
  REQUIRE(world.keys.requests.size() == 2);
  world.provide(1);
  CHECK(world.gateway.sent(kWan) == 1);
}

TEST_CASE(
    "SPD-06: rekey: new SAs are asked for at once, the old ones are heard until they are there") {
  World world("rekey");
  world.send();
  world.provide(0);
  REQUIRE(world.gateway.sent(kWan) == 1);
  world.reload("rekey", {.esn = false});
  REQUIRE(world.keys.requests.size() == 2);
  CHECK(world.sas() == Names{"in-1", "out-1"});
  CHECK(world.send() == 0);  // waits: nothing leaves by what the old policy had agreed to
  world.provide(1);
  CHECK(world.gateway.sent(kWan) == 1);
  CHECK(world.sas() == Names{"in-2", "out-2"});

  // Without an answer the old ones end with the request.
  world.reload("rekey", {});
  REQUIRE(world.keys.requests.size() == 3);
  REQUIRE(world.gateway->refuse_sas(world.keys.requests[2].id));
  world.wait(std::chrono::milliseconds(200));
  CHECK(world.sas().empty());
}

TEST_CASE("SPD-13: populated SAs are asked for and used each for its own packets") {
  World world("delete", {.pfp = "\"remote\""});
  world.send(1);
  world.send(2);
  REQUIRE(world.keys.requests.size() == 2);
  const Address second = Address::parse("10.2.0.2").value();
  CHECK(world.keys.requests[1].selectors.at(0).remote ==
        std::vector<AddressRange>{{second, second}});
  world.provide(0);
  world.provide(1);
  CHECK(world.gateway.sent(kWan) == 2);
  CHECK(world.send(1, 5) + world.send(2, 7) == 12);
  const auto packets = [&](const char* name) {
    for (const Json& row : world.gateway.running().rows("show.sas"))
      if (row.at("name") == name) return row.at("packets").get<int>();
    return -1;
  };
  CHECK(packets("out-1") == 6);
  CHECK(packets("out-2") == 8);
  // One goes: its packets ask again, the other's go on.
  REQUIRE(world.gateway->remove_sa("out-1"));
  CHECK(world.send(1) == 0);
  CHECK(world.keys.requests.size() == 3);
  CHECK(world.send(2) == 1);
  world.reload("delete", {.pfp = "\"remote\"", .esn = false});
  CHECK(world.sas().empty());
}

TEST_CASE("SPD-13: handles of populated SAs come back, and lead no cached flow astray") {
  World world("delete", {.pfp = "\"remote\""});  // 16 SAs in each direction
  const auto acquire = [&](int host) {
    world.send(host);
    world.provide(world.keys.requests.size() - 1);
    REQUIRE(world.gateway.sent(kWan) == 1);
    REQUIRE(world.send(host) == 1);
  };
  const auto remove = [&](int host) {
    const std::string number = std::to_string(host);
    REQUIRE(world.gateway->remove_sa("out-" + number));
    REQUIRE(world.gateway->remove_sa("in-" + number));
    world.wait(std::chrono::milliseconds(200));
  };
  // The first flow stays cached while its handle goes from hand to hand.
  acquire(1);
  remove(1);
  for (int host = 2; host <= 40; ++host) {
    CAPTURE(host);
    acquire(host);
    if (host % 8 == 1) REQUIRE(world.send(1) == 0);  // which has its handle now
    remove(host);
  }
  // And finds its own, once that is there.
  world.wait(std::chrono::seconds(31));
  world.send(1);
  world.provide(world.keys.requests.size() - 1);
  CHECK(world.gateway.sent(kWan) == 1);
  const std::size_t asked = world.keys.requests.size();
  CHECK(world.send(1, 3) == 3);
  CHECK(world.keys.requests.size() == asked);
}

TEST_CASE("SPD-06: keep: what was agreed with another peer is not used for the changed policy") {
  World world("keep");
  world.send();
  world.provide(0);
  REQUIRE(world.gateway.sent(kWan) == 1);
  world.reload("keep", {.endpoint = "192.0.2.9"});
  CHECK(world.sas() == Names{"in-1", "out-1"});
  CHECK(world.send() == 0);
  CHECK(world.keys.requests.size() == 2);
}

TEST_CASE("SPD-06: SAs whose packets another policy decides now are treated as their policy's") {
  World world("delete");
  world.send();
  world.provide(0);
  REQUIRE(world.gateway.sent(kWan) == 1);
  REQUIRE(
      world.gateway->insert_policy("[[policy]]\nname = \"no\"\naction = \"discard\"\n", {.at = 0}));
  CHECK(world.sas().empty());
  CHECK(world.send() == 0);
  CHECK(world.dropped(DropReason::PolicyDiscard) == 1);
}

TEST_CASE("SPD-15: a refused answer takes no handle along, and half a pair is no answer") {
  World world("delete", {.pfp = "\"remote\""});
  for (int i = 0; i < 40; ++i) {
    world.send(10 + i);
    auto sas = world.keys.pair(world.keys.requests.back());
    if (i % 2 == 0)
      sas.pop_back();
    else
      sas[1].name = sas[0].name;
    const auto refused = world.gateway->provide_sas(world.keys.requests.back().id, std::move(sas));
    REQUIRE_FALSE(refused);
    world.wait(std::chrono::milliseconds(1100));
  }
  world.send(9);
  world.provide(world.keys.requests.size() - 1);
  CHECK(world.gateway.sent(kWan) == 1);
}

TEST_CASE("SPD-20: policies count packets and octets, and say when the last one came") {
  World world("rekey");
  const auto site = [&]() -> Json {
    for (const Json& row : world.gateway.running().rows("show.policies"))
      if (row.at("name") == "site") return row;
    return {};
  };
  CHECK(site().at("packets") == 0);
  CHECK(site().at("idle_seconds").is_null());
  world.send(9, 2);
  world.wait(std::chrono::seconds(5));
  CHECK(site().at("packets") == 2);
  CHECK(site().at("bytes") == 120);
  CHECK(site().at("idle_seconds").get<double>() >= 0);
}

}  // namespace sallyport::acquired_sas_test
