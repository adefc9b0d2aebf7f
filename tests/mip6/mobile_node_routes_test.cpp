#include "mip6/mobile_node_routes.h"

#include "tests/mip6/mobile_node_route_scene.h"

namespace sallyport::mip6::test::mobile_node_routes_test {
namespace {

TEST_CASE(
    "RR-01: a home test by the home address, a care-of test by the care-of address, cookies of "
    "their own") {
  RouteScene scene;
  scene.node.optimise(kCorrespondent);
  const auto sent = scene.fakes.sender.take();
  REQUIRE(sent.size() == 2);
  REQUIRE(only<HomeTestInit>(sent).size() == 1);
  REQUIRE(only<CareOfTestInit>(sent).size() == 1);
  CHECK(sent[0].departure.source == kHome);
  CHECK(sent[1].departure.source == kCareOf);
  for (const SentMessage& one : sent) {
    CHECK(one.departure.destination == kCorrespondent);
    CHECK_FALSE(one.departure.source_care_of);
  }
  CHECK(only<HomeTestInit>(sent)[0].cookie != only<CareOfTestInit>(sent)[0].cookie);
  const auto* const entry = scene.node.correspondents().find(kCorrespondent, kHome);
  REQUIRE(entry != nullptr);
  CHECK(entry->home_test.cookie == only<HomeTestInit>(sent)[0].cookie);
  CHECK(entry->home_test.sent == scene.fakes.clock.now());
}

TEST_CASE("RR-01: each test is tried again by itself, with a new cookie, three times") {
  MobileNodeSettings settings = mobile_node_settings();
  settings.lifetime = seconds{2000};
  RouteScene scene(settings);
  scene.node.optimise(kCorrespondent);
  scene.answer(RouteScene::Answers::CareOf);
  std::vector<Cookie> cookies;
  for (int tick = 0; tick < 200; ++tick) {
    const auto sent = scene.fakes.sender.take();
    CHECK(only<CareOfTestInit>(sent).empty());
    for (const auto& test : only<HomeTestInit>(sent)) cookies.push_back(test.cookie);
    scene.pass(milliseconds{100});
  }
  REQUIRE(cookies.size() == 3);  // at 1, 3 and 7 s, behind the first
  CHECK(cookies[0] != cookies[1]);
  CHECK(cookies[1] != cookies[2]);
  // Then it is left at that for a while, and the peer may be asked again later.
  scene.node.optimise(kCorrespondent);
  CHECK(scene.fakes.sender.sent.empty());
  scene.pass(seconds{700});
  scene.fakes.sender.sent.clear();
  scene.node.optimise(kCorrespondent);
  CHECK(scene.fakes.sender.sent.size() == 2);
}

TEST_CASE("RR-03, RR-04: the update to a correspondent, field by field") {
  RouteScene scene;
  scene.node.optimise(kCorrespondent);
  scene.answer();
  const auto sent = scene.fakes.sender.take();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].departure.source == kHome);
  CHECK(sent[0].departure.source_care_of == kCareOf);
  CHECK(sent[0].departure.destination == kCorrespondent);
  const auto update = only<BindingUpdate>(sent).at(0);
  CHECK(update.flags == Flags<UpdateFlag>{UpdateFlag::Acknowledge});
  CHECK(update.lifetime == BindingLifetime{105});
  CHECK(update.options.nonce_indices == NonceIndices{.home = 7, .care_of = 9});
  CHECK(kRoutability.is_authorized(sent[0].octets,
                                   kRoutability.binding_key(kHomeToken, kCareOfToken),
                                   {.care_of = kCareOf, .correspondent = kCorrespondent}));
  // Packets still go by the home agent.
  CHECK_FALSE(scene.route());
  scene.accept(update);
  CHECK(scene.route() == kCareOf);
}

TEST_CASE("RR-06: a correspondent's binding lives no longer than the home registration") {
  MobileNodeSettings settings = mobile_node_settings();
  settings.lifetime = seconds{200};
  RouteScene scene(settings);
  scene.pass(seconds{50});
  scene.node.optimise(kCorrespondent);
  scene.answer();
  CHECK(scene.last_update().lifetime == BindingLifetime{37});
}

