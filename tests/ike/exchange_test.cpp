// The exchanges between two instances: how IKE SAs and children come, are replaced, and go.
#include <catch2/catch.hpp>

#include "tests/ike/two_peers.h"

namespace sallyport::ike::test::exchange_test {
namespace {

using namespace std::chrono_literals;

TEST_CASE("IKE-20: four messages make an IKE SA and a pair of children") {
  TwoPeers two;
  REQUIRE(two.alice.daemon->initiate("net"));
  unsigned messages = 0;
  while (two.deliver(two.alice) || two.deliver(two.bob)) ++messages;
  CHECK(messages == 4);
  CHECK(two.traffic_flows());
  CHECK(two.alice.only().suite == two.bob.only().suite);
  CHECK(to_string(two.alice.only().remote_identity) == "bob.example.org");
  CHECK(to_string(two.bob.only().remote_identity) == "alice.example.org");
  CHECK(two.alice.only().initiator_spi == two.bob.only().initiator_spi);
  CHECK(two.bob.count(EventKind::ChildUp) == 1);
}

TEST_CASE("IKE-21: every message of the initial exchanges may be lost once") {
  for (unsigned lost = 0; lost < 4; ++lost) {
    CAPTURE(lost);
    TwoPeers two;
    REQUIRE(two.alice.daemon->initiate("net"));
    for (unsigned i = 0; i < lost; ++i)
      static_cast<void>(i % 2 == 0 ? two.deliver(two.alice) : two.deliver(two.bob));
    Node& loser = lost % 2 == 0 ? two.alice : two.bob;
    REQUIRE(loser.sent.size() == 1);
    loser.sent.clear();
    two.pass(1500ms);
    CHECK(two.alice.up().size() == 1);
    CHECK(two.bob.up().size() == 1);
    CHECK(two.traffic_flows());
  }
}

TEST_CASE("IKE-21, IKE-22, IKE-23: what comes twice changes nothing and is answered bit for bit") {
  TwoPeers two;
  REQUIRE(two.alice.daemon->initiate("net"));
  for (unsigned step = 0; step < 2; ++step) {
    const Datagram request = two.alice.sent.front();
    REQUIRE(two.deliver(two.alice));
    const Datagram response = two.bob.sent.front();
    two.deliver(two.alice, request);
    REQUIRE(two.bob.sent.size() == 2);
    CHECK(two.bob.sent.back().message == response.message);
    two.bob.sent.pop_back();
    REQUIRE(two.deliver(two.bob));
    two.deliver(two.bob, response);
  }
  CHECK(two.alice.up().size() == 1);
  CHECK(two.bob.daemon->size() == 1);
  CHECK(two.traffic_flows());
}

TEST_CASE("IKE-23: the first request again, after IKE_AUTH, is ignored") {
  TwoPeers two;
  REQUIRE(two.alice.daemon->initiate("net"));
  const Datagram first = two.alice.sent.front();
  two.settle();
  two.deliver(two.alice, first);
  CHECK(two.bob.sent.empty());
  CHECK(two.bob.daemon->size() == 1);
}

TEST_CASE("IKE-24, LIVE-03: a peer that does not answer is given up, and its children go") {
  TwoPeers two;
  two.bring_up();
  two.bob.start();  // it has lost its memory, and the wire loses its notifies
  two.alice.sent.clear();
  two.pass_silently(200s);
  CHECK(two.alice.daemon->size() == 0);
  CHECK(two.alice.installer.sas.empty());
  REQUIRE(two.alice.last(EventKind::IkeDown) != nullptr);
  CHECK(two.alice.last(EventKind::IkeDown)->detail == "the peer does not answer");
}

TEST_CASE("IKE-77, AUTH-06, PAD-16: a wrong key has one answer and leaves nothing behind") {
  TwoPeers two;
  Peer stranger = psk_peer("alice", "alice.example.org", "bob.example.org", "another secret");
  two.bob.set_peers({std::move(stranger)});
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  two.poll();
  CHECK(two.alice.daemon->size() == 0);
  CHECK(two.bob.daemon->size() == 0);
  CHECK(two.alice.installer.sas.empty());
  CHECK(two.bob.installer.sas.empty());
  REQUIRE(two.bob.last(EventKind::IkeFailed) != nullptr);
  CHECK(two.bob.last(EventKind::IkeFailed)->detail.find("AUTH does not fit") != std::string::npos);
  REQUIRE(two.alice.last(EventKind::IkeFailed) != nullptr);
  CHECK(two.alice.last(EventKind::IkeFailed)->detail == "AUTHENTICATION_FAILED from the peer");
}

TEST_CASE("PAD-16: an unknown identity has the same answer, and another audit reason") {
  TwoPeers two;
  two.bob.set_peers({psk_peer("carol", "carol.example.org", "bob.example.org", "shared secret")});
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  REQUIRE(two.alice.last(EventKind::IkeFailed) != nullptr);
  CHECK(two.alice.last(EventKind::IkeFailed)->detail == "AUTHENTICATION_FAILED from the peer");
  REQUIRE(two.bob.last(EventKind::IkeFailed) != nullptr);
  CHECK(two.bob.last(EventKind::IkeFailed)->detail.find("no entry") != std::string::npos);
}

TEST_CASE("IKE-113, SAD-10: a child's rekey replaces both halves before the old ones go") {
  TwoPeers two;
  two.bring_up();
  const Spi before = two.alice.installer.outbound("net")->spi;
  REQUIRE(two.alice.daemon->rekey_child(two.alice.only().children.front()->name));
  REQUIRE(two.deliver(two.alice));
  // Bob receives by the new one before he has answered, and sends by the old one still.
  CHECK(two.bob.installer.count(Direction::Inbound) == 2);
  CHECK(two.bob.installer.count(Direction::Outbound) == 1);
  two.settle();
  CHECK(two.traffic_flows());
  CHECK(two.alice.installer.outbound("net")->spi != before);
  two.pass(3s);
  CHECK(two.alice.installer.sas.size() == 2);
  CHECK(two.bob.installer.sas.size() == 2);
  CHECK(two.traffic_flows());
  CHECK(two.alice.count(EventKind::ChildRekeyed) == 1);
  CHECK(two.bob.count(EventKind::ChildRekeyed) == 1);
}

TEST_CASE("IKE-112: an IKE rekey hands its children over, and the old one is deleted") {
  TwoPeers two;
  two.bring_up();
  const IkeSpi before = two.alice.only().initiator_spi;
  for (Node* const node : {&two.alice, &two.bob}) {
    REQUIRE(node->daemon->rekey(node->only().number));
    two.settle();
    two.poll();
    CHECK(two.alice.only().initiator_spi != before);
    CHECK(two.alice.only().children.size() == 1);
    CHECK(two.bob.only().children.size() == 1);
    CHECK(two.alice.daemon->size() == 1);
    CHECK(two.bob.daemon->size() == 1);
    CHECK(two.traffic_flows());
  }
  // The second was Bob's: he is its original initiator (IKE-02).
  CHECK(two.bob.only().side == Side::Initiator);
  REQUIRE(two.alice.daemon->rekey_child(two.alice.only().children.front()->name));
  two.pass(3s);
  CHECK(two.traffic_flows());
  CHECK(two.alice.installer.sas.size() == 2);
}

TEST_CASE("IKE-117, IKE-128: a child is deleted by either side, both halves at both ends") {
  for (const bool by_alice : {true, false}) {
    CAPTURE(by_alice);
    TwoPeers two;
    two.bring_up();
    Node& node = by_alice ? two.alice : two.bob;
    REQUIRE(node.daemon->terminate_child(node.only().children.front()->name));
    two.settle();
    CHECK(two.alice.installer.sas.empty());
    CHECK(two.bob.installer.sas.empty());
    CHECK(two.alice.up().size() == 1);
    CHECK(two.bob.up().size() == 1);
  }
}

TEST_CASE("IKE-128: crossing deletes of one child leave nothing") {
  TwoPeers two;
  two.bring_up();
  REQUIRE(two.alice.daemon->terminate_child(two.alice.only().children.front()->name));
  REQUIRE(two.bob.daemon->terminate_child(two.bob.only().children.front()->name));
  two.settle();
  CHECK(two.alice.installer.sas.empty());
  CHECK(two.bob.installer.sas.empty());
  CHECK(two.alice.up().size() == 1);
}

TEST_CASE("IKE-118: the end of an IKE SA is the end of its children") {
  for (const bool by_alice : {true, false}) {
    CAPTURE(by_alice);
    TwoPeers two;
    two.bring_up();
    Node& node = by_alice ? two.alice : two.bob;
    REQUIRE(node.daemon->terminate(node.only().number));
    two.settle();
    two.poll();
    CHECK(two.alice.daemon->size() == 0);
    CHECK(two.bob.daemon->size() == 0);
    CHECK(two.alice.installer.sas.empty());
    CHECK(two.bob.installer.sas.empty());
  }
}

TEST_CASE("IKE-114: simultaneous rekeys of a child leave one pair, whichever answer comes first") {
  for (unsigned order = 0; order < 4; ++order) {
    CAPTURE(order);
    TwoPeers two;
    two.alice.random = FixedRandom(10 + order);
    two.bring_up();
    REQUIRE(two.alice.daemon->rekey_child(two.alice.only().children.front()->name));
    REQUIRE(two.bob.daemon->rekey_child(two.bob.only().children.front()->name));
    // Both requests are on the wire before either arrives.
    if (order % 2 == 0) {
      REQUIRE(two.deliver(two.alice));
      REQUIRE(two.deliver(two.bob));
    } else {
      REQUIRE(two.deliver(two.bob));
      REQUIRE(two.deliver(two.alice));
    }
    two.pass(4s);
    CHECK(two.alice.installer.sas.size() == 2);
    CHECK(two.bob.installer.sas.size() == 2);
    CHECK(two.traffic_flows());
    CHECK(two.alice.only().children.size() == 1);
    CHECK(two.bob.only().children.size() == 1);
  }
}

TEST_CASE("IKE-115: simultaneous rekeys of the IKE SA leave one, with the children") {
  for (unsigned order = 0; order < 4; ++order) {
    CAPTURE(order);
    TwoPeers two;
    two.alice.random = FixedRandom(20 + order);
    two.bring_up();
    REQUIRE(two.alice.daemon->rekey(two.alice.only().number));
    REQUIRE(two.bob.daemon->rekey(two.bob.only().number));
    Node& first = order % 2 == 0 ? two.alice : two.bob;
    REQUIRE(two.deliver(first));
    REQUIRE(two.deliver(two.other(first)));
    two.pass(5s);
    CHECK(two.alice.daemon->size() == 1);
    CHECK(two.bob.daemon->size() == 1);
    CHECK(two.alice.only().initiator_spi == two.bob.only().initiator_spi);
    CHECK(two.alice.only().children.size() == 1);
    CHECK(two.bob.only().children.size() == 1);
    CHECK(two.traffic_flows());
  }
}

TEST_CASE("IKE-31: a message whose ICV is wrong changes nothing") {
  TwoPeers two;
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.deliver(two.bob));
  const Datagram good = two.alice.sent.front();
  for (std::size_t at = kHeaderBytes; at < good.message.size(); at += 7) {
    Datagram bad = good;
    bad.message[at] ^= 0x40;
    two.deliver(two.alice, bad);
  }
  CHECK(two.bob.sent.empty());
  CHECK(two.bob.daemon->half_open() == 1);
  two.settle();
  CHECK(two.traffic_flows());
}

TEST_CASE("LIVE-01, LIVE-02: a quiet peer is asked by an empty exchange, a heard one is not") {
  TwoPeers two;
  two.bring_up();
  const std::string inbound = two.alice.only().children.front()->inbound_name();
  two.alice.sent.clear();
  for (unsigned second = 0; second < 60; ++second) {
    ++two.alice.installer.packets[inbound];
    two.clock.advance(1s);
    two.alice.daemon->poll();
  }
  CHECK(two.alice.sent.empty());
  two.pass_silently(61s);
  CHECK_FALSE(two.alice.sent.empty());
}

TEST_CASE("IKE-40, IKE-41, IKE-42: under load a cookie is asked for, and brought") {
  TwoPeers two;
  two.bob.settings.admission.cookie_threshold = 0;
  two.bob.start();
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));
  CHECK(two.bob.daemon->size() == 0);  // no state
  CHECK(two.bob.daemon->refusals().cookies_asked == 1);
  two.settle();
  CHECK(two.traffic_flows());
}

