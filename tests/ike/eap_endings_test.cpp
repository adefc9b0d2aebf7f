// How EAP in IKE_AUTH ends where it does not succeed: wrong passwords, silence, messages out of
// turn (RFC 7296 2.16, 2.21.2).
#include <catch2/catch.hpp>

#include "ike/eap/packet.h"
#include "tests/ike/altered_wire.h"
#include "tests/ike/eap_peers.h"
#include "tests/ike/impostor.h"

namespace sallyport::ike::test::eap_endings_test {

using namespace std::chrono_literals;

TEST_CASE("EAP-08: a wrong password ends with EAP Failure, without AUTHENTICATION_FAILED") {
  EapPeers eap;
  TwoPeers& two = eap.two;
  change_peer(two.alice, [](Peer& peer) { peer.local = login("alice", "open barley"); });
  begin_rounds(eap);
  eap.exchange(1);
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.bob.sent.size() == 1);
  const Datagram failure = two.bob.sent.front();
  CHECK(two.bob.daemon->size() == 0);
  CHECK(failure_of(two.bob) == "bad_secret: EAP: a wrong password of user \"alice\"");
  const Impostor as_alice(*two.alice.ike_sas().front());
  const auto said = as_alice.hears(failure);
  REQUIRE(said);
  CHECK(packet_of(said->message).code == EapCode::Failure);
  CHECK(said->message.notifies.empty());
  // Lost, it is said again to the same question.
  two.bob.sent.clear();
  two.pass(3s);
  CHECK(failure_of(two.alice) == "EAP Failure from the peer");
  CHECK(two.alice.last(EventKind::ChildFailed) != nullptr);
  CHECK(two.alice.sent.empty());
  check_over(eap);
}

TEST_CASE("EAP-08: who leaves when a password is refused is gone at once, and told of") {
  EapPeers eap;
  TwoPeers& two = eap.two;
  change_peer(two.alice, [](Peer& peer) { peer.local = login("alice", "open barley"); });
  begin_rounds(eap);
  eap.exchange(1);
  // strongSwan says so in place of an acknowledgement.
  Impostor as_alice(*two.alice.ike_sas().front());
  two.alice.sent.clear();
  PayloadChain leaves;
  leaves.notify(NotifyType::AuthenticationFailed);
  two.deliver(two.alice,
              as_alice.says(ExchangeType::Informational, Way::Request, 3, words_of(leaves)));
  REQUIRE(two.bob.sent.size() == 1);
  const auto said = as_alice.hears(two.bob.sent.front());
  REQUIRE(said);
  CHECK(said->header.exchange == ExchangeType::Informational);
  CHECK(said->message.notifies.empty());
  CHECK(two.bob.daemon->size() == 0);
  CHECK(failure_of(two.bob) ==
        "the peer has left amid EAP, EAP: a wrong password of user \"alice\"");
  CHECK(eap.aaa->open == 0);

  // Who says nothing at all is told of as well.
  EapPeers silent;
  change_peer(silent.two.alice, [](Peer& peer) { peer.local = login("mallory", "open sesame"); });
  begin_rounds(silent);
  silent.exchange(1);
  silent.two.pass_silently(31s);
  CHECK(failure_of(silent.two.bob) == "not authenticated in time, EAP: no user \"mallory\"");
}

TEST_CASE("EAP-08: who falls silent amid EAP is forgotten as any half-open IKE SA is") {
  for (const unsigned rounds : {1u, 2u, 3u}) {
    CAPTURE(rounds);
    EapPeers eap;
    begin(eap);
    eap.exchange(1 + rounds);
    eap.two.alice.start();
    CHECK(eap.two.bob.daemon->half_open() == 1);
    CHECK(eap.aaa->open == (rounds < 3 ? 1u : 0u));
    eap.two.pass_silently(29s);
    CHECK(eap.two.bob.daemon->size() == 1);
    eap.two.pass_silently(2s);
    CHECK(failure_of(eap.two.bob) == "not authenticated in time");
    check_over(eap);
  }
}

TEST_CASE("EAP-08: an AAA server that answers late is waited for, and not for ever") {
  EapPeers eap;
  eap.aaa->at_once = false;
  begin(eap);
  eap.exchange(1);
  REQUIRE(eap.two.deliver(eap.two.alice));
  CHECK(eap.two.bob.sent.empty());
  // Repeats of the question do not ask anew.
  eap.two.pass(5s);
  CHECK(eap.aaa->claimed.size() == 1);
  eap.aaa->answer_one();
  for (unsigned round = 0; round < 2; ++round) {
    eap.two.settle();
    eap.two.pass(2s);
    eap.aaa->answer_one();
  }
  eap.two.settle();
  CHECK(eap.two.traffic_flows());

  EapPeers late;
  late.aaa->at_once = false;
  begin(late);
  late.exchange(1);
  REQUIRE(late.two.deliver(late.two.alice));
  late.two.pass(31s);
  CHECK(failure_of(late.two.bob) == "not authenticated in time");
  late.two.bob.sent.clear();
  late.aaa->answer_one();
  CHECK(late.two.bob.sent.empty());
  CHECK(late.aaa->open == 0);
}