TEST_CASE("RR-09: a Home Test is taken as it should be, and not with anything else about it") {
  RouteScene scene;
  scene.node.optimise(kCorrespondent);
  const auto sent = scene.fakes.sender.take();
  HomeTest test{
      .nonce_index = 7, .cookie = only<HomeTestInit>(sent).at(0).cookie, .token = kHomeToken};
  const auto* const entry = scene.node.correspondents().find(kCorrespondent, kHome);
  Arrival arrival = RouteScene::in_tunnel();
  bool taken = false;
  SECTION("by IPsec of the home agent") { taken = true; }
  SECTION("by a plain tunnel of the home agent") {
    arrival.tunnel->protection = Protection::None;
    taken = true;
  }
  SECTION("by a tunnel of another, plain or not") {
    arrival.tunnel = OuterHeader{.source = kOtherAgent,
                                 .protection = GENERATE(Protection::None, Protection::Ipsec)};
  }
  SECTION("without a tunnel") { arrival.tunnel.reset(); }
  SECTION("of a peer that was not asked") { arrival.source = kOtherAgent; }
  SECTION("to the care-of address") { arrival.destination = kCareOf; }
  SECTION("with another cookie") { test.cookie[7] ^= 1; }
  SECTION("with the cookie of the other test") {
    test.cookie = only<CareOfTestInit>(sent).at(0).cookie;
  }
  SECTION("of a try before") {
    scene.pass(milliseconds{1100});
    REQUIRE(entry->home_test.cookie != test.cookie);
  }
  scene.receive(arrival, test);
  CHECK(entry->home_test.token.has_value() == taken);
}

TEST_CASE("RR-09: a Care-of Test likewise") {
  RouteScene scene;
  scene.node.optimise(kCorrespondent);
  const auto sent = scene.fakes.sender.take();
  CareOfTest test{
      .nonce_index = 9, .cookie = only<CareOfTestInit>(sent).at(0).cookie, .token = kCareOfToken};
  const auto* const entry = scene.node.correspondents().find(kCorrespondent, kHome);
  Arrival arrival = scene.direct();
  bool taken = false;
  SECTION("as it should be") { taken = true; }
  SECTION("of a peer that was not asked") { arrival.source = kOtherAgent; }
  SECTION("to the home address") { arrival.destination = kHome; }
  SECTION("to a care-of address of before") { arrival.destination = kNewCareOf; }
  SECTION("with another cookie") { test.cookie[0] ^= 0x80; }
  scene.receive(arrival, test);
  CHECK(entry->care_of_test.token.has_value() == taken);
}

TEST_CASE("RR-09: a second token, or one that was not asked for, changes nothing") {
  RouteScene scene;
  scene.node.optimise(kCorrespondent);
  const Cookie cookie = only<HomeTestInit>(scene.fakes.sender.take()).at(0).cookie;
  scene.receive(RouteScene::in_tunnel(),
                HomeTest{.nonce_index = 7, .cookie = cookie, .token = kHomeToken});
  scene.receive(RouteScene::in_tunnel(),
                HomeTest{.nonce_index = 8, .cookie = cookie, .token = kCareOfToken});
  const auto* const entry = scene.node.correspondents().find(kCorrespondent, kHome);
  CHECK(entry->home_test.token == kHomeToken);
  CHECK(entry->home_test.nonce_index == 7);
}

TEST_CASE("RR-08: no test before the home agent has accepted the place, none for odd peers") {
  MobileNodeScene scene;
  scene.attach(kCareOf);
  scene.fakes.sender.sent.clear();
  scene.node.optimise(kCorrespondent);
  CHECK(scene.fakes.sender.sent.empty());
  RouteScene registered;
  for (const Address& peer : {kHomeAgent, kHome, kCareOf, ip("ff0e::1"), ip("fe80::7"), ip("::")})
    registered.node.optimise(peer);
  CHECK(registered.fakes.sender.sent.empty());
  CHECK(registered.node.correspondents().size() == 0);
}

TEST_CASE("RR-08, MAPI-02: after a move the home registration comes first, then correspondents") {
  RouteScene scene;
  scene.optimise();
  scene.pass(seconds{5});
  scene.attach(kNewCareOf);
  // At once packets go by the home agent again: the old place is none any more.
  CHECK_FALSE(scene.route());
  const auto first = scene.fakes.sender.take();
  REQUIRE(first.size() == 1);
  CHECK(first[0].departure.destination == kHomeAgent);
  const auto update = only<BindingUpdate>(first).at(0);
  scene.acknowledge({.sequence = update.sequence, .lifetime = update.lifetime});
  // The home token is recent: the care-of test is enough.
  const auto tests = scene.fakes.sender.sent;
  CHECK(only<HomeTestInit>(tests).empty());
  REQUIRE(only<CareOfTestInit>(tests).size() == 1);
  CHECK(tests[0].departure.source == kNewCareOf);
  scene.answer();
  const auto to_peer = scene.last_update();
  scene.accept(to_peer);
  CHECK(scene.route() == kNewCareOf);
}