TEST_CASE("IKE-43: another group is asked for and taken where it was offered") {
  TwoPeers two;
  Peer only_ecp = psk_peer("alice", "alice.example.org", "bob.example.org", "shared secret");
  only_ecp.proposals = {parse_ike_proposal("aes128-gcm16+prf-hmac-sha256+ecp256").value()};
  only_ecp.may_claim = {AddressRange::parse("192.0.2.0/24").value()};
  two.bob.set_peers({std::move(only_ecp)});
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  CHECK(two.traffic_flows());
  CHECK(two.alice.only().suite.group == Group::Ecp256);
}

TEST_CASE(
    "PAD-10, IKE-100: a peer cannot claim what its entry does not list, and the IKE SA stays") {
  TwoPeers two;
  Peer narrow = psk_peer("alice", "alice.example.org", "bob.example.org", "shared secret");
  narrow.may_claim = {AddressRange::parse("192.0.2.128/25").value()};
  two.bob.set_peers({narrow});
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  REQUIRE(two.traffic_flows());
  CHECK(to_string(two.bob.only().children.front()->selectors.remote) == "192.0.2.128/25");

  TwoPeers foreign;
  narrow.may_claim = {AddressRange::parse("10.0.0.0/8").value()};
  foreign.bob.set_peers({narrow});
  REQUIRE(foreign.alice.daemon->initiate("net"));
  foreign.settle();
  CHECK(foreign.bob.installer.sas.empty());
  CHECK(foreign.alice.installer.sas.empty());
  CHECK(foreign.alice.up().size() == 1);
  REQUIRE(foreign.alice.last(EventKind::ChildFailed) != nullptr);
  CHECK(foreign.alice.last(EventKind::ChildFailed)->detail == "TS_UNACCEPTABLE from the peer");
}

