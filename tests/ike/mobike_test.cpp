// Moving by MOBIKE, message by message: who moves, who follows, when SAs go along (RFC 4555 3.5,
// 3.7).
#include <catch2/catch.hpp>

#include "tests/ike/movers.h"

namespace sallyport::ike::test::mobike_test {
namespace {

using namespace std::chrono_literals;

const std::string kHome = "203.0.113.1";
const std::string kAway = "203.0.113.77";
const std::string kFurther = "203.0.113.78";
const std::string kBob = "203.0.113.2";

Address address_of_sas(const Node& node) { return Movers::ends(node).remote; }

PayloadChain update() {
  PayloadChain payloads;
  payloads.notify(NotifyType::UpdateSaAddresses);
  return payloads;
}

TEST_CASE("MOBIKE-01: both say so in IKE_AUTH, and go to 4500 without any NAT") {
  Movers two;
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.deliver(two.bob));
  const Datagram request = two.alice.sent.front();
  CHECK(request.path.local.port == 4500);
  CHECK(request.path.remote.port == 4500);
  const Message said = opened(two.alice, request);
  REQUIRE(said.find(NotifyType::MobikeSupported) != nullptr);
  CHECK(said.find(NotifyType::MobikeSupported)->data.empty());
  REQUIRE(two.deliver(two.alice));
  const Message answer = opened(two.bob, two.bob.sent.front());
  REQUIRE(answer.find(NotifyType::MobikeSupported) != nullptr);
  CHECK(answer.find(NotifyType::MobikeSupported)->data.empty());
  two.settle();
  CHECK(two.alice.only().abilities.mobike);
  CHECK(two.bob.only().abilities.mobike);
  CHECK(two.bob.only().path.remote.port == 4500);
}

TEST_CASE("MOBIKE-02, MOBIKE-03: the initiator moves; its SAs at the other end when it answers") {
  Movers two;
  two.bring_up();
  const Spi before = two.alice.installer.outbound("net")->spi;
  Movers::move(two.alice, kAway);
  CHECK(Movers::ends(two.alice).local == address(kAway));

  REQUIRE(two.alice.sent.size() == 1);
  CHECK(two.alice.sent.front().path.local.address == address(kAway));
  const Message asked = opened(two.alice, two.alice.sent.front());
  REQUIRE(asked.find(NotifyType::UpdateSaAddresses) != nullptr);
  CHECK(asked.find(NotifyType::UpdateSaAddresses)->data.empty());
  CHECK(asked.find(NotifyType::NatDetectionSourceIp) != nullptr);
  CHECK(asked.find(NotifyType::NatDetectionDestinationIp) != nullptr);
  CHECK(asked.find(NotifyType::NoNatsAllowed) == nullptr);
  REQUIRE(asked.find(NotifyType::Cookie2) != nullptr);
  CHECK(asked.find(NotifyType::Cookie2)->data.size() >= 8);
  CHECK(asked.find(NotifyType::Cookie2)->data.size() <= 64);

  REQUIRE(two.deliver(two.alice));
  CHECK(two.bob.only().path.remote.address == address(kAway));
  CHECK(address_of_sas(two.bob) == address(kHome));
  REQUIRE(two.bob.sent.size() == 2);
  const Message answer = opened(two.bob, two.bob.sent[0]);
  CHECK(header_of(two.bob.sent[0]).is_response());
  CHECK(answer.find(NotifyType::NatDetectionDestinationIp) != nullptr);
  CHECK(answer.find(NotifyType::Cookie2)->data == asked.find(NotifyType::Cookie2)->data);
  const Message check = opened(two.bob, two.bob.sent[1]);
  CHECK_FALSE(header_of(two.bob.sent[1]).is_response());
  CHECK(check.notifies.size() == 1);
  CHECK(check.find(NotifyType::Cookie2)->data != asked.find(NotifyType::Cookie2)->data);
  for (const Datagram& datagram : two.bob.sent)
    CHECK(datagram.path.remote.address == address(kAway));

  REQUIRE(two.deliver(two.bob));
  REQUIRE(two.deliver(two.bob));
  CHECK(address_of_sas(two.bob) == address(kHome));
  REQUIRE(two.deliver(two.alice));
  CHECK(two.carries_between(address(kAway), address(kBob)));
  CHECK(two.alice.installer.outbound("net")->spi == before);
  CHECK(two.bob.count(EventKind::PeerMoved) == 1);
  CHECK(two.alice.sent.empty());
  CHECK(two.bob.sent.empty());
}

TEST_CASE("MOBIKE-02: only who has begun the first IKE SA says where the SAs go") {
  Movers two;
  two.bring_up();
  two.deliver(two.bob, from(kFurther, request_by(two.bob, 0, update())));
  CHECK(two.alice.only().path.remote.address == address(kBob));
  CHECK(Movers::ends(two.alice).remote == address(kBob));
  REQUIRE(two.alice.sent.size() == 1);
  CHECK(header_of(two.alice.sent.front()).is_response());
  two.alice.sent.clear();

  // Bob has begun the IKE SA that follows; it is still Alice who moves.
  Movers rekeyed;
  rekeyed.bring_up();
  REQUIRE(rekeyed.bob.daemon->rekey(rekeyed.bob.only().number));
  rekeyed.settle();
  REQUIRE(rekeyed.alice.only().side == Side::Responder);
  Movers::move(rekeyed.alice, kAway);
  rekeyed.settle();
  CHECK(rekeyed.carries_between(address(kAway), address(kBob)));
}

TEST_CASE("MOBIKE-03: COOKIE2 of 8 to 64 octets comes back as it was, to either side") {
  for (const bool by_alice : {true, false}) {
    Movers two;
    two.bring_up();
    Node& asker = by_alice ? two.alice : two.bob;
    MessageId id = by_alice ? 2 : 0;
    for (const std::size_t size : {8u, 64u, 7u, 65u, 0u}) {
      CAPTURE(size);
      Octets cookie(size);
      asker.random.fill(cookie);
      PayloadChain payloads;
      payloads.notify(NotifyType::Cookie2, cookie);
      two.deliver(asker, request_by(asker, id++, payloads));
      Node& answerer = two.other(asker);
      const Message answer = opened(answerer, taken(answerer));
      const Notify* const echo = answer.find(NotifyType::Cookie2);
      if (size < 8 || size > 64) {
        CHECK(echo == nullptr);
        continue;
      }
      REQUIRE(echo != nullptr);
      CHECK(echo->data == cookie);
    }
    CHECK(two.traffic_flows());
  }
}

TEST_CASE("MOBIKE-03: an update whose COOKIE2 does not come back closes the IKE SA") {
  const std::vector<std::function<void(Message&)>> faults{
      [](Message& message) {
        for (Notify& one : message.notifies)
          if (one.type == NotifyType::Cookie2) one.data.back() ^= 1;
      },
      [](Message& message) {
        for (Notify& one : message.notifies)
          if (one.type == NotifyType::Cookie2) one.data.push_back(0);
      },
      [](Message& message) {
        std::erase_if(message.notifies,
                      [](const Notify& one) { return one.type == NotifyType::Cookie2; });
      }};
  for (const auto& fault : faults) {
    Movers two;
    two.bring_up();
    Movers::move(two.alice, kAway);
    REQUIRE(two.deliver(two.alice));
    const Datagram answer = altered(two.bob, taken(two.bob), fault);
    two.bob.sent.clear();
    two.deliver(two.bob, answer);
    CHECK(two.alice.up().empty());
    CHECK(two.alice.installer.sas.empty());
    REQUIRE(two.alice.last(EventKind::IkeDown) != nullptr);
    CHECK(two.alice.last(EventKind::IkeDown)->detail == "COOKIE2 has not come back");
    two.settle();  // the Delete
    CHECK(two.bob.up().empty());
    CHECK(two.bob.installer.sas.empty());
  }
}

TEST_CASE("MOBIKE-03: a wrong answer to the check from the new address closes the IKE SA") {
  Movers two;
  two.bring_up();
  Movers::move(two.alice, kAway);
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.deliver(two.bob));
  REQUIRE(two.deliver(two.bob));
  const Datagram answer = altered(two.alice, taken(two.alice), [](Message& message) {
    message.notifies.front().data.front() ^= 1;
  });
  two.deliver(two.alice, answer);
  CHECK(two.bob.up().empty());
  CHECK(two.bob.installer.sas.empty());
  two.settle();
  CHECK(two.alice.up().empty());
}

