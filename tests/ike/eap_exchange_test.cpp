// EAP in IKE_AUTH, both roles, message by message (RFC 7296 2.16).
#include <algorithm>
#include <catch2/catch.hpp>

#include "ike/eap/packet.h"
#include "tests/ike/altered_wire.h"
#include "tests/ike/eap_peers.h"
#include "tests/ike/impostor.h"

namespace sallyport::ike::test {
namespace {

using namespace std::chrono_literals;

void begin(EapPeers& eap) { REQUIRE(eap.two.alice.daemon->initiate("net")); }

// Up to where Alice's next message is her answer to the first EAP request.
void begin_rounds(EapPeers& eap) {
  begin(eap);
  eap.exchange(2);
}

// Alice's AUTH is on its way.
void begin_proofs(EapPeers& eap) {
  begin_rounds(eap);
  eap.exchange(2);
}

EapPacket packet_of(const Message& message) { return parse_eap_packet(*message.eap).value(); }

const std::string& failure_of(const Node& node) {
  REQUIRE(node.last(EventKind::IkeFailed) != nullptr);
  return node.last(EventKind::IkeFailed)->detail;
}

// Neither has anything of it any more, once Bob has repeated his answers for long enough.
void check_over(EapPeers& eap) {
  eap.two.settle();
  CHECK(eap.two.alice.daemon->size() == 0);
  CHECK(eap.two.bob.daemon->size() == 0);
  CHECK(eap.two.bob.daemon->half_open() == 0);
  CHECK(eap.two.alice.installer.sas.empty());
  CHECK(eap.two.bob.installer.sas.empty());
  eap.two.pass(100s);
  CHECK(eap.two.bob.daemon->answering() == 0);
  CHECK(eap.aaa->open == 0);
}

// Alice, once she knows that Bob is not who he should be, says so and no more.
void check_alice_leaves(EapPeers& eap, const Impostor& as_bob, std::string_view why) {
  CHECK_THAT(failure_of(eap.two.alice), Catch::Contains(std::string(why)));
  REQUIRE(eap.two.alice.sent.size() == 1);
  const auto said = as_bob.hears(eap.two.alice.sent.front());
  REQUIRE(said);
  CHECK(said->header.exchange == ExchangeType::Informational);
  CHECK(said->message.find(NotifyType::AuthenticationFailed) != nullptr);
  CHECK(eap.two.alice.daemon->size() == 0);
}

}  // namespace

TEST_CASE("EAP-01, EAP-10, CP-08: what each message of IKE_AUTH with EAP holds, and its ID") {
  EapPeers eap;
  TwoPeers& two = eap.two;
  change_peer(two.alice, [](Peer& peer) { peer.request_addresses = {Family::V4}; });
  change_peer(two.bob, [](Peer& peer) { peer.pools = {"inner"}; });
  two.bob.daemon->pools().replace({{.name = "inner",
                                    .addresses = AddressRange::parse("192.0.2.0/24").value(),
                                    .dns = {},
                                    .subnets = {},
                                    .netmask = {}}});
  begin(eap);
  eap.exchange(1);
  std::vector<Message> requests, responses;
  for (MessageId id = 1; id <= 4; ++id) {
    REQUIRE(two.alice.sent.size() == 1);
    CHECK(header_of(two.alice.sent.front()).message_id == id);
    CHECK(header_of(two.alice.sent.front()).exchange == ExchangeType::IkeAuth);
    requests.push_back(opened(two.alice, two.alice.sent.front()));
    REQUIRE(two.deliver(two.alice));
    CHECK(two.bob.installer.sas.empty() == (id < 4));
    REQUIRE(two.bob.sent.size() == 1);
    CHECK(header_of(two.bob.sent.front()).message_id == id);
    responses.push_back(opened(two.bob, two.bob.sent.front()));
    REQUIRE(two.deliver(two.bob));
  }
  CHECK(two.alice.sent.empty());

  const Message& first = requests[0];
  CHECK(first.initiator);
  CHECK_FALSE(first.authentication);
  CHECK(first.certificates.empty());
  CHECK((first.sa && first.initiator_selectors && first.configuration));
  const Message& shown = responses[0];
  CHECK((shown.responder && shown.certificates.size() == 1 && shown.authentication && shown.eap));
  CHECK(shown.authentication->method == AuthMethod::DigitalSignature);
  CHECK_FALSE((shown.sa || shown.initiator_selectors || shown.configuration));
  for (const std::size_t round : {1u, 2u}) {
    const Message& request = requests[round];
    CHECK((request.eap && !request.authentication && !request.initiator && !request.sa));
    const Message& response = responses[round];
    CHECK((response.eap && !response.authentication && !response.responder && !response.sa));
  }
  CHECK(packet_of(responses[1]).code == EapCode::Request);
  CHECK(packet_of(responses[2]).code == EapCode::Success);
  const Message& last = requests[3];
  CHECK((last.authentication && !last.eap && !last.sa && !last.initiator));
  CHECK(last.authentication->method == AuthMethod::SharedKey);
  const Message& concluded = responses[3];
  CHECK((concluded.authentication && concluded.sa && concluded.initiator_selectors));
  CHECK(concluded.configuration);
  CHECK_FALSE((concluded.eap || concluded.responder || !concluded.certificates.empty()));

  CHECK(two.alice.only().assigned.size() == 1);
  CHECK(two.alice.only().state == IkeState::Established);
  CHECK(two.bob.only().peer->name == "alice");
  CHECK(two.traffic_flows());
  CHECK(eap.aaa->open == 0);
}

TEST_CASE("EAP-03: both AUTHs are keyed by the MSK, over the first messages and the IDs") {
  EapPeers eap;
  TwoPeers& two = eap.two;
  begin(eap);
  const Octets init_request = two.alice.sent.front().message;
  REQUIRE(two.deliver(two.alice));
  const Octets init_response = two.bob.sent.front().message;
  REQUIRE(two.deliver(two.bob));
  const IkeSa& sa = *two.alice.ike_sas().front();
  const SecretBytes p_initiator = sa.keys->p_initiator.duplicate();
  const SecretBytes p_responder = sa.keys->p_responder.duplicate();
  const Prf prf = sa.suite.prf;
  const Octets initiator_nonce = sa.initial->initiator_nonce;
  const Octets responder_nonce = sa.initial->responder_nonce;
  const Octets initiator = opened(two.alice, two.alice.sent.front()).initiator->body;
  REQUIRE(two.deliver(two.alice));
  const Octets responder = opened(two.bob, two.bob.sent.front()).responder->body;
  REQUIRE(two.deliver(two.bob));
  eap.exchange(2);
  REQUIRE(eap.aaa->msks.size() == 1);
  const Octets& msk = eap.aaa->msks.front();
  CHECK(msk.size() == 64);
  const auto proof = [&](const Octets& message, const Octets& nonce, const SecretBytes& p,
                         const Octets& id) {
    return to_octets(
        shared_key_auth(prf, msk, signed_octets(prf, message, nonce, p.view(), id)).view());
  };
  CHECK(opened(two.alice, two.alice.sent.front()).authentication->data ==
        proof(init_request, responder_nonce, p_initiator, initiator));
  REQUIRE(two.deliver(two.alice));
  CHECK(opened(two.bob, two.bob.sent.front()).authentication->data ==
        proof(init_response, initiator_nonce, p_responder, responder));
  two.settle();
  CHECK(two.traffic_flows());
}

TEST_CASE("EAP-10: states tell how far EAP is, and end with it") {
  EapPeers eap;
  begin_rounds(eap);
  CHECK(eap.two.alice.ike_sas().front()->state == IkeState::EapSent);
  CHECK(eap.two.bob.ike_sas().front()->state == IkeState::EapExpected);
  CHECK(to_string(IkeState::EapSent) == "eap-sent");
  CHECK(to_string(IkeState::EapExpected) == "eap-expected");
  eap.two.settle();
  CHECK(eap.two.alice.only().initial == nullptr);
  CHECK(eap.two.bob.only().initial == nullptr);
  CHECK(eap.two.traffic_flows());
}

TEST_CASE("EAP-10: losses and repeats of each message change nothing") {
  EapPeers eap;
  TwoPeers& two = eap.two;
  change_peer(two.bob, [](Peer& peer) { peer.fragment_bytes.reset(); });  // and in fragments
  two.alice.settings.retransmission = {.first = 100ms, .longest = 400ms};
  two.alice.start();
  FixedRandom dice(4);
  unsigned lost = 0;
  two.lost = [&](const Path&) {
    const bool gone = dice.below(4) == 0;
    lost += gone ? 1 : 0;
    return gone;
  };
  begin(eap);
  two.pass(30s);
  CHECK(lost >= 3);
  CHECK(two.traffic_flows());
  CHECK(two.alice.only().children.size() == 1);
  CHECK(two.bob.only().children.size() == 1);
  CHECK(eap.aaa->heard.size() == 2);

  EapPeers twice;
  begin(twice);
  for (unsigned i = 0; i < 40; ++i)
    for (Node* const from : {&twice.two.alice, &twice.two.bob})
      if (!from->sent.empty()) {
        twice.two.deliver(*from, from->sent.front());
        twice.two.deliver(*from);
      }
  CHECK(twice.two.traffic_flows());
  CHECK(twice.two.bob.only().children.size() == 1);
  CHECK(twice.two.bob.count(EventKind::IkeUp) == 1);
  CHECK(twice.aaa->heard.size() == 2);
  CHECK(twice.aaa->claimed.size() == 1);
}

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

TEST_CASE("EAP-01, AUTH-06: nobody's EAP is answered whose AUTH is not good") {
  using Alter = std::function<void(Message&)>;
  const std::pair<Alter, std::string_view> cases[] = {
      {[](Message& message) { message.authentication->data.back() ^= 1; }, "bad_signature"},
      {[](Message& message) { message.certificates.clear(); }, "no_credential"},
      {[](Message& message) { message.authentication->method = AuthMethod::SharedKey; },
       "shows no public key"},
      {[](Message& message) { message.authentication->method = AuthMethod::Null; },
       "shows no public key"},
      {[](Message& message) { message.eap.reset(); }, "asks for no EAP"}};
  for (const auto& [alter, why] : cases) {
    CAPTURE(why);
    EapPeers eap;
    // A secret that both have would do for AUTH, and does not for EAP.
    change_peer(eap.two.alice, [](Peer& peer) {
      peer.remote.push_back(psk_peer("x", "x.org", "y.org", "known to all").remote.front());
    });
    begin(eap);
    eap.exchange(1);
    REQUIRE(eap.two.deliver(eap.two.alice));
    const Impostor as_bob(*eap.two.bob.ike_sas().front());
    deliver_altered(eap.two, eap.two.bob, alter);
    check_alice_leaves(eap, as_bob, why);
    CHECK(eap.aaa->heard.empty());
  }
  // Nor is that of somebody else whose AUTH is good.
  EapPeers eap;
  change_peer(eap.two.alice, [](Peer& peer) {
    peer.identities = {IdentityPattern::parse("carol.example.org").value()};
  });
  begin(eap);
  eap.exchange(1);
  REQUIRE(eap.two.deliver(eap.two.alice));
  const Impostor as_bob(*eap.two.bob.ike_sas().front());
  REQUIRE(eap.two.deliver(eap.two.bob));
  check_alice_leaves(eap, as_bob, "bob.example.org");
  CHECK(eap.aaa->heard.empty());
}

TEST_CASE("EAP-01, EAP-08: a first response without AUTH is the end, whatever else it has") {
  EapPeers eap;
  begin(eap);
  eap.exchange(1);
  REQUIRE(eap.two.deliver(eap.two.alice));
  deliver_altered(eap.two, eap.two.bob, [](Message& message) { message.authentication.reset(); });
  CHECK(failure_of(eap.two.alice) == "an IKE_AUTH response without IDr or AUTH");
  CHECK(eap.two.alice.sent.empty());
}

TEST_CASE("EAP-03: AUTH of the initiator is good by the MSK alone, of the shared-key method") {
  using Alter = std::function<void(Message&)>;
  const std::pair<Alter, std::string_view> cases[] = {
      {[](Message& message) { message.authentication->data.back() ^= 1; }, "bad_secret"},
      {[](Message& message) { message.authentication->data.pop_back(); }, "bad_secret"},
      {[](Message& message) { message.authentication->method = AuthMethod::Null; },
       "not by its key"},
      {[](Message& message) { message.authentication->method = AuthMethod::DigitalSignature; },
       "not by its key"},
      {[](Message& message) { message.authentication.reset(); }, "no AUTH after EAP"}};
  for (const auto& [alter, why] : cases) {
    CAPTURE(why);
    EapPeers eap;
    begin_proofs(eap);
    deliver_altered(eap.two, eap.two.alice, alter);
    CHECK_THAT(failure_of(eap.two.bob), Catch::Contains(std::string(why)));
    CHECK(eap.two.bob.count(EventKind::IkeUp) == 0);
    eap.two.settle();
    CHECK(failure_of(eap.two.alice) == "AUTHENTICATION_FAILED from the peer");
    check_over(eap);
  }
}

TEST_CASE("EAP-03: AUTH of the responder is checked by the MSK as well") {
  for (const bool method : {true, false}) {
    EapPeers eap;
    begin_proofs(eap);
    REQUIRE(eap.two.deliver(eap.two.alice));
    const Impostor as_bob(*eap.two.bob.ike_sas().front());
    deliver_altered(eap.two, eap.two.bob, [&](Message& message) {
      if (method)
        message.authentication->method = AuthMethod::DigitalSignature;
      else
        message.authentication->data.front() ^= 0x80;
    });
    check_alice_leaves(eap, as_bob, method ? "not by its key" : "bad_secret");
    CHECK(eap.two.alice.installer.sas.empty());
  }
}

TEST_CASE("EAP-04: a method that makes no key, or a short one, authenticates nobody") {
  for (const std::size_t octets : {std::size_t{0}, std::size_t{32}, std::size_t{63}}) {
    CAPTURE(octets);
    EapPeers eap;
    eap.aaa->alter = [&](EapStep& step) {
      if (auto* const success = std::get_if<EapSuccess>(&step))
        success->msk = SecretBytes(success->msk.view().first(octets));
    };
    begin(eap);
    eap.two.settle();
    CHECK_THAT(failure_of(eap.two.bob), Catch::Contains("makes no key"));
    CHECK(failure_of(eap.two.alice) == "AUTHENTICATION_FAILED from the peer");
    check_over(eap);
  }
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

TEST_CASE("EAP-05: with an identity round there is one more, and IDi stays what it was") {
  EapPeers eap(LocalUsers::IdentityRound::First);
  CHECK(eap.comes_up());
  CHECK(eap.aaa->heard.size() == 3);
  const auto identity = parse_eap_packet(eap.aaa->heard.front());
  REQUIRE(identity);
  CHECK(identity->type == EapType::Identity);
  CHECK(std::string(identity->data.begin(), identity->data.end()) == "alice");
  REQUIRE(eap.aaa->claimed.size() == 1);
  CHECK(to_string(eap.aaa->claimed.front()) == "alice.example.org");
}

TEST_CASE(
    "EAP-01, PAD-07: without AUTH comes who has an entry with EAP, with AUTH who has another") {
  EapPeers eap;
  change_peer(eap.two.bob, [](Peer& peer) {
    peer = psk_peer("alice", "alice.example.org", "bob.example.org", "shared secret");
  });
  begin(eap);
  eap.two.settle();
  CHECK_THAT(failure_of(eap.two.bob), Catch::Contains("the entry knows no EAP"));
  CHECK(eap.aaa->claimed.empty());
  check_over(eap);

  EapPeers other;
  change_peer(other.two.alice, [](Peer& peer) {
    peer.local = psk_peer("x", "x.org", "y.org", "open sesame").local;
  });
  begin(other);
  other.two.settle();
  CHECK_THAT(failure_of(other.two.bob), Catch::StartsWith("wrong_method"));
  CHECK(other.aaa->claimed.empty());
}

TEST_CASE("EAP-01: an entry may have EAP beside certificates, and the peer chooses") {
  EapPeers eap;
  const TestAuthority authority = authority_of_today();
  change_peer(eap.two.bob, [&](Peer& peer) { peer.remote.push_back(trust_in(authority)); });
  change_peer(eap.two.alice, [&](Peer& peer) {
    peer.local = proof_by(credential_of(issued_today(authority, "alice.example.org")));
  });
  CHECK(eap.comes_up());
  CHECK(eap.aaa->claimed.empty());
  change_peer(eap.two.alice, [](Peer& peer) { peer.local = login("alice", "open sesame"); });
  eap.two.alice.start();
  CHECK(eap.comes_up());
  CHECK(eap.aaa->claimed.size() == 1);
}

TEST_CASE("EAP-10: what has come up by EAP is rekeyed, moves and ends as others are and do") {
  EapPeers eap;
  REQUIRE(eap.comes_up());
  TwoPeers& two = eap.two;
  CHECK(two.alice.only().abilities.mobike);
  CHECK(two.bob.only().abilities.mobike);
  REQUIRE(two.alice.daemon->rekey(two.alice.only().number));
  two.settle();
  REQUIRE(two.bob.daemon->rekey_child(two.bob.only().children.front()->name));
  two.pass(3s);
  CHECK(two.traffic_flows());
  CHECK(to_string(two.bob.only().remote_identity) == "alice.example.org");
  REQUIRE(two.alice.daemon->terminate(two.alice.only().number));
  two.settle();
  CHECK(two.bob.daemon->size() == 0);
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

}  // namespace sallyport::ike::test
