// How an IKE SA conducts itself: message IDs of first requests, crossing requests, repeats, what is
// answered with nothing, who answers as whom, and what the end of one leaves to others.
#include <algorithm>
#include <catch2/catch.hpp>

#include "ike/wire/append.h"
#include "tests/ike/altered_wire.h"
#include "tests/ike/impostor.h"

namespace sallyport::ike::test::conduct_test {
namespace {

using namespace std::chrono_literals;

Message clear_message(const Datagram& datagram) {
  const Header header = header_of(datagram);
  return parse_message(header.next, ByteView(datagram.message).subspan(kHeaderBytes)).value();
}

const std::string& only_child(const Node& node) { return node.only().children.at(0)->name; }

TEST_CASE("IKE-26, IKE-42: first requests have message ID 0 however often they are sent anew") {
  TwoPeers two;
  change_peer(two.bob, [](Peer& peer) {
    peer.proposals = {parse_ike_proposal("aes128-gcm16+prf-hmac-sha256+ecp256").value()};
  });
  two.bob.settings.admission.cookie_threshold = 0;
  two.bob.start();
  REQUIRE(two.alice.daemon->initiate("net"));
  std::vector<Datagram> requests;
  while (!two.alice.sent.empty() && requests.size() < 3) {
    requests.push_back(two.alice.sent.front());
    REQUIRE(two.deliver(two.alice));
    REQUIRE(two.bob.sent.size() == 1);
    if (requests.size() < 3) REQUIRE(two.deliver(two.bob));
  }
  // A cookie is asked for, then another group, and then the answer comes.
  REQUIRE(requests.size() == 3);
  const Message first = clear_message(requests[0]);
  for (const Datagram& request : requests) {
    const Header header = header_of(request);
    CHECK(header.exchange == ExchangeType::IkeSaInit);
    CHECK(header.message_id == 0);
    CHECK(header.initiator_spi == header_of(requests[0]).initiator_spi);
    CHECK(header.responder_spi == IkeSpi{});  // IKE-04
    CHECK(clear_message(request).nonce == first.nonce);
    CHECK(clear_message(request).sa == first.sa);
  }
  CHECK(header_of(requests[1]).next == PayloadType::Notify);  // the cookie is the first payload
  CHECK(clear_message(requests[1]).key_exchange->data == first.key_exchange->data);
  CHECK(clear_message(requests[2]).find(NotifyType::Cookie) != nullptr);
  CHECK(clear_message(requests[2]).key_exchange->group == facts(Group::Ecp256).ike_id);
  CHECK(header_of(two.bob.sent.front()).message_id == 0);
  two.settle();
  CHECK(two.traffic_flows());
}

TEST_CASE("IKE-28: a peer's request is answered while ours is outstanding, whoever was first") {
  for (const bool alice_first : {true, false}) {
    CAPTURE(alice_first);
    TwoPeers two;
    two.bring_up();
    Node& waiting = alice_first ? two.alice : two.bob;
    Node& asking = two.other(waiting);
    REQUIRE(waiting.daemon->rekey_child(only_child(waiting)));
    REQUIRE(waiting.sent.size() == 1);
    const Datagram own = waiting.sent.front();
    waiting.sent.clear();  // it is on its way for long

    const MessageId id = header_of(own).message_id;
    REQUIRE(asking.daemon->initiate("net"));  // another child
    REQUIRE(two.deliver(asking));
    REQUIRE(waiting.sent.size() == 1);
    const Header answer = header_of(waiting.sent.front());
    CHECK(answer.is_response());
    CHECK(answer.exchange == ExchangeType::CreateChildSa);
    // Each side counts its own requests (IKE-25).
    CHECK(answer.message_id == (alice_first ? 0u : 2u));
    CHECK(id == (alice_first ? 2u : 0u));
    REQUIRE(two.deliver(waiting));
    CHECK(asking.only().children.size() == 2);
    // Ours is none the worse for it: repeated, it is answered as well.
    two.pass(5s);
    CHECK(waiting.only().children.size() == 2);
    CHECK(asking.only().children.size() == 2);
    CHECK(waiting.count(EventKind::ChildRekeyed) == 1);
    CHECK(waiting.installer.sas.size() == 4);
    CHECK(two.traffic_flows());
  }
}

TEST_CASE("IKE-29: a request outside the window brings nothing at all, and changes nothing") {
  for (const std::uint32_t window : {1u, 5u}) {
    CAPTURE(window);
    TwoPeers two;
    change_peer(two.bob, [&](Peer& peer) { peer.window = window; });
    two.bring_up();
    Impostor alice(two.alice.only());
    PayloadChain end;
    end.remove_ike_sa();
    const std::size_t timers = two.bob.daemon->timers();
    // Two requests of hers have been answered: 2 is the next.
    for (const MessageId id : {2 + window, 3 + window, MessageId{1000}, MessageId{0xffffffff}}) {
      CAPTURE(id);
      two.deliver(two.alice,
                  alice.says(ExchangeType::Informational, Way::Request, id, words_of(end)));
      two.deliver(two.alice, alice.says_fragment(ExchangeType::Informational, id, 1));
    }
    two.pass_silently(3s);
    CHECK(two.bob.sent.empty());
    CHECK(two.bob.up().size() == 1);
    CHECK(two.bob.daemon->timers() == timers);
    // Within it there is an answer, which shows that they were understood.
    two.deliver(two.alice,
                alice.says(ExchangeType::Informational, Way::Request, 1 + window, words_of(end)));
    REQUIRE(two.bob.sent.size() == 1);
    CHECK(alice.hears(two.bob.sent.front()));
    CHECK(two.bob.daemon->size() == 0);
  }
}

TEST_CASE("IKE-30: an INFORMATIONAL request with nothing in it, or nothing known, is answered") {
  PayloadChain nothing;
  PayloadChain status;
  status.notify(static_cast<NotifyType>(40'959), Octets{1, 2, 3});
  PayloadChain errors;  // of others' making: they end nothing (IKE-119)
  errors.notify(static_cast<NotifyType>(8191));
  errors.notify(static_cast<NotifyType>(16'383));
  errors.notify(NotifyType::InvalidMessageId, Octets{0, 0, 0, 9});
  PayloadChain vendor;
  vendor.vendor_id(Octets{'x'});
  TwoPeers two;
  two.bring_up();
  Impostor alice(two.alice.only());
  MessageId id = 2;
  for (const Words& words : {words_of(nothing), words_of(status), words_of(errors),
                             words_of(vendor), unknown_payload(127, Critical::No)}) {
    CAPTURE(id);
    two.deliver(two.alice, alice.says(ExchangeType::Informational, Way::Request, id, words));
    REQUIRE(two.bob.sent.size() == 1);
    const auto answer = alice.hears(two.bob.sent.front());
    REQUIRE(answer);
    CHECK(answer->header.is_response());
    CHECK(answer->header.message_id == id);
    ++id;
    CHECK(answer->message.notifies.empty());
    CHECK(answer->message.deletes.empty());
    two.bob.sent.clear();
  }
  // What nobody may pass over is refused by name, and that is all (IKE-08).
  two.deliver(two.alice, alice.says(ExchangeType::Informational, Way::Request, id,
                                    unknown_payload(127, Critical::Yes)));
  REQUIRE(two.bob.sent.size() == 1);
  const auto refusal = alice.hears(two.bob.sent.front());
  REQUIRE(refusal);
  const Notify* const why = refusal->message.find(NotifyType::UnsupportedCriticalPayload);
  REQUIRE(why != nullptr);
  CHECK(why->data == Octets{127});
  CHECK(two.bob.up().size() == 1);
  CHECK(two.traffic_flows());
}

TEST_CASE("IKE-33: SPIs are random, not 0, and of no other IKE SA that lives") {
  TwoPeers two;
  std::vector<IkeSpi> spis;
  for (unsigned i = 0; i < 4; ++i) {
    // The generator says each time what it has said before.
    two.alice.random = FixedRandom(3);
    REQUIRE(two.alice.daemon->initiate_anew("net"));
    spis.push_back(header_of(two.alice.sent.back()).initiator_spi);
    CHECK(spis.back() != IkeSpi{});
    CHECK(std::ranges::count(spis, spis.back()) == 1);
  }
  CHECK(two.alice.daemon->size() == 4);
}

TEST_CASE("IKE-33: whoever has the SPIs is the IKE SA, wherever the message comes from") {
  TwoPeers two;
  two.bring_up();
  Impostor alice(two.alice.only());
  Datagram moved = alice.says(ExchangeType::Informational, Way::Request, 2);
  moved.path.local = {Address::parse("198.51.100.77").value(), 40'000};
  two.deliver(two.alice, moved);
  REQUIRE(two.bob.sent.size() == 1);
  CHECK(alice.hears(two.bob.sent.front()));
  // The answer goes back to where the question came from (IKE-06).
  CHECK(two.bob.sent.front().path.remote == moved.path.local);
  two.bob.sent.clear();

  // Another SPI of either side is another IKE SA: no request is answered under it, no response
  // taken.
  for (const std::size_t octet : {std::size_t{7}, std::size_t{15}}) {
    CAPTURE(octet);
    Datagram other = alice.says(ExchangeType::Informational, Way::Request, 3);
    other.message[octet] ^= 1;
    two.clock.advance(1s);
    two.deliver(two.alice, other);
    REQUIRE(two.bob.sent.size() == 1);
    CHECK_FALSE(alice.hears(two.bob.sent.front()));
    CHECK(clear_message(two.bob.sent.front()).find(NotifyType::InvalidIkeSpi) != nullptr);
    two.bob.sent.clear();
  }
  REQUIRE(two.bob.daemon->rekey_child(only_child(two.bob)));
  REQUIRE(two.deliver(two.bob));
  const Datagram response = two.alice.sent.front();
  for (const std::size_t octet : {std::size_t{7}, std::size_t{15}}) {
    Datagram other = response;
    other.message[octet] ^= 1;
    two.deliver(two.alice, other);
    CHECK(two.bob.installer.sas.size() == 2);
    CHECK(two.bob.sent.empty());
  }
  two.pass(3s);
  CHECK(two.traffic_flows());
}

TEST_CASE("IKE-33, IKE-04: a first response without the responder's SPI is none") {
  TwoPeers two;
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));
  const Datagram response = two.bob.sent.front();
  Datagram without = response;
  std::fill_n(without.message.begin() + 8, 8, std::uint8_t{0});
  two.deliver(two.bob, without);
  Datagram of_another = response;
  of_another.message[0] ^= 1;
  two.deliver(two.bob, of_another);
  CHECK(two.alice.sent.empty());
  two.settle();
  CHECK(two.traffic_flows());
}

TEST_CASE("IKE-91: a caller that asks for one of our identities is answered by that one") {
  const auto further = [](Peer& peer) {
    peer.further_local_identities = {Identity::parse("vpn.example.net").value(),
                                     Identity::parse("gate@example.net").value()};
  };
  for (const std::string wanted : {"VPN.example.net", "gate@example.net", "bob.example.org"}) {
    CAPTURE(wanted);
    TwoPeers two;
    change_peer(two.bob, further);
    change_peer(two.alice,
                [&](Peer& peer) { peer.identities = {IdentityPattern::parse(wanted).value()}; });
    two.bring_up();
    const Identity asked = Identity::parse(wanted).value();
    CHECK(two.alice.only().remote_identity.is_same_as(asked));
    CHECK(two.bob.only().local_identity.is_same_as(asked));
  }
  // Who asks for nobody gets the first, and takes it where its PAD has it.
  TwoPeers two;
  change_peer(two.bob, further);
  change_peer(two.alice, [](Peer& peer) {
    peer.identities = {IdentityPattern::parse("vpn.example.net").value(),
                       IdentityPattern::parse(".example.org").value()};
  });
  two.bring_up();
  CHECK(to_string(two.alice.only().remote_identity) == "bob.example.org");
}

TEST_CASE("IKE-91: who is not asked for answers as itself, and the caller's PAD decides") {
  TwoPeers two;
  change_peer(two.alice, [](Peer& peer) {
    peer.identities = {IdentityPattern::parse("carol.example.org").value()};
  });
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.deliver(two.bob));
  REQUIRE(two.deliver(two.alice));
  // Bob has gone on with the exchange, under his own name.
  CHECK(to_string(two.bob.only().local_identity) == "bob.example.org");
  two.settle();
  CHECK(two.alice.daemon->size() == 0);
  REQUIRE(two.alice.last(EventKind::IkeFailed) != nullptr);
  CHECK(two.alice.last(EventKind::IkeFailed)->detail.find("bob.example.org") != std::string::npos);
  CHECK(two.bob.up().empty());
}

}  // namespace
}  // namespace sallyport::ike::test::conduct_test