TEST_CASE("RR-08: a home token that is too old is asked for anew") {
  RouteScene scene;
  scene.optimise();
  const bool recent = GENERATE(true, false);
  scene.pass(seconds{recent ? 200 : 215});
  scene.attach(kNewCareOf);
  const auto update = scene.last_update();
  scene.acknowledge({.sequence = update.sequence, .lifetime = update.lifetime});
  CHECK(only<HomeTestInit>(scene.fakes.sender.sent).size() == (recent ? 0 : 1));
  CHECK(only<CareOfTestInit>(scene.fakes.sender.sent).size() == 1);
}

TEST_CASE("RR-04: an acknowledgement with no authenticator, or a wrong one, is ignored") {
  RouteScene scene;
  scene.node.optimise(kCorrespondent);
  scene.answer();
  const auto update = scene.last_update();
  const BindingAcknowledgement good{.sequence = update.sequence, .lifetime = update.lifetime};
  SECTION("none") { scene.receive(MobileNodeScene::from(kCorrespondent), good); }
  SECTION("of another key") {
    scene.answer_update(good, kRoutability.deletion_key(kHomeToken), kCareOf);
  }
  SECTION("of another care-of address") {
    scene.answer_update(good, kRoutability.binding_key(kHomeToken, kCareOfToken), kNewCareOf);
  }
  SECTION("of another update") {
    BindingAcknowledgement other = good;
    ++other.sequence;
    scene.answer_update(other, kRoutability.binding_key(kHomeToken, kCareOfToken), kCareOf);
  }
  CHECK_FALSE(scene.route());
  scene.accept(update);
  CHECK(scene.route() == kCareOf);
}

TEST_CASE("RR-05: nonces that have expired are asked for anew, as many as have") {
  RouteScene scene;
  scene.node.optimise(kCorrespondent);
  scene.answer();
  const auto update = scene.last_update();
  const auto [status, home, care_of] = GENERATE(std::tuple{BindingStatus::ExpiredHomeNonce, 1, 0},
                                                std::tuple{BindingStatus::ExpiredCareOfNonce, 0, 1},
                                                std::tuple{BindingStatus::ExpiredNonces, 1, 1});
  scene.receive(MobileNodeScene::from(kCorrespondent),
                BindingAcknowledgement{.status = status, .sequence = update.sequence});
  CHECK(only<HomeTestInit>(scene.fakes.sender.sent).size() == std::size_t(home));
  CHECK(only<CareOfTestInit>(scene.fakes.sender.sent).size() == std::size_t(care_of));
  scene.answer();
  scene.accept(scene.last_update());
  CHECK(scene.route() == kCareOf);
}

TEST_CASE("RR-05: nonces that have always expired are not asked for without end") {
  RouteScene scene;
  scene.node.optimise(kCorrespondent);
  int updates = 0;
  for (int i = 0; i < 20; ++i) {
    scene.answer();
    for (const auto& update : only<BindingUpdate>(scene.fakes.sender.sent)) {
      ++updates;
      scene.receive(MobileNodeScene::from(kCorrespondent),
                    BindingAcknowledgement{.status = BindingStatus::ExpiredNonces,
                                           .sequence = update.sequence});
    }
    scene.pass(milliseconds{500});
  }
  CHECK(updates >= 2);
  CHECK(updates <= 5);
}

TEST_CASE("RR-04, MN-04: status 135 of a correspondent counts if it is authorized") {
  RouteScene scene;
  scene.node.optimise(kCorrespondent);
  scene.answer();
  const auto update = scene.last_update();
  const auto last = static_cast<std::uint16_t>(update.sequence + 99);
  const BindingAcknowledgement refused{.status = BindingStatus::SequenceOutOfWindow,
                                       .sequence = last};
  scene.receive(MobileNodeScene::from(kCorrespondent), refused);
  CHECK(scene.fakes.sender.sent.empty());
  scene.answer_update(refused, kRoutability.binding_key(kHomeToken, kCareOfToken), kCareOf);
  const auto again = scene.last_update();
  CHECK(again.sequence == static_cast<std::uint16_t>(last + 1));
  scene.accept(again);
  CHECK(scene.route() == kCareOf);
}

TEST_CASE("RR-05: a correspondent that refuses is not asked again for a while") {
  RouteScene scene;
  scene.node.optimise(kCorrespondent);
  scene.answer();
  scene.answer_update(
      {.status = BindingStatus::InsufficientResources, .sequence = scene.last_update().sequence},
      kRoutability.binding_key(kHomeToken, kCareOfToken), kCareOf);
  scene.node.optimise(kCorrespondent);
  CHECK(scene.fakes.sender.sent.empty());
  CHECK_FALSE(scene.route());
}

