// Tunnels of policies move, with their live SAs (MAPI-01, MAPI-04, MAPI-05, MAPI-08).
#include "gateway/tunnel_migration.h"

#include <catch2/catch.hpp>

#include "tests/sad/world.h"
#include "tests/spd/named_policies.h"

namespace sallyport::tunnel_migration_test {

using namespace test;

namespace {

const Address kAgent = Address::parse("2001:db8:1::1").value();
const Address kHome = Address::parse("2001:db8:1::10").value();
const Endpoints kAtHome{kAgent, kHome};
const Endpoints kAway{kAgent, Address::parse("2001:db8:77::5").value()};

Sa at(Sa sa, const Endpoints& ends) {
  sa.endpoints = ends;
  return sa;
}

struct Scene {
  World world{SaTable::Capacity{8, 8}};
  Spd spd{8, 1};
  std::vector<std::string> led;
  unsigned published{};
  std::map<std::string, std::vector<std::string>> negotiated;
  TunnelMigration migration{
      {.spd = spd,
       .sad = *world.sad,
       .negotiated = [this](const std::string& name) { return negotiated[name]; },
       .lead = [this](const std::string& name) { led.push_back(name); },
       .publish = [this] { ++published; }}};

  Scene() {
    add("tunnel", "2001:db8:1::10", {"out", "in"});
    REQUIRE(world.sad->add(at(outbound_sa("out", 0x1000), kAtHome)));
    REQUIRE(world.sad->add(at(inbound_sa("in", 0x2000), kAtHome)));
  }
  void add(std::string name, std::string_view remote, std::vector<std::string> sas) {
    Policy made = policy(std::move(name), remote, kProtect);
    made.protect->mode = IpsecMode::Tunnel;
    made.protect->endpoints = kAtHome;
    made.protect->sas = std::move(sas);
    REQUIRE(spd.insert(std::move(made)));
  }
  std::vector<TunnelMigration::Outcome> move(std::vector<std::string> policies,
                                             const Endpoints& to) {
    const std::vector<TunnelMigration::Order> orders{{std::move(policies), to}};
    return migration.migrate(orders);
  }
  Endpoints ends(std::string_view sa) { return world.sad->find(sa)->sa->endpoints; }
};

}  // namespace

TEST_CASE("MAPI-01: policy, outbound and inbound SA move at once, and each SA is told of") {
  Scene scene;
  const auto outcomes = scene.move({"tunnel"}, kAway);
  REQUIRE(outcomes.size() == 2);
  CHECK(outcomes[0].sa == "out");
  CHECK(outcomes[1].sa == "in");
  CHECK(joined(outcomes));
  CHECK(scene.ends("out") == kAway);
  CHECK(scene.ends("in") == kAway);
  CHECK(scene.spd.find("tunnel")->protect->endpoints == kAway);
  CHECK(scene.led == std::vector<std::string>{"tunnel"});
  CHECK(scene.published == 0);  // workers' policies say nothing of endpoints
}

TEST_CASE("MAPI-01: many tunnels move in one call, negotiated SAs too") {
  Scene scene;
  Policy dynamic = policy("dynamic", "2001:db8:1::11", kProtect);
  dynamic.protect->mode = IpsecMode::Tunnel;
  dynamic.protect->peer = "user";
  REQUIRE(scene.spd.insert(std::move(dynamic)));
  REQUIRE(scene.world.sad->add(at(outbound_sa("dynamic/1.1-out", 0x1001), kAtHome)));
  scene.negotiated["dynamic"] = {"dynamic/1.1-out", "dynamic/0.9-out"};  // one that has ended
  const std::vector<TunnelMigration::Order> orders{{{"tunnel"}, kAway}, {{"dynamic"}, kAway}};
  const auto outcomes = scene.migration.migrate(orders);
  CHECK(outcomes.size() == 3);
  CHECK(scene.ends("dynamic/1.1-out") == kAway);
  // Its policy's tunnel ends where IKE is spoken.
  CHECK(scene.spd.find("dynamic")->protect->endpoints == Endpoints{});
  CHECK(scene.published == 0);  // workers' policies say nothing of endpoints
}

TEST_CASE("MAPI-01: where one SA cannot move, none of its tunnel does") {
  Scene scene;
  Sa fixed = at(inbound_sa("fixed", 0x2001), kAtHome);
  fixed.lookup = SaLookup::SpiDestinationSource;
  REQUIRE(scene.world.sad->add(std::move(fixed)));
  scene.negotiated["tunnel"] = {"fixed"};
  const auto outcomes = scene.move({"tunnel"}, kAway);
  REQUIRE(outcomes.size() == 3);
  CHECK(outcomes[0].moved);
  CHECK_FALSE(outcomes[2].moved);
  CHECK_FALSE(joined(outcomes));
  CHECK(scene.spd.find("tunnel")->protect->endpoints == kAtHome);
  // The way back waits until nobody reads the way there any more.
  scene.world.retirement.pass();
  CHECK(scene.ends("out") == kAtHome);
  CHECK(scene.ends("in") == kAtHome);
}

TEST_CASE("MAPI-04: SAs in transport mode are as they were after a move") {
  Scene scene;
  Policy binding = policy("binding", "2001:db8:1::10", kProtect);
  binding.protect->sas = {"ba"};
  REQUIRE(scene.spd.insert(std::move(binding), 0));
  Sa transport = outbound_sa("ba", 0x1002);
  transport.mode = IpsecMode::Transport;
  transport.endpoints = kAtHome;
  REQUIRE(scene.world.sad->add(std::move(transport)));
  const SaSlot slot = scene.world.sad->find("ba")->slot;
  CHECK(scene.move({"binding", "tunnel"}, kAway).size() == 2);
  CHECK(scene.world.sad->find("ba")->slot == slot);
  CHECK(scene.ends("ba") == kAtHome);
}

TEST_CASE("MAPI-05: numbers and windows go on, and the SPI alone finds the SA from either place") {
  Scene scene;
  const SaSlot out = scene.world.sad->find("out")->slot;
  const SaSlot in = scene.world.sad->find("in")->slot;
  scene.world.table.outbound_state(out).last_sequence = 77;
  auto* const bitmap = scene.world.table.inbound_state(in).bitmap;
  scene.move({"tunnel"}, kAway);
  const SaSlot moved = scene.world.sad->find("out")->slot;
  CHECK(scene.world.table.counters(Direction::Outbound, moved).sequence == SequenceNumber{77});
  const SaSlot window = scene.world.sad->find("in")->slot;
  CHECK(scene.world.table.inbound_state(window).bitmap == bitmap);
  CHECK(lookup_key(*scene.world.sad->find("in")->sa) ==
        lookup_key(at(inbound_sa("in", 0x2000), kAtHome)));
}

TEST_CASE(
    "MAPI-08: a tunnel at home is met by nothing, keeps its SAs, and is active when it moves") {
  Scene scene;
  const auto match = [&] {
    return scene.spd.snapshot()->match(SpdId{0}, packet_to("2001:db8:1::10"));
  };
  const std::vector<std::string> tunnel{"tunnel"};
  for (unsigned trip = 0; trip < 3; ++trip) {
    scene.migration.deactivate(tunnel);
    CHECK(match() == kNoPolicy);
    CHECK(scene.world.sad->find("out"));
    CHECK(scene.world.sad->find("in"));
    scene.move({"tunnel"}, kAway);
    CHECK(match() == scene.spd.id_of("tunnel"));
    CHECK(scene.published == 2 * (trip + 1));
    scene.migration.deactivate(std::vector<std::string>{"nobody"});
    CHECK(scene.published == 2 * (trip + 1));
    scene.world.retirement.pass();
  }
}

}  // namespace sallyport::tunnel_migration_test