TEST_CASE("IKE-102: INITIAL_CONTACT of a peer that has lost its memory ends the older IKE SA") {
  TwoPeers two;
  two.bring_up();
  two.alice.start();
  two.alice.sent.clear();
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  two.poll();
  CHECK(two.bob.daemon->size() == 1);
  CHECK(two.bob.installer.sas.size() == 2);
  CHECK(two.traffic_flows());
}

TEST_CASE("IKE-102, MAPI-06: INITIAL_CONTACT does not end what has come up since it was written") {
  TwoPeers two;
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.bob.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));  // her IKE_SA_INIT
  REQUIRE(two.deliver(two.bob));    // his
  REQUIRE(two.deliver(two.bob));    // his answer: she says INITIAL_CONTACT in her IKE_AUTH
  two.clock.advance(std::chrono::milliseconds(5));
  REQUIRE(two.deliver(two.alice));  // her answer
  REQUIRE(two.deliver(two.bob));    // his IKE_AUTH
  // Her answer to that overtakes her own.
  REQUIRE(two.alice.sent.size() == 2);
  std::swap(two.alice.sent.front(), two.alice.sent.back());
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.bob.up().size() == 1);
  two.settle();
  two.poll();
  CHECK(two.alice.up().size() == 2);
  CHECK(two.bob.up().size() == 2);
  CHECK(two.traffic_flows());
}