TEST_CASE("EAP-10: the initiator goes through ten rounds and more, and not on for ever") {
  EapPeers eap;
  begin_rounds(eap);
  Impostor as_bob(*eap.two.bob.ike_sas().front());
  unsigned rounds = 0;
  for (; rounds < 100 && eap.two.alice.daemon->size() == 1; ++rounds) {
    const MessageId id = 2 + rounds;
    REQUIRE(eap.two.alice.sent.size() == 1);
    const auto said = as_bob.hears(eap.two.alice.sent.front());
    REQUIRE(said);
    CHECK(said->header.message_id == id);
    CHECK(said->message.eap);
    eap.two.alice.sent.clear();
    PayloadChain payloads;
    payloads.eap(eap_request(static_cast<std::uint8_t>(id), EapType::Notification, {}));
    eap.two.deliver(eap.two.bob,
                    as_bob.says(ExchangeType::IkeAuth, Way::Response, id, words_of(payloads)));
  }
  CHECK(rounds >= 10);
  CHECK(rounds <= 20);
  CHECK_THAT(failure_of(eap.two.alice), Catch::Contains("EAP comes to no end"));
}

TEST_CASE("EAP-08, EAP-10: rounds without end are ended by the responder as well") {
  EapPeers eap;
  unsigned asked = 0;
  eap.aaa->alter = [&](EapStep& step) {
    ++asked;
    step = EapRequest{eap_request(static_cast<std::uint8_t>(asked), EapType::Notification, {})};
  };
  begin(eap);
  eap.two.settle();
  CHECK(asked >= 10);
  CHECK(asked <= 20);
  CHECK_THAT(failure_of(eap.two.bob), Catch::Contains("EAP comes to no end"));
  check_over(eap);
}

TEST_CASE("EAP-08: messages out of turn end it: AUTH too early, EAP too late, neither") {
  const auto fails = [](unsigned rounds, const std::function<void(Message&)>& alter,
                        std::string_view why) {
    EapPeers eap;
    begin(eap);
    eap.exchange(1 + rounds);
    CAPTURE(rounds, why);
    deliver_altered(eap.two, eap.two.alice, alter);
    CHECK_THAT(failure_of(eap.two.bob), Catch::Contains(std::string(why)));
    CHECK(eap.two.bob.installer.sas.empty());
    check_over(eap);
  };
  const auto authenticates = [](Message& message) {
    message.authentication = AuthenticationPayload{AuthMethod::SharedKey, Octets(32, 1)};
  };
  const auto authenticates_instead = [&](Message& message) {
    authenticates(message);
    message.eap.reset();
  };
  for (const unsigned rounds : {1u, 2u}) {
    fails(rounds, authenticates, "no EAP where it was asked for");
    fails(rounds, authenticates_instead, "no EAP where it was asked for");
    fails(rounds, [](Message& message) { message.eap.reset(); }, "no EAP where it was asked for");
    fails(
        rounds, [](Message& message) { message.eap->at(1) ^= 1; },
        "no EAP response to what was asked");
    fails(
        rounds, [](Message& message) { message.eap->at(4) = 3; },
        "the peer wants another EAP method");
  }
  fails(
      3,
      [](Message& message) {
        message.authentication.reset();
        message.eap = eap_response(1, EapType::Identity, {});
      },
      "no AUTH after EAP");
  // EAP's success is the authenticator's to say.
  fails(
      1, [](Message& message) { message.eap = eap_success(message.eap->at(1)); },
      "no EAP response to what was asked");
}

TEST_CASE("EAP-08: success before its time, or another side's packet, ends it at the initiator") {
  const auto fails = [](unsigned rounds, const std::function<void(Message&)>& alter,
                        std::string_view why) {
    EapPeers eap;
    begin(eap);
    eap.exchange(1 + rounds);
    REQUIRE(eap.two.deliver(eap.two.alice));
    const Impostor as_bob(*eap.two.bob.ike_sas().front());
    deliver_altered(eap.two, eap.two.bob, alter);
    check_alice_leaves(eap, as_bob, why);
  };
  const auto succeeds = [](Message& message) { message.eap = eap_success(1); };
  fails(0, succeeds, "before both sides have proved themselves");
  fails(1, succeeds, "before both sides have proved themselves");
  fails(0, [](Message& message) { message.eap->at(0) = 2; }, "response where a request was due");
  fails(0, [](Message& message) { message.eap->at(5) = 9; }, "malformed request of MS-CHAPv2");
}

TEST_CASE("EAP-08: whoever has no keys can do nothing to EAP that is under way") {
  EapPeers eap;
  begin_rounds(eap);
  for (Node* const from : {&eap.two.alice, &eap.two.bob}) {
    Datagram forged = eap.two.alice.sent.front();
    if (from == &eap.two.bob) {
      forged.path = {forged.path.remote, forged.path.local};
      forged.message[19] = kResponseFlag;
    }
    forged.message.back() ^= 1;
    eap.two.deliver(*from, forged);
  }
  CHECK(eap.aaa->heard.empty());
  eap.two.settle();
  CHECK(eap.two.traffic_flows());
}

TEST_CASE("EAP-08: a reload that takes the entry away ends what is under way, and no other does") {
  EapPeers eap;
  begin_rounds(eap);
  eap.two.bob.set_peers({eap.entry("alice", "alice.example.org", "192.0.2.0/24")});
  eap.two.bob.daemon->follow_configuration();
  CHECK(eap.two.bob.daemon->size() == 1);
  eap.two.settle();
  CHECK(eap.two.traffic_flows());

  EapPeers gone;
  begin_rounds(gone);
  gone.two.bob.set_peers({gone.entry("carol", "carol.example.org", "192.0.2.0/24")});
  gone.two.bob.daemon->follow_configuration();
  CHECK(gone.two.bob.daemon->size() == 0);
  CHECK(gone.aaa->open == 0);
}

}  // namespace sallyport::ike::test::eap_endings_test