TEST_CASE("RR-06: a binding in use is refreshed before it ends, one that is not ends") {
  RouteScene scene;
  scene.optimise();
  scene.fakes.bindings.busy = GENERATE(true, false);
  scene.pass(milliseconds{315'500});
  if (scene.fakes.bindings.busy) {
    CHECK(only<HomeTestInit>(scene.fakes.sender.sent).size() == 1);
    scene.answer();
    scene.accept(scene.last_update());
    scene.pass(seconds{110});
    CHECK(scene.route() == kCareOf);
  } else {
    CHECK(scene.fakes.sender.sent.empty());
    scene.pass(seconds{110});
    CHECK_FALSE(scene.route());
    CHECK(scene.node.correspondents().size() == 0);
  }
}

TEST_CASE("RR-03, MN-09: back home the binding is deleted, by the home token alone") {
  RouteScene scene;
  scene.optimise();
  const bool recent = GENERATE(true, false);
  scene.pass(seconds{recent ? 10 : 220});
  scene.fakes.sender.sent.clear();
  scene.go_home();
  CHECK_FALSE(scene.route());
  scene.acknowledge({.sequence = scene.last_update().sequence});
  if (!recent) {
    const auto sent = scene.fakes.sender.take();
    REQUIRE(only<HomeTestInit>(sent).size() == 1);
    CHECK(only<CareOfTestInit>(sent).empty());
    scene.receive(
        MobileNodeScene::from(kCorrespondent),
        HomeTest{
            .nonce_index = 7, .cookie = only<HomeTestInit>(sent)[0].cookie, .token = kHomeToken});
  }
  const auto sent = scene.fakes.sender.take();
  REQUIRE(only<BindingUpdate>(sent).size() == 1);
  const BindingUpdate update = only<BindingUpdate>(sent)[0];
  CHECK_FALSE(sent[0].departure.source_care_of);
  CHECK(update.lifetime == BindingLifetime{0});
  CHECK(update.options.nonce_indices == NonceIndices{.home = 7, .care_of = 0});
  const BindingKey key = kRoutability.deletion_key(kHomeToken);
  CHECK(kRoutability.is_authorized(sent[0].octets, key,
                                   {.care_of = kHome, .correspondent = kCorrespondent}));
  scene.answer_update({.sequence = update.sequence}, key, kHome);
  CHECK(scene.node.correspondents().size() == 0);
  scene.pass(seconds{100});
  CHECK(scene.fakes.sender.sent.empty());
}

TEST_CASE("RR-03: leaving home again in the middle of a deletion goes well") {
  RouteScene scene;
  scene.optimise();
  scene.go_home();
  scene.acknowledge({.sequence = scene.last_update().sequence});
  REQUIRE(only<BindingUpdate>(scene.fakes.sender.take()).size() == 1);
  scene.fakes.ike.at_once = false;
  scene.attach(kNewCareOf);
  scene.answer_update({.sequence = 1}, kRoutability.deletion_key(kHomeToken), kHome);
  scene.pass(seconds{20});
  scene.fakes.ike.finish({});
  const auto update = scene.last_update();
  scene.acknowledge({.sequence = update.sequence, .lifetime = update.lifetime});
  scene.pass(seconds{1});
  CHECK(scene.node.registered_care_of() == kNewCareOf);
}

TEST_CASE("RR-12: route optimisation can be switched off") {
  MobileNodeSettings settings = mobile_node_settings();
  settings.route_optimisation = RouteOptimisation::Off;
  RouteScene scene(settings);
  scene.node.optimise(kCorrespondent);
  CHECK(scene.fakes.sender.sent.empty());
  CHECK(scene.node.correspondents().size() == 0);
}

TEST_CASE("MN-13: a correspondent that has no binding any more is let go, strangers are ignored") {
  RouteScene scene;
  scene.optimise();
  const BindingError error{.status = BindingErrorStatus::UnknownBinding, .home_address = kHome};
  scene.receive(MobileNodeScene::from(kOtherAgent), error);
  CHECK(scene.route() == kCareOf);
  scene.receive(MobileNodeScene::from(kCorrespondent), error);
  CHECK_FALSE(scene.route());
  CHECK(scene.node.correspondents().size() == 0);
  // Its next packet by the home agent begins anew.
  scene.node.optimise(kCorrespondent);
  CHECK(scene.fakes.sender.sent.size() == 2);
}

TEST_CASE("MN-13: a peer that knows nothing of mobility is marked, if it was asked") {
  RouteScene scene;
  const bool by_icmp = GENERATE(true, false);
  const auto say = [&](const Address& peer) {
    if (by_icmp)
      scene.node.parameter_problem(peer, 1);
    else
      scene.receive(MobileNodeScene::from(peer),
                    BindingError{.status = BindingErrorStatus::UnknownType});
  };
  say(kCorrespondent);
  CHECK(scene.node.correspondents().size() == 0);  // no new entries (11.3.5)
  SECTION("asked") {
    scene.node.optimise(kCorrespondent);
    scene.fakes.sender.sent.clear();
    say(kCorrespondent);
    const auto* const entry = scene.node.correspondents().find(kCorrespondent, kHome);
    REQUIRE(entry != nullptr);
    CHECK_FALSE(entry->may_send(scene.fakes.clock.now()));
    scene.pass(seconds{30});
    scene.node.optimise(kCorrespondent);
    CHECK(scene.fakes.sender.sent.empty());
  }
  SECTION("not waiting for anything") {
    scene.optimise();
    say(kCorrespondent);
    CHECK(scene.route() == kCareOf);
  }
  SECTION("another problem is none of that") {
    scene.node.optimise(kCorrespondent);
    scene.node.parameter_problem(kCorrespondent, 2);
    scene.node.parameter_problem(kCorrespondent, 0);
    CHECK(
        scene.node.correspondents().find(kCorrespondent, kHome)->may_send(scene.fakes.clock.now()));
  }
}

TEST_CASE("MN-14: a Binding Refresh Request counts for a binding that is there") {
  RouteScene scene;
  scene.receive(MobileNodeScene::from(kCorrespondent), BindingRefreshRequest{});
  CHECK(scene.fakes.sender.sent.empty());
  CHECK(scene.node.correspondents().size() == 0);
  scene.optimise();
  scene.receive(MobileNodeScene::from(kCorrespondent), BindingRefreshRequest{});
  CHECK(scene.fakes.sender.sent.empty());  // so soon it is of no use
  scene.pass(seconds{250});
  scene.receive(MobileNodeScene::from(kCorrespondent), BindingRefreshRequest{});
  CHECK(only<HomeTestInit>(scene.fakes.sender.sent).size() == 1);
  CHECK(only<CareOfTestInit>(scene.fakes.sender.sent).size() == 1);
  CHECK(scene.route() == kCareOf);
}

TEST_CASE("MN-15: correspondents are so many and no more") {
  MobileNodeSettings settings = mobile_node_settings();
  settings.most_correspondents = 3;
  RouteScene scene(settings);
  for (unsigned i = 0; i < 100; ++i) {
    Address peer = kCorrespondent;
    peer.bytes[15] = static_cast<std::uint8_t>(i + 10);
    scene.node.optimise(peer);
  }
  CHECK(scene.node.correspondents().size() == 3);
  CHECK(scene.fakes.sender.sent.size() == 6);
}

TEST_CASE("MN-15: where correspondents are too many, one that is silent makes room") {
  MobileNodeSettings settings = mobile_node_settings();
  settings.most_correspondents = 3;
  RouteScene scene(settings);
  scene.optimise();
  const auto stranger = [](unsigned i) {
    Address peer = kCorrespondent;
    peer.bytes[15] = static_cast<std::uint8_t>(i + 10);
    return peer;
  };
  for (unsigned i = 0; i < 2; ++i) scene.node.optimise(stranger(i));
  scene.fakes.sender.sent.clear();
  scene.node.optimise(stranger(2));
  CHECK(scene.fakes.sender.sent.empty());  // all are being asked, or in use
  scene.pass(seconds{20});                 // nobody has answered
  scene.fakes.sender.sent.clear();
  scene.node.optimise(stranger(2));
  CHECK(only<HomeTestInit>(scene.fakes.sender.take()).size() == 1);
  CHECK(scene.node.correspondents().size() == 3);
  CHECK(scene.route() == kCareOf);
}

TEST_CASE("MN-01, RR-08: routes come back after the link was gone for a moment") {
  RouteScene scene;
  scene.optimise();
  scene.node.detached();
  CHECK_FALSE(scene.route());
  scene.pass(seconds{2});
  scene.attach(kCareOf);
  CHECK(scene.route() == kCareOf);
  CHECK(scene.fakes.sender.sent.empty());
}

}  // namespace
}  // namespace sallyport::mip6::test::mobile_node_routes_test