TEST_CASE("IKE-27, AUTH-06: no second IKE_AUTH is looked at while the first is being worked at") {
  TwoPeers two;
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.deliver(two.bob));
  two.bob.jobs.at_once = false;
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.bob.jobs.waiting.size() == 1);
  // What Alice would send next, sealed with the same keys: a second IKE_AUTH with the next ID.
  two.alice.daemon->poll();
  const IkeSa& sa = *two.alice.ike_sas().front();
  PayloadChain payloads;
  payloads.notify(NotifyType::InitialContact);
  std::uint64_t iv = 1000;
  FixedRandom random(9);
  const Header header{.initiator_spi = sa.initiator_spi,
                      .responder_spi = sa.responder_spi,
                      .exchange = ExchangeType::IkeAuth,
                      .flags = kInitiatorFlag,
                      .message_id = 2};
  const auto second = Sealer(sa.our_cipher(), iv, random).seal(header, payloads, 0);
  two.deliver(two.alice, {sa.path, second.front()});
  CHECK(two.bob.jobs.waiting.size() == 1);
  CHECK(two.bob.sent.empty());
  two.bob.jobs.at_once = true;
  two.bob.jobs.run_all();
  two.settle();
  CHECK(two.traffic_flows());
  CHECK(two.bob.daemon->size() == 1);
}

TEST_CASE("Jobs that come back when all is over find nothing to do") {
  TwoPeers two;
  two.bob.jobs.at_once = false;
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.bob.jobs.waiting.size() == 1);
  two.pass_silently(40s);  // the half-open one ends before its keys are there
  CHECK(two.bob.daemon->size() == 0);
  two.bob.jobs.run_all();
  CHECK(two.bob.sent.empty());
}

}  // namespace
}  // namespace sallyport::ike::test::exchange_test