TEST_CASE("MOBIKE-03: nothing goes to an address from which nobody answers") {
  Movers two;
  two.bring_up();
  two.lost = [](const Path& path) { return path.remote.address == address(kAway); };
  Movers::move(two.alice, kAway);
  for (int i = 0; i < 60; ++i) {
    two.pass(1s);
    CHECK(address_of_sas(two.bob) == address(kHome));
  }
  two.pass(60s);  // nobody answers Bob
  CHECK(two.bob.up().empty());
}

TEST_CASE("MOBIKE-03: where the entry says so, SAs follow without a check") {
  Movers two;
  two.change_both([](Peer& peer) { peer.return_routability = false; });
  two.bring_up();
  Movers::move(two.alice, kAway);
  REQUIRE(two.deliver(two.alice));
  CHECK(address_of_sas(two.bob) == address(kAway));
  CHECK(two.bob.sent.size() == 1);
  two.settle();
  CHECK(two.carries_between(address(kAway), address(kBob)));
}

TEST_CASE("MOBIKE-03: a child that is made meanwhile goes where the peer is known to be") {
  Movers two;
  two.bring_up();
  Movers::move(two.alice, kAway);
  REQUIRE(two.deliver(two.alice));
  const Datagram answer = taken(two.bob);
  const Datagram check = taken(two.bob);
  two.deliver(two.bob, answer);
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));
  CHECK(two.bob.only().children.size() == 2);
  CHECK(address_of_sas(two.bob) == address(kHome));
  two.deliver(two.bob, check);
  two.settle();
  CHECK(two.carries_between(address(kAway), address(kBob)));
}

