// EAP in IKE_AUTH, both roles, message by message (RFC 7296 2.16).
#include <catch2/catch.hpp>

#include "ike/eap/packet.h"
#include "tests/ike/altered_wire.h"
#include "tests/ike/eap_peers.h"

namespace sallyport::ike::test::eap_exchange_test {

using namespace std::chrono_literals;

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

}  // namespace sallyport::ike::test::eap_exchange_test
