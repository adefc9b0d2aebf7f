#include "mip6/mobile_node_registration.h"

#include <catch2/catch.hpp>

#include "tests/mip6/mobile_node_scene.h"

namespace sallyport::mip6::test::mobile_node_registration_test {
namespace {

TEST_CASE("MN-02, MN-07: a home registration, field by field") {
  MobileNodeScene scene;
  scene.attach(kCareOf);
  REQUIRE(scene.fakes.sender.sent.size() == 1);
  const Departure departure = scene.fakes.sender.sent[0].departure;
  CHECK(departure.source == kHome);
  CHECK(departure.destination == kHomeAgent);
  CHECK(departure.source_care_of == kCareOf);
  CHECK_FALSE(departure.destination_care_of);
  CHECK(departure.protocol == 135);
  const BindingUpdate update = scene.last_update();
  CHECK(update.flags == Flags<UpdateFlag>{UpdateFlag::Acknowledge, UpdateFlag::HomeRegistration,
                                          UpdateFlag::LinkLocalCompatible});
  CHECK(update.lifetime == BindingLifetime{150});
  CHECK(update.options == MobilityOptions{.alternate_care_of = kCareOf});
}

TEST_CASE("MN-02: L only where the home address ends as our link-local one does") {
  SECTION("another identifier") {
    MobileNodeScene scene;
    scene.fakes.addresses.identifier = {2, 0, 0, 0, 0, 0, 1, 0};
    scene.attach(kCareOf);
    CHECK_FALSE(scene.last_update().flags.has(UpdateFlag::LinkLocalCompatible));
  }
  SECTION("a temporary home address, whatever it ends with") {
    MobileNodeSettings settings = mobile_node_settings();
    settings.home_identifier = HomeIdentifier::Temporary;
    MobileNodeScene scene(settings);
    scene.attach(kCareOf);
    CHECK_FALSE(scene.last_update().flags.has(UpdateFlag::LinkLocalCompatible));
  }
}

TEST_CASE("MN-02: K only where the IKE SA can move") {
  MobileNodeScene scene;
  scene.fakes.ike.movable = GENERATE(false, true);
  scene.attach(kCareOf);
  CHECK(scene.last_update().flags.has(UpdateFlag::KeyManagementMobility) ==
        scene.fakes.ike.movable);
}

TEST_CASE("MN-02: the lifetime asked for is within that of the care-of address, and never 0") {
  MobileNodeScene scene;
  SECTION("shorter") {
    scene.attach(kCareOf, seconds{103});
    CHECK(scene.last_update().lifetime == BindingLifetime{25});
  }
  SECTION("next to nothing") {
    scene.attach(kCareOf, seconds{2});
    CHECK(scene.last_update().lifetime == BindingLifetime{1});
  }
  SECTION("over already") {
    scene.attach(kCareOf, seconds{-5});
    CHECK(scene.last_update().lifetime == BindingLifetime{1});
  }
  SECTION("without end") {
    scene.node.attached({.link = kLink,
                         .router = kRouterHere,
                         .care_of = CareOf{.address = kCareOf, .valid_until = Instant::max()}});
    CHECK(scene.last_update().lifetime == BindingLifetime{150});
  }
}

TEST_CASE("MN-03: the first registration is sent again after 1.5 s, then each time twice that") {
  MobileNodeScene scene;
  scene.attach(kCareOf);
  std::vector<std::uint16_t> sequences;
  const auto times = scene.times_of(seconds{120}, [&] {
    const auto updates = only<BindingUpdate>(scene.fakes.sender.take());
    for (const auto& update : updates) sequences.push_back(update.sequence);
    return updates.size();
  });
  CHECK(times == std::vector<std::int64_t>{0, 1500, 4500, 10500, 22500, 46500, 78500, 110500});
  for (std::size_t i = 1; i < sequences.size(); ++i)
    CHECK(sequences[i] == static_cast<std::uint16_t>(sequences[0] + i));
}

TEST_CASE("MN-03: with a binding the first wait is 1 s") {
  MobileNodeScene scene;
  scene.register_at(kCareOf);
  scene.attach(kNewCareOf);
  REQUIRE(only<BindingUpdate>(scene.fakes.sender.take()).size() == 1);
  scene.pass(milliseconds{900});
  CHECK(scene.fakes.sender.sent.empty());
  scene.pass(milliseconds{200});
  CHECK(only<BindingUpdate>(scene.fakes.sender.take()).size() == 1);
}

TEST_CASE("MN-03: the first wait is as configured") {
  MobileNodeSettings settings = mobile_node_settings();
  settings.first_timeout = seconds{4};
  MobileNodeScene scene(settings);
  scene.attach(kCareOf);
  scene.pass(milliseconds{3900});
  CHECK(only<BindingUpdate>(scene.fakes.sender.take()).size() == 1);
  scene.pass(milliseconds{200});
  CHECK(only<BindingUpdate>(scene.fakes.sender.take()).size() == 1);
}

TEST_CASE("MN-04: an acknowledgement that is not protected, or of another node, is ignored") {
  MobileNodeScene scene;
  scene.attach(kCareOf);
  const BindingUpdate update = scene.last_update();
  const BindingAcknowledgement good{.sequence = update.sequence, .lifetime = update.lifetime};
  SECTION("without IPsec") { scene.receive(MobileNodeScene::from(kHomeAgent), good); }
  SECTION("from somebody else, protected as it is") {
    scene.receive(MobileNodeScene::from(kOtherAgent, Protection::Ipsec), good);
  }
  SECTION("to another address of ours") {
    Arrival arrival = MobileNodeScene::from_home_agent();
    arrival.destination = kCareOf;
    scene.receive(arrival, good);
  }
  SECTION("with a number that was not sent") {
    BindingAcknowledgement other = good;
    ++other.sequence;
    scene.acknowledge(other);
  }
  CHECK_FALSE(scene.node.registered_care_of());
  // It still waits, and the right one is taken.
  scene.acknowledge(good);
  CHECK(scene.node.registered_care_of() == kCareOf);
  scene.pass(seconds{100});
  CHECK(scene.fakes.sender.sent.empty());
}

TEST_CASE("MN-04: an acknowledgement of an earlier sending counts, from its own time on") {
  MobileNodeScene scene;
  scene.attach(kCareOf);
  const BindingUpdate first = scene.last_update();
  scene.pass(milliseconds{1600});
  REQUIRE(scene.last_update().sequence != first.sequence);
  scene.acknowledge({.sequence = first.sequence, .lifetime = first.lifetime});
  CHECK(scene.node.registered_care_of() == kCareOf);
  CHECK(scene.node.home_agents().find(kHomeAgent, kHome)->left(scene.fakes.clock.now()) ==
        seconds{600} - milliseconds{1600});
}

TEST_CASE("MN-04: an acknowledgement of the place before is none of the new one") {
  MobileNodeScene scene;
  scene.attach(kCareOf);
  const BindingUpdate before = scene.last_update();
  scene.attach(kNewCareOf);
  const BindingUpdate update = scene.last_update();
  scene.acknowledge({.sequence = before.sequence, .lifetime = before.lifetime});
  CHECK_FALSE(scene.node.registered_care_of());
  scene.acknowledge({.sequence = update.sequence, .lifetime = update.lifetime});
  CHECK(scene.node.registered_care_of() == kNewCareOf);
}

TEST_CASE("MN-04: status 135 has the update sent again at once, from the number given") {
  MobileNodeScene scene;
  scene.attach(kCareOf);
  const BindingUpdate update = scene.last_update();
  const auto last = static_cast<std::uint16_t>(update.sequence + 500);
  const BindingAcknowledgement refused{.status = BindingStatus::SequenceOutOfWindow,
                                       .sequence = last};
  SECTION("protected") {
    scene.acknowledge(refused);
    const auto again = only<BindingUpdate>(scene.fakes.sender.take());
    REQUIRE(again.size() == 1);
    CHECK(again[0].sequence == static_cast<std::uint16_t>(last + 1));
    CHECK(again[0].options.alternate_care_of == kCareOf);
    // The same answer once more, to a retransmission of before, is no reason to start anew.
    scene.acknowledge(refused);
    CHECK(scene.fakes.sender.sent.empty());
    scene.acknowledge({.sequence = again[0].sequence, .lifetime = BindingLifetime{150}});
    CHECK(scene.node.registered_care_of() == kCareOf);
  }
  SECTION("not protected") {
    scene.receive(MobileNodeScene::from(kHomeAgent), refused);
    CHECK(scene.fakes.sender.sent.empty());
  }
}

TEST_CASE("MN-04: a refusal stops it; that which will not pass, until the node moves") {
  MobileNodeScene scene;
  scene.attach(kCareOf);
  scene.acknowledge(
      {.status = BindingStatus::Prohibited, .sequence = scene.last_update().sequence});
  scene.pass(seconds{200});
  CHECK(only<BindingUpdate>(scene.fakes.sender.take()).empty());
  CHECK(scene.fakes.events.count(EventKind::Refused) == 1);
  scene.attach(kNewCareOf);
  CHECK(only<BindingUpdate>(scene.fakes.sender.take()).size() == 1);
}

TEST_CASE("MN-04: a refusal for want of resources is tried again, slowly") {
  MobileNodeScene scene;
  scene.attach(kCareOf);
  scene.acknowledge(
      {.status = BindingStatus::InsufficientResources, .sequence = scene.last_update().sequence});
  scene.pass(seconds{31});
  CHECK(only<BindingUpdate>(scene.fakes.sender.take()).empty());
  scene.pass(seconds{2});
  CHECK(only<BindingUpdate>(scene.fakes.sender.take()).size() == 1);
}

TEST_CASE("MN-04: a lifetime of nothing is no registration, and no reason to hurry") {
  MobileNodeScene scene;
  scene.attach(kCareOf);
  scene.acknowledge({.sequence = scene.last_update().sequence});
  CHECK_FALSE(scene.node.registered_care_of());
  scene.pass(seconds{30});
  CHECK(only<BindingUpdate>(scene.fakes.sender.take()).empty());
}

TEST_CASE("MN-05: what is granted counts from the sending, and never more than was asked for") {
  MobileNodeScene scene;
  scene.attach(kCareOf);
  const BindingUpdate update = scene.last_update();
  scene.pass(seconds{1});
  const auto [granted, left] =
      GENERATE(std::pair{100, 399}, std::pair{150, 599}, std::pair{400, 599});
  scene.acknowledge({.sequence = update.sequence,
                     .lifetime = BindingLifetime{static_cast<std::uint16_t>(granted)}});
  CHECK(scene.node.home_agents().find(kHomeAgent, kHome)->left(scene.fakes.clock.now()) ==
        seconds{left});
}

TEST_CASE("MN-05: the registration is refreshed well before it ends, or as the agent advises") {
  MobileNodeScene scene;
  scene.attach(kCareOf);
  const BindingUpdate update = scene.last_update();
  BindingAcknowledgement acknowledgement{.sequence = update.sequence, .lifetime = update.lifetime};
  Duration due = seconds{450};
  SECTION("at three quarters") {}
  SECTION("sooner") {
    acknowledgement.options.refresh_advice = BindingLifetime{25};
    due = seconds{100};
  }
  SECTION("advice for later is not taken") {
    acknowledgement.options.refresh_advice = BindingLifetime{145};
  }
  scene.acknowledge(acknowledgement);
  scene.pass(due - seconds{1});
  CHECK(scene.fakes.sender.sent.empty());
  scene.pass(milliseconds{1500});
  const BindingUpdate refresh = scene.last_update();
  CHECK(refresh.sequence == static_cast<std::uint16_t>(update.sequence + 1));
  CHECK(refresh.lifetime == BindingLifetime{150});
  scene.acknowledge({.sequence = refresh.sequence, .lifetime = refresh.lifetime});
  CHECK(scene.fakes.events.count(EventKind::Refreshed) == 1);
  CHECK(scene.fakes.tunnels.moves.size() == 1);
}

TEST_CASE("MN-05: a registration that is not refreshed ends, and is sought as the first one") {
  MobileNodeScene scene;
  scene.register_at(kCareOf);
  scene.pass(seconds{601});
  CHECK(scene.fakes.events.count(EventKind::Expired) == 1);
  CHECK_FALSE(scene.node.registered_care_of());
  CHECK_FALSE(only<BindingUpdate>(scene.fakes.sender.take()).empty());
  // Not deactivated: away from home nothing leaves in the clear.
  CHECK(scene.fakes.tunnels.deactivated.empty());
}

TEST_CASE("MN-05: the shortest lifetimes do not have us send all the time") {
  MobileNodeScene scene;
  scene.attach(kCareOf);
  for (int i = 0; i < 100; ++i) {
    for (const auto& update : only<BindingUpdate>(scene.fakes.sender.take()))
      scene.acknowledge({.sequence = update.sequence, .lifetime = BindingLifetime{1}});
    scene.pass(milliseconds{100});
  }
  CHECK(scene.node.home_agents().size() == 1);
  CHECK(scene.fakes.events.count(EventKind::Refreshed) >= 2);
  CHECK(scene.fakes.events.count(EventKind::Refreshed) <= 10);
}

TEST_CASE("MN-06, MAPI-06: with K our end of the IKE SA moves, once the move is accepted") {
  MobileNodeScene scene;
  scene.fakes.ike.movable = true;
  const Flags<AcknowledgementFlag> k{AcknowledgementFlag::KeyManagementMobility};
  scene.register_at(kCareOf, k);
  CHECK(scene.fakes.ike.moves.empty());  // it was made from there
  scene.attach(kNewCareOf);
  CHECK(scene.fakes.ike.moves.empty());
  const BindingUpdate update = scene.last_update();
  scene.acknowledge({.flags = k, .sequence = update.sequence, .lifetime = update.lifetime});
  CHECK(scene.fakes.ike.moves == std::vector{std::pair{kHome, kNewCareOf}});
  CHECK(scene.fakes.ike.drops.empty());
}

TEST_CASE("MN-06, MAPI-06, MAPI-10: without K the IKE SA is dropped after a move, and made anew") {
  MobileNodeScene scene;
  scene.register_at(kCareOf);
  CHECK(scene.fakes.ike.drops.empty());
  scene.fakes.ike.prepared.clear();
  scene.register_at(kNewCareOf);
  CHECK(scene.fakes.ike.moves.empty());
  CHECK(scene.fakes.ike.drops == std::vector{kHome});
  REQUIRE_FALSE(scene.fakes.ike.prepared.empty());
  CHECK(scene.fakes.ike.prepared.back() == std::array{kHome, kHomeAgent, kNewCareOf});
}

TEST_CASE("MN-06: tunnels are where the node is when the IKE SA of the place before is dropped") {
  MobileNodeSettings settings = mobile_node_settings();
  settings.migrate = GENERATE(MigrateOn::Update, MigrateOn::Acknowledgement);
  MobileNodeScene scene(settings);
  scene.register_at(kCareOf);
  std::vector<std::map<Address, Address>> ends;  // what is dropped is judged by them
  scene.fakes.ike.on_drop = [&] { ends.push_back(scene.fakes.tunnels.ends_at); };
  scene.register_at(kNewCareOf);
  scene.go_home();
  scene.acknowledge({.sequence = scene.last_update().sequence});
  REQUIRE(ends.size() == 2);
  CHECK(ends[0] == std::map<Address, Address>{{kHome, kNewCareOf}});
  CHECK(ends[1].empty());
}

TEST_CASE(
    "MDYN-15: the first update waits for its SAs, which are negotiated from the care-of address") {
  MobileNodeScene scene;
  scene.fakes.ike.at_once = false;
  scene.attach(kCareOf);
  CHECK(scene.fakes.sender.sent.empty());
  REQUIRE(scene.fakes.ike.prepared.size() == 1);
  CHECK(scene.fakes.ike.prepared[0] == std::array{kHome, kHomeAgent, kCareOf});
  SECTION("then it goes out") {
    scene.fakes.ike.finish({});
    CHECK(only<BindingUpdate>(scene.fakes.sender.take()).size() == 1);
  }
  SECTION("none goes out where they cannot be had, and it is tried again") {
    scene.fakes.ike.finish(fail(Error::Code::Refused, "no"));
    CHECK(scene.fakes.events.count(EventKind::Refused) == 1);
    scene.pass(seconds{33});
    CHECK(only<BindingUpdate>(scene.fakes.sender.take()).empty());
    CHECK(scene.fakes.ike.prepared.size() == 2);
  }
  SECTION("an answer about the place before is none") {
    scene.attach(kNewCareOf);
    REQUIRE(scene.fakes.ike.waiting.size() == 2);
    scene.fakes.ike.waiting[0]({});
    CHECK(scene.fakes.sender.sent.empty());
    scene.fakes.ike.waiting[1]({});
    CHECK(scene.last_update().options.alternate_care_of == kNewCareOf);
  }
}

TEST_CASE("MAPI-09: the update goes out in the call in which the care-of address becomes usable") {
  MobileNodeScene scene;
  scene.register_at(kCareOf);
  const Instant before = scene.fakes.clock.now();
  scene.attach(kNewCareOf);
  CHECK(only<BindingUpdate>(scene.fakes.sender.take()).size() == 1);
  CHECK(scene.fakes.clock.now() == before);
}

TEST_CASE("MAPI-02: tunnels move when the update is sent, behind it") {
  MobileNodeScene scene;
  scene.register_at(kCareOf);
  CHECK(scene.fakes.tunnels.moves == std::vector{std::pair{kHome, kCareOf}});
  CHECK(scene.fakes.bindings.care_of(BindingUse::MobileNode, kHome, kHomeAgent) == kCareOf);
  scene.attach(kNewCareOf);
  CHECK(scene.fakes.tunnels.moves.back() == std::pair{kHome, kNewCareOf});
  CHECK(scene.fakes.bindings.care_of(BindingUse::MobileNode, kHome, kHomeAgent) == kNewCareOf);
  scene.pass(seconds{10});
  CHECK(scene.fakes.tunnels.moves.size() == 2);
}

TEST_CASE("MAPI-02: or when it is acknowledged, by the operator's choice") {
  MobileNodeSettings settings = mobile_node_settings();
  settings.migrate = MigrateOn::Acknowledgement;
  MobileNodeScene scene(settings);
  scene.register_at(kCareOf);
  scene.attach(kNewCareOf);
  CHECK(scene.fakes.tunnels.ends_at[kHome] == kCareOf);
  const BindingUpdate update = scene.last_update();
  scene.acknowledge({.sequence = update.sequence, .lifetime = update.lifetime});
  CHECK(scene.fakes.tunnels.ends_at[kHome] == kNewCareOf);
}

TEST_CASE("MN-11: moving all the time sends three updates a second") {
  MobileNodeScene scene;
  for (int i = 0; i < 20; ++i) {
    scene.attach(i % 2 == 0 ? kCareOf : kNewCareOf);
    scene.pass(milliseconds{10});
  }
  CHECK(only<BindingUpdate>(scene.fakes.sender.take()).size() == 3);
  scene.pass(seconds{2});
  CHECK(scene.last_update().options.alternate_care_of == kNewCareOf);
}

TEST_CASE("MN-10, BOOT-04: a home address that is somebody else's is not used any more") {
  MobileNodeScene scene;
  int lost = 0;
  scene.node.on_home_address_lost([&] { ++lost; });
  scene.attach(kCareOf);
  scene.acknowledge(
      {.status = BindingStatus::DuplicateAddress, .sequence = scene.last_update().sequence});
  CHECK(lost == 1);
  CHECK_FALSE(scene.node.registered_care_of());
  scene.attach(kNewCareOf);
  scene.go_home();
  scene.pass(seconds{100});
  CHECK(scene.fakes.sender.sent.empty());
  CHECK(scene.fakes.addresses.own.empty());
}

TEST_CASE("MN-13: a Binding Error of the home agent has us register again, others do not") {
  MobileNodeScene scene;
  const BindingError unknown{.status = BindingErrorStatus::UnknownBinding, .home_address = kHome};
  SECTION("registered") {
    scene.register_at(kCareOf);
    scene.pass(seconds{10});
    scene.receive(MobileNodeScene::from(kHomeAgent), unknown);
    CHECK(only<BindingUpdate>(scene.fakes.sender.take()).size() == 1);
  }
  SECTION("not registered") {
    scene.receive(MobileNodeScene::from(kHomeAgent), unknown);
    CHECK(scene.fakes.sender.sent.empty());
  }
  SECTION("of somebody unknown") {
    scene.register_at(kCareOf);
    scene.receive(MobileNodeScene::from(kOtherAgent), unknown);
    CHECK(scene.fakes.sender.sent.empty());
  }
}

TEST_CASE("MN-01: the same place again after the link was gone needs no update") {
  MobileNodeScene scene;
  scene.register_at(kCareOf);
  scene.node.detached();
  scene.pass(seconds{5});
  scene.attach(kCareOf);
  CHECK(scene.fakes.sender.sent.empty());
  CHECK(scene.node.registered_care_of() == kCareOf);
}

TEST_CASE("MN-01: without a link nothing is sent, and the next one is registered") {
  MobileNodeScene scene;
  scene.attach(kCareOf);
  scene.fakes.sender.sent.clear();
  scene.node.detached();
  scene.pass(seconds{60});
  CHECK(scene.fakes.sender.sent.empty());
  scene.attach(kCareOf);
  CHECK(only<BindingUpdate>(scene.fakes.sender.take()).size() == 1);
}

TEST_CASE("MN-02: a node that ends deletes its binding from where it is") {
  MobileNodeScene scene;
  scene.register_at(kCareOf);
  scene.node.end();
  const auto sent = scene.fakes.sender.take();
  REQUIRE(only<BindingUpdate>(sent).size() == 1);
  const BindingUpdate update = only<BindingUpdate>(sent)[0];
  CHECK(update.lifetime == BindingLifetime{0});
  CHECK(sent[0].departure.source_care_of == kCareOf);
  scene.acknowledge({.sequence = update.sequence});
  CHECK(scene.fakes.events.count(EventKind::Deregistered) == 1);
  scene.pass(seconds{100});
  scene.attach(kNewCareOf);
  CHECK(scene.fakes.sender.sent.empty());
}

}  // namespace
}  // namespace sallyport::mip6::test::mobile_node_registration_test