TEST_CASE("MOBIKE-05: any one message of a move may be lost") {
  for (unsigned which = 0; which < 4; ++which) {
    CAPTURE(which);
    Movers two;
    two.bring_up();
    unsigned count = 0;
    two.lost = [&](const Path&) { return count++ == which; };
    Movers::move(two.alice, kAway);
    two.pass(5s);
    REQUIRE(count > which);
    CHECK(two.carries_between(address(kAway), address(kBob)));
  }
}

TEST_CASE("MOBIKE-05: messages that come twice, or late, move nothing again") {
  Movers two;
  two.bring_up();
  std::vector<Datagram> by_alice;
  const auto twice = [&](Node& node) {
    while (!node.sent.empty()) {
      const Datagram datagram = taken(node);
      if (&node == &two.alice) by_alice.push_back(datagram);
      two.deliver(node, datagram);
      two.deliver(node, datagram);
    }
  };
  const auto go = [&](const std::string& to) {
    Movers::move(two.alice, to);
    for (int i = 0; i < 10; ++i) {
      twice(two.alice);
      twice(two.bob);
    }
    CHECK(two.carries_between(address(to), address(kBob)));
  };
  go(kAway);
  CHECK(two.bob.count(EventKind::PeerMoved) == 1);
  go(kFurther);
  CHECK(two.bob.count(EventKind::PeerMoved) == 2);
  for (const Datagram& datagram : by_alice) two.deliver(two.alice, datagram);
  two.settle();
  CHECK(two.carries_between(address(kFurther), address(kBob)));
  CHECK(two.bob.count(EventKind::PeerMoved) == 2);
}

TEST_CASE("MOBIKE-05: of updates that overtake each other the newest counts") {
  Movers two;
  two.change_both([](Peer& peer) {
    peer.window = 5;
    peer.return_routability = false;
  });
  two.bring_up();
  Movers::move(two.alice, kAway);
  const Datagram first = taken(two.alice);
  Movers::move(two.alice, kFurther);
  REQUIRE(two.alice.sent.size() == 2);
  CHECK(two.alice.sent[0].message == first.message);  // from where Alice is now
  const Datagram second = two.alice.sent[1];
  REQUIRE(header_of(second).message_id == header_of(first).message_id + 1);
  two.alice.sent.clear();
  two.deliver(two.alice, second);
  CHECK(address_of_sas(two.bob) == address(kFurther));
  two.bob.sent.clear();
  two.deliver(two.alice, first);
  CHECK(address_of_sas(two.bob) == address(kFurther));
  REQUIRE(two.bob.sent.size() == 1);  // answered all the same
  CHECK(opened(two.bob, two.bob.sent.front()).error() == nullptr);
  two.settle();
  two.pass(3s);
  CHECK(two.carries_between(address(kFurther), address(kBob)));
}

