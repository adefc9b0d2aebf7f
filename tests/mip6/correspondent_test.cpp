#include "mip6/correspondent.h"

#include "tests/mip6/correspondent_scene.h"

namespace sallyport::mip6::test::correspondent_test {
namespace {

using Scene = CorrespondentScene;

TEST_CASE("RR-02, MH-16: tests are answered the way they came, with the cookie that came") {
  Scene scene;
  scene.receive(Scene::from(kHome), HomeTestInit{.cookie = {1, 2, 3}});
  const auto home_test = scene.answer<HomeTest>();
  REQUIRE(home_test);
  CHECK(home_test->cookie == Cookie{1, 2, 3});
  CHECK(scene.last.departure.source == kCorrespondent);
  CHECK(scene.last.departure.destination == kHome);
  CHECK_FALSE(scene.last.departure.destination_care_of);
  scene.receive(Scene::from(kCareOf), CareOfTestInit{.cookie = {4, 5, 6}});
  const auto care_of_test = scene.answer<CareOfTest>();
  REQUIRE(care_of_test);
  CHECK(care_of_test->cookie == Cookie{4, 5, 6});
  CHECK(scene.last.departure.destination == kCareOf);
  CHECK(care_of_test->token != home_test->token);
  // Nothing is kept of it, and a binding does not lead the answer elsewhere.
  CHECK(scene.cache.size() == 0);
  const Tokens tokens = scene.test();
  scene.update(tokens, {});
  scene.fakes.sender.sent.clear();
  scene.receive(Scene::from(kHome), HomeTestInit{});
  CHECK(scene.answer<HomeTest>());
  CHECK_FALSE(scene.last.departure.destination_care_of);
}

TEST_CASE(
    "RR-10: tests with a Home Address option, a routing header or odd addresses are ignored") {
  Scene scene;
  Arrival arrival = Scene::from(kHome);
  SECTION("home address option") { arrival.source_care_of = kCareOf; }
  SECTION("routing header") { arrival.destination_care_of = kCareOf; }
  SECTION("no unicast source") { arrival.source = ip("::"); }
  SECTION("link-local source") { arrival.source = ip("fe80::1"); }
  SECTION("to a group") { arrival.destination = ip("ff0e::1"); }
  scene.receive(arrival, HomeTestInit{});
  scene.receive(arrival, CareOfTestInit{});
  CHECK(scene.fakes.sender.sent.empty());
}

TEST_CASE("RR-06: nonces are renewed each 30 s, when asked for") {
  Scene scene;
  const auto index = [&scene] {
    scene.receive(Scene::from(kHome), HomeTestInit{});
    return scene.answer<HomeTest>().value().nonce_index;
  };
  const std::uint16_t first = index();
  scene.pass(milliseconds{29'900});
  CHECK(index() == first);
  scene.pass(milliseconds{200});
  const std::uint16_t second = index();
  CHECK(second == static_cast<std::uint16_t>(first + 1));
  scene.pass(seconds{3000});
  CHECK(index() == static_cast<std::uint16_t>(second + 1));
}

TEST_CASE("RR-06: a token is good for 210 s at least, for 240 s at most") {
  Scene scene;
  const bool late = GENERATE(true, false);
  static_cast<void>(scene.test());  // the nonce is of now
  if (late) scene.pass(milliseconds{29'900});
  const Tokens tokens = scene.test();
  scene.pass(milliseconds{late ? 210'000 : 239'900});
  scene.update(tokens, {});
  CHECK(scene.binding() == kCareOf);
  Scene other;
  const Tokens old = other.test();
  other.pass(seconds{240});
  other.update(old, {});
  CHECK_FALSE(other.binding());
}

TEST_CASE(
    "RR-05, RR-07, RR-10: a good update makes a binding and is acknowledged as it was asked for") {
  Scene scene;
  const Tokens tokens = scene.test();
  Scene::Update update;
  SECTION("with an acknowledgement") {
    scene.update(tokens, update);
    const auto acknowledgement = scene.answer<BindingAcknowledgement>();
    REQUIRE(acknowledgement);
    CHECK(acknowledgement->status == BindingStatus::Accepted);
    CHECK(acknowledgement->sequence == 100);
    CHECK(acknowledgement->lifetime == BindingLifetime{105});
    CHECK(scene.last.departure.destination == kHome);
    CHECK(scene.last.departure.destination_care_of == kCareOf);
    CHECK(scene.is_authorized(tokens, update));
  }
  SECTION("without") {
    update.flags = {};
    scene.update(tokens, update);
    CHECK(scene.fakes.sender.sent.empty());
  }
  CHECK(scene.binding() == kCareOf);
  REQUIRE(scene.cache.find(kHome, kCorrespondent) != nullptr);
  CHECK(scene.cache.find(kHome, kCorrespondent)->care_of == kCareOf);
  CHECK(scene.fakes.events.count(EventKind::Registered) == 1);
}

TEST_CASE("RR-05: the alternate care-of address counts, in the authenticator too") {
  Scene scene;
  const Tokens tokens = scene.test(kHome, kMovedCareOf);
  scene.update(tokens, {.alternate = kMovedCareOf});
  CHECK(scene.binding() == kMovedCareOf);
  // The acknowledgement goes where the update came from.
  REQUIRE(scene.answer<BindingAcknowledgement>());
  CHECK(scene.last.departure.destination_care_of == kCareOf);
}

TEST_CASE("RR-06: a binding lives for 420 s at most, and then it is gone") {
  Scene scene;
  const Tokens tokens = scene.test();
  scene.update(tokens, {.lifetime = BindingLifetime{1000}});
  CHECK(scene.answer<BindingAcknowledgement>().value().lifetime == BindingLifetime{105});
  scene.pass(seconds{419});
  CHECK(scene.binding());
  scene.pass(seconds{2});
  CHECK_FALSE(scene.binding());
  CHECK(scene.cache.size() == 0);
  CHECK(scene.fakes.events.count(EventKind::Expired) == 1);
}

TEST_CASE("RR-05: what is not as it should be is dropped without a word") {
  Scene scene;
  const Tokens tokens = scene.test();
  Arrival arrival = Scene::away();
  Octets octets = Scene::build(tokens, {});
  SECTION("a wrong authenticator") {
    octets.back() ^= 1;
    set_checksum(octets, kHome, kCorrespondent);
  }
  SECTION("tokens of another home address") {
    octets = Scene::build(scene.test(kMovedCareOf, kCareOf), {});
  }
  SECTION("tokens of another care-of address") {
    octets = Scene::build(scene.test(kHome, kMovedCareOf), {});
  }
  SECTION("from another place than authorized") { arrival.source_care_of = kMovedCareOf; }
  SECTION("a home address that cannot be routed") {
    arrival.source = ip("fe80::1");
    set_checksum(octets, arrival.source, kCorrespondent);
  }
  SECTION("a group for a care-of address") { arrival.source_care_of = ip("ff0e::1"); }
  SECTION("a lifetime though it is at home") { arrival.source_care_of.reset(); }
  SECTION("no authenticator") {
    octets = build_message(BindingUpdate{.sequence = 100,
                                         .flags = {UpdateFlag::Acknowledge},
                                         .lifetime = BindingLifetime{105},
                                         .options = {.nonce_indices = tokens.indices}},
                           kHome, kCorrespondent)
                 .value();
  }
  SECTION("no nonce indices") {
    auto bare = build_without_checksum(BindingUpdate{.sequence = 100,
                                                     .flags = {UpdateFlag::Acknowledge},
                                                     .lifetime = BindingLifetime{105},
                                                     .options = {.authorization = Authenticator{}}})
                    .value();
    REQUIRE(kRoutability.authorize(bare, kRoutability.binding_key(tokens.home, tokens.care_of),
                                   {.care_of = kCareOf, .correspondent = kCorrespondent}));
    set_checksum(bare, kHome, kCorrespondent);
    octets = bare;
  }
  scene.fakes.sender.sent.clear();
  scene.deliver(arrival, octets);
  CHECK(scene.fakes.sender.sent.empty());
  CHECK_FALSE(scene.binding());
  CHECK(scene.cache.size() == 0);
}

TEST_CASE(
    "RR-05, RR-10: nonces that are not known are answered 136 to 138, without authenticator") {
  Scene scene;
  Tokens tokens = scene.test();
  const auto [status, home, care_of] =
      GENERATE(std::tuple{BindingStatus::ExpiredHomeNonce, 1000, 0},
               std::tuple{BindingStatus::ExpiredCareOfNonce, 0, 1000},
               std::tuple{BindingStatus::ExpiredNonces, 1000, 1000});
  tokens.indices.home = static_cast<std::uint16_t>(tokens.indices.home + home);
  tokens.indices.care_of = static_cast<std::uint16_t>(tokens.indices.care_of + care_of);
  scene.update(tokens, {.flags = {}});  // said whether it was asked for or not
  const auto answer = scene.answer<BindingAcknowledgement>();
  REQUIRE(answer);
  CHECK(answer->status == status);
  CHECK(answer->sequence == 100);
  CHECK_FALSE(answer->options.authorization);
  CHECK_FALSE(scene.binding());
}

TEST_CASE(
    "RR-05, RR-10: a number that is not newer is answered 135, authorized, with the last one") {
  Scene scene;
  const Tokens tokens = scene.test();
  scene.update(tokens, {});
  scene.fakes.sender.sent.clear();
  const std::uint16_t sequence = GENERATE(100, 99, 32868);
  const Scene::Update again{.sequence = sequence, .flags = {}};
  scene.update(tokens, again);
  const auto answer = scene.answer<BindingAcknowledgement>();
  REQUIRE(answer);
  CHECK(answer->status == BindingStatus::SequenceOutOfWindow);
  CHECK(answer->sequence == 100);
  CHECK(scene.is_authorized(tokens, again));
  scene.update(tokens, {.sequence = 101});
  CHECK(scene.answer<BindingAcknowledgement>().value().status == BindingStatus::Accepted);
}

TEST_CASE("RR-07: a move leads packets elsewhere") {
  Scene scene;
  scene.update(scene.test(), {});
  scene.fakes.sender.sent.clear();
  scene.update(scene.test(kHome, kMovedCareOf), {.sequence = 101, .care_of = kMovedCareOf});
  CHECK(scene.binding() == kMovedCareOf);
  CHECK(scene.cache.size() == 1);
  CHECK(scene.fakes.events.count(EventKind::Moved) == 1);
}

TEST_CASE("RR-03, RR-10: a deletion takes the home nonce alone, and the home address") {
  Scene scene;
  Tokens tokens = scene.test();
  scene.update(tokens, {});
  scene.fakes.sender.sent.clear();
  tokens.indices.care_of = 0;
  const bool at_home = GENERATE(true, false);
  const Scene::Update deletion{
      .sequence = 101, .lifetime = {}, .care_of = at_home ? kHome : kCareOf};
  scene.update(tokens, deletion);
  CHECK_FALSE(scene.binding());
  CHECK(scene.cache.size() == 0);
  const auto answer = scene.answer<BindingAcknowledgement>();
  REQUIRE(answer);
  CHECK(answer->status == BindingStatus::Accepted);
  CHECK(answer->lifetime == BindingLifetime{0});
  CHECK(scene.last.departure.destination == kHome);
  CHECK(scene.last.departure.destination_care_of.has_value() != at_home);
  CHECK(scene.is_authorized(tokens, deletion));
}

TEST_CASE("RR-11: an update replayed after its binding was deleted makes none") {
  Scene scene;
  const Tokens tokens = scene.test();
  const Octets captured = Scene::build(tokens, {});
  scene.deliver(Scene::away(), captured);
  REQUIRE(scene.binding());
  scene.update(tokens, {.sequence = 101, .lifetime = {}, .care_of = kHome});
  REQUIRE_FALSE(scene.binding());
  for (int i = 0; i < 26; ++i) {
    scene.deliver(Scene::away(), captured);
    CHECK_FALSE(scene.binding());
    scene.pass(seconds{10});
  }
  // And its owner may come again meanwhile.
  scene.update(scene.test(), {.sequence = 102});
  CHECK(scene.binding() == kCareOf);
}

TEST_CASE("RR-11: nor does one that is replayed after its binding has ended") {
  Scene scene;
  const Tokens tokens = scene.test();
  const Octets captured = Scene::build(tokens, {.lifetime = BindingLifetime{5}});
  scene.deliver(Scene::away(), captured);
  REQUIRE(scene.binding());
  for (int i = 0; i < 30; ++i) {
    scene.pass(seconds{21});
    scene.deliver(Scene::away(), captured);
    CHECK_FALSE(scene.binding());
  }
}

TEST_CASE("RR-11: where not all of these can be remembered no token is good any more") {
  Scene scene({.most_sequences = 2});
  const Tokens tokens = scene.test();
  const Octets captured = Scene::build(tokens, {});
  scene.deliver(Scene::away(), captured);
  scene.update(tokens, {.sequence = 101, .lifetime = {}, .care_of = kHome});
  for (unsigned i = 1; i <= 2; ++i) {
    Address home = kHome;
    home.bytes[15] = static_cast<std::uint8_t>(i);
    const Tokens others = scene.test(home, kCareOf);
    scene.fakes.sender.sent.clear();
    scene.update(others, {.home = home});
    scene.update(others, {.sequence = 101, .lifetime = {}, .home = home, .care_of = home});
    scene.fakes.sender.sent.clear();
  }
  scene.deliver(Scene::away(), captured);
  CHECK_FALSE(scene.binding());
  CHECK(scene.answer<BindingAcknowledgement>().value().status == BindingStatus::ExpiredNonces);
}

TEST_CASE("RR-10, HA-04: a home registration is not changed by its correspondent's update") {
  Scene scene;
  REQUIRE(scene.cache.put({.use = BindingUse::HomeAgent,
                           .home_address = kHome,
                           .own = kCorrespondent,
                           .care_of = kMovedCareOf,
                           .sequence = 5},
                          seconds{100}));
  const Tokens tokens = scene.test();
  scene.update(tokens, {.flags = {}});
  CHECK(scene.answer<BindingAcknowledgement>().value().status ==
        BindingStatus::TypeChangeDisallowed);
  CHECK(scene.cache.find(kHome, kCorrespondent)->care_of == kMovedCareOf);
  CHECK_FALSE(scene.binding());
}

TEST_CASE("RR-10: without room for a binding the answer is 130") {
  Scene scene;
  scene.fakes.bindings.full = true;
  scene.update(scene.test(), {.flags = {}});
  CHECK(scene.answer<BindingAcknowledgement>().value().status ==
        BindingStatus::InsufficientResources);
  CHECK(scene.cache.size() == 0);
}

TEST_CASE("RR-05: bindings are so many and no more, those updated last stay") {
  Scene scene({}, {.correspondents = 2});
  for (unsigned i = 1; i <= 5; ++i) {
    Address home = kHome;
    home.bytes[15] = static_cast<std::uint8_t>(i);
    const Tokens tokens = scene.test(home, kCareOf);
    scene.update(tokens, {.home = home});
    scene.fakes.sender.sent.clear();
    CHECK(scene.binding(home) == kCareOf);
  }
  CHECK(scene.cache.size() == 2);
  CHECK(scene.fakes.bindings.bindings.size() == 2);
}

TEST_CASE("RR-10: answers are so many a second and no more") {
  Scene scene({.answers_per_second = 10});
  for (int i = 0; i < 100; ++i) scene.receive(Scene::from(kHome), HomeTestInit{});
  CHECK(scene.fakes.sender.take().size() == 10);
  scene.pass(seconds{1});
  for (int i = 0; i < 100; ++i) scene.receive(Scene::from(kHome), CareOfTestInit{});
  CHECK(scene.fakes.sender.take().size() == 10);
}

TEST_CASE("RR-12: the correspondent can be switched off") {
  Scene scene({.route_optimisation = RouteOptimisation::Off});
  scene.receive(Scene::from(kHome), HomeTestInit{});
  scene.receive(Scene::from(kCareOf), CareOfTestInit{});
  Scene on;
  const Tokens tokens = on.test();
  scene.deliver(Scene::away(), Scene::build(tokens, {}));
  CHECK(scene.fakes.sender.sent.empty());
}

TEST_CASE("RR-12: a correspondent that goes leads no packet any more, and nothing of it is left") {
  Scene scene;
  scene.update(scene.test(), {});
  REQUIRE(scene.binding());
  scene.correspondent.reset();
  CHECK_FALSE(scene.binding());
  CHECK(scene.cache.size() == 0);
  scene.pass(seconds{500});
}

TEST_CASE("RR-07: a binding in use is asked to be refreshed before it ends, an idle one is not") {
  Scene scene;
  scene.update(scene.test(), {});
  scene.fakes.sender.sent.clear();
  scene.fakes.bindings.busy = GENERATE(true, false);
  scene.pass(seconds{367});
  CHECK(scene.fakes.sender.sent.empty());
  scene.pass(seconds{2});
  CHECK(scene.fakes.sender.sent.size() == (scene.fakes.bindings.busy ? 1 : 0));
  if (!scene.fakes.bindings.busy) return;
  REQUIRE(scene.answer<BindingRefreshRequest>());
  CHECK(scene.last.departure.destination == kHome);
  CHECK_FALSE(scene.last.departure.destination_care_of);
  // An update puts it off.
  scene.update(scene.test(), {.sequence = 101});
  scene.fakes.sender.sent.clear();
  scene.pass(seconds{60});
  CHECK(scene.fakes.sender.sent.empty());
  CHECK(scene.binding());
}

TEST_CASE("RR-05: updates of any octets crash nothing and bind nobody") {
  Scene scene;
  const Tokens tokens = scene.test();
  const Octets good = Scene::build(tokens, {});
  for (std::size_t at = 6; at < good.size(); ++at)
    for (unsigned bit = 0; bit < 8; ++bit) {
      Octets bent = good;
      bent[at] = static_cast<std::uint8_t>(bent[at] ^ 1u << bit);
      bent = with_checksum(bent, kHome, kCorrespondent);
      const auto message = parse_exactly(bent, kHome, kCorrespondent);
      if (message) scene.correspondent->receive(Scene::away(), *message, bent);
    }
  CHECK_FALSE(scene.binding());
}

}  // namespace
}  // namespace sallyport::mip6::test::correspondent_test