TEST_CASE("MOBIKE-05: the answer to an update is nothing worth after another move") {
  Movers two;
  two.bring_up();
  Movers::move(two.alice, kAway);
  REQUIRE(two.deliver(two.alice));
  const Datagram answer = taken(two.bob);
  Movers::move(two.alice, kFurther);
  REQUIRE(two.alice.sent.size() == 1);  // the same once more, from here
  CHECK(two.alice.sent.front().path.local.address == address(kFurther));
  two.deliver(two.bob, answer);
  CHECK(two.alice.only().mobility.update_due);
  REQUIRE(two.alice.sent.size() == 2);
  CHECK(opened(two.alice, two.alice.sent.back()).find(NotifyType::UpdateSaAddresses) != nullptr);
  two.settle();
  CHECK_FALSE(two.alice.only().mobility.update_due);
  CHECK(two.carries_between(address(kFurther), address(kBob)));

  // There and back again: what was asked from there says nothing about here.
  Movers::move(two.alice, kAway);
  Movers::move(two.alice, kFurther);
  two.settle();
  CHECK(two.carries_between(address(kFurther), address(kBob)));
  CHECK(two.bob.only().path.remote.address == address(kFurther));
}

TEST_CASE("MOBIKE-05: however often one moves, one update waits for its turn") {
  Movers two;
  two.bring_up();
  for (int i = 10; i < 30; ++i) Movers::move(two.alice, "203.0.113." + std::to_string(i));
  std::size_t updates = 0;
  MessageId last = 0;
  for (int i = 0; i < 200 && !(two.alice.sent.empty() && two.bob.sent.empty()); ++i) {
    if (!two.alice.sent.empty()) {
      const Datagram datagram = taken(two.alice);
      const MessageId id = header_of(datagram).message_id;
      if (!header_of(datagram).is_response() && id != last) {
        ++updates;
        last = id;
      }
      two.deliver(two.alice, datagram);
    }
    two.deliver(two.bob);
  }
  CHECK(updates == 2);
  CHECK(two.carries_between(address("203.0.113.29"), address(kBob)));
}

TEST_CASE("MOBIKE-05: a request that is outstanding goes on from the new address, as it was") {
  Movers two;
  two.bring_up();
  REQUIRE(two.alice.daemon->rekey_child(two.alice.only().children.front()->name));
  const Datagram before = taken(two.alice);
  Movers::move(two.alice, kAway);
  REQUIRE(two.alice.sent.size() == 1);  // the update waits: the window is one
  CHECK(two.alice.sent.front().message == before.message);
  CHECK(two.alice.sent.front().path.local.address == address(kAway));
  REQUIRE(two.deliver(two.alice));
  CHECK(two.bob.only().path.remote.address == address(kHome));  // it is no update
  CHECK(two.bob.sent.front().path.remote.address == address(kAway));
  two.pass(3s);
  CHECK(two.carries_between(address(kAway), address(kBob)));
}

TEST_CASE("MOBIKE-05: a move outlives the IKE SA that it began in") {
  Movers two;
  two.bring_up();
  REQUIRE(two.alice.daemon->rekey(two.alice.only().number));
  const Datagram rekey = taken(two.alice);
  Movers::move(two.alice, kAway);
  two.deliver(two.alice, rekey);
  two.pass(3s);
  REQUIRE(two.alice.up().size() == 1);
  CHECK(two.carries_between(address(kAway), address(kBob)));
  CHECK(two.bob.only().path.remote.address == address(kAway));
  CHECK_FALSE(two.alice.only().mobility.update_due);

  // The check that Bob waits for goes over to the successor as well.
  Movers checked;
  checked.bring_up();
  Movers::move(checked.alice, kAway);
  REQUIRE(checked.deliver(checked.alice));
  const Datagram answer = taken(checked.bob);
  checked.bob.sent.clear();
  checked.deliver(checked.bob, answer);
  REQUIRE(checked.alice.daemon->rekey(checked.alice.only().number));
  checked.settle();
  CHECK(checked.carries_between(address(kAway), address(kBob)));
  CHECK_FALSE(checked.bob.only().mobility.proven);
}

}  // namespace
}  // namespace sallyport::ike::test::mobike_test
