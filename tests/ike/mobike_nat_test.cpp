// MOBIKE and NATs: found, forbidden, and gone again; addresses that a peer does not take; and peers
// that do without MOBIKE (RFC 4555 3.5, 3.8, 3.9).
#include <catch2/catch.hpp>

#include "tests/ike/movers.h"

namespace sallyport::ike::test::mobike_nat_test {
namespace {

using namespace std::chrono_literals;

const std::string kHome = "203.0.113.1";
const std::string kAway = "203.0.113.77";
const std::string kFurther = "203.0.113.78";
const std::string kBob = "203.0.113.2";
const Endpoint kOutside500{address("198.51.100.9"), 1024};
const Endpoint kOutside4500{address("198.51.100.9"), 1025};

void forbid_nats(Movers& two) {
  two.change_both([](Peer& peer) { peer.nat_traversal = NatTraversal::Off; });
}

PayloadChain update() {
  PayloadChain payloads;
  payloads.notify(NotifyType::UpdateSaAddresses);
  return payloads;
}

// Bob's policy says where the tunnel ends on Alice's side.
void name_alices_end(Movers& two) {
  Policy policy = *two.bob.policies.front();
  policy.protect->endpoints = {address(kBob), address(kHome)};
  two.bob.policies = {std::make_shared<const Policy>(policy)};
}

// How many updates one after the other are answered so.
std::size_t updates_answered_by(Movers& two, NotifyType refusal) {
  std::size_t count = 0;
  while (!two.alice.sent.empty() &&
         opened(two.alice, two.alice.sent.front()).find(NotifyType::UpdateSaAddresses) != nullptr) {
    REQUIRE(two.deliver(two.alice));
    REQUIRE(two.bob.sent.size() == 1);
    count += opened(two.bob, two.bob.sent.front()).find(refusal) != nullptr ? 1 : 0;
    REQUIRE(two.deliver(two.bob));
  }
  return count;
}

TEST_CASE(
    "MOBIKE-06: NO_NATS_ALLOWED says both addresses and both ports, where NATs are not sought") {
  Movers two;
  forbid_nats(two);
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.deliver(two.bob));
  const Message auth = opened(two.alice, two.alice.sent.front());
  REQUIRE(auth.find(NotifyType::NoNatsAllowed) != nullptr);
  CHECK(auth.find(NotifyType::NoNatsAllowed)->data ==
        Octets{203, 0, 113, 1, 203, 0, 113, 2, 1, 244, 1, 244});
  two.settle();
  REQUIRE(two.traffic_flows());
  CHECK(two.alice.only().path.remote.port == 500);

  Movers::move(two.alice, kAway);
  const Message update = opened(two.alice, two.alice.sent.front());
  REQUIRE(update.find(NotifyType::NoNatsAllowed) != nullptr);
  CHECK(update.find(NotifyType::NoNatsAllowed)->data ==
        Octets{203, 0, 113, 77, 203, 0, 113, 2, 1, 244, 1, 244});
  CHECK(update.find(NotifyType::NatDetectionSourceIp) == nullptr);
  two.settle();
  CHECK(two.carries_between(address(kAway), address(kBob)));

  // Lists, from either side; and where NATs are sought there is none.
  two.bob.more_addresses = {address(kFurther)};
  two.bob.daemon->follow_addresses();
  const Message list = opened(two.bob, two.bob.sent.front());
  REQUIRE(list.find(NotifyType::NoNatsAllowed) != nullptr);
  CHECK(list.find(NotifyType::NoNatsAllowed)->data ==
        Octets{203, 0, 113, 2, 203, 0, 113, 77, 1, 244, 1, 244});
}

TEST_CASE("MOBIKE-06: behind a NAT that is not allowed nothing moves, after several attempts") {
  Movers two;
  forbid_nats(two);
  two.bring_up();
  two.put_nat_before_alice(kOutside500, kOutside4500);
  Movers::move(two.alice, kAway);
  CHECK(updates_answered_by(two, NotifyType::UnexpectedNatDetected) == kMostNatRefusals);
  CHECK(two.bob.only().path.remote.address == address(kHome));
  CHECK(Movers::ends(two.bob).remote == address(kHome));
  CHECK(two.bob.count(EventKind::PeerMoved) == 0);
  REQUIRE(two.alice.last(EventKind::IkeFailed) != nullptr);
  CHECK(two.alice.last(EventKind::IkeFailed)->detail ==
        "UNEXPECTED_NAT_DETECTED to a change of address");
  // Where Alice was she cannot be any more.
  CHECK(two.alice.up().empty());
}

TEST_CASE("MOBIKE-06: one forged packet keeps nobody from a path") {
  Movers two;
  forbid_nats(two);
  two.bring_up();
  Movers::move(two.alice, kAway);
  Datagram forged = taken(two.alice);
  forged.path.local.address = address("203.0.113.66");
  two.deliver(two.alice, forged);
  REQUIRE(two.bob.sent.size() == 1);
  CHECK(two.bob.sent.front().path.remote.address == address("203.0.113.66"));
  two.settle();
  CHECK(two.carries_between(address(kAway), address(kBob)));
}

TEST_CASE("MOBIKE-06: a list through a NAT that is not allowed is not taken") {
  Movers two;
  forbid_nats(two);
  two.bring_up();
  two.put_nat_before_alice(kOutside500, kOutside4500);
  two.alice.more_addresses = {address(kFurther)};
  two.alice.daemon->follow_addresses();
  two.settle();
  CHECK(two.bob.only().mobility.theirs.empty());
  CHECK(two.alice.only().path.local.address == address(kHome));
  two.alice.daemon->follow_addresses();
  two.settle();  // and it is not tried for ever
}

TEST_CASE("MOBIKE-06: a NAT that is not allowed ends IKE_AUTH, after several attempts") {
  Movers two;
  forbid_nats(two);
  two.put_nat_before_alice(kOutside500, kOutside4500);
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  CHECK(two.alice.up().empty());
  CHECK(two.bob.up().empty());
  CHECK(two.bob.installer.sas.empty());
  CHECK(two.alice.count(EventKind::IkeFailed) == kMostNatRefusals);
  CHECK(two.alice.last(EventKind::IkeFailed)->detail == "UNEXPECTED_NAT_DETECTED from the peer");
  CHECK(two.alice.count(EventKind::ChildFailed) == 1);
}

TEST_CASE("MOBIKE-06: an update to where policy does not allow it is refused") {
  Movers two;
  name_alices_end(two);
  two.bring_up();
  Movers::move(two.alice, kAway);
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.bob.sent.size() == 1);
  const Message answer = opened(two.bob, two.bob.sent.front());
  REQUIRE(answer.find(NotifyType::UnacceptableAddresses) != nullptr);
  CHECK(answer.find(NotifyType::UnacceptableAddresses)->data.empty());
  CHECK(answer.find(NotifyType::Cookie2) != nullptr);
  CHECK(answer.find(NotifyType::NatDetectionSourceIp) == nullptr);
  CHECK(two.bob.only().path.remote.address == address(kHome));
  two.settle();
  // Home is no more, and away is not allowed.
  CHECK(two.alice.up().empty());
  CHECK(two.bob.up().empty());
}

TEST_CASE("MOBIKE-06: who may not go elsewhere goes back where the peer still takes it to be") {
  Movers two;
  name_alices_end(two);
  two.bring_up();
  two.alice.more_addresses = {address(kHome)};
  Movers::move(two.alice, kAway);
  CHECK(Movers::ends(two.alice).local == address(kAway));
  two.settle();
  CHECK(two.alice.only().path.local.address == address(kHome));
  CHECK(two.carries_between(address(kHome), address(kBob)));
  CHECK_FALSE(two.alice.only().mobility.update_due);
}

TEST_CASE("MOBIKE-06: a refusal need not bring COOKIE2, but a wrong one is a wrong one") {
  const auto refuse = [](bool spoil) {
    return [spoil](Message& message) {
      for (Notify& one : message.notifies)
        if (one.type == NotifyType::Cookie2 && spoil) one.data.back() ^= 1;
      if (!spoil)
        std::erase_if(message.notifies,
                      [](const Notify& one) { return one.type == NotifyType::Cookie2; });
    };
  };
  for (const bool spoil : {false, true}) {
    Movers two;
    name_alices_end(two);
    two.bring_up();
    two.alice.more_addresses = {address(kHome)};
    Movers::move(two.alice, kAway);
    REQUIRE(two.deliver(two.alice));
    two.deliver(two.bob, altered(two.bob, taken(two.bob), refuse(spoil)));
    CHECK(two.alice.up().size() == (spoil ? 0u : 1u));
  }
}

TEST_CASE("MOBIKE-02: behind a NAT ESP goes in UDP from then on, and out of it no more") {
  Movers two;
  two.bring_up();
  REQUIRE_FALSE(two.alice.installer.outbound("net")->encapsulation);
  two.put_nat_before_alice(kOutside500, kOutside4500);
  Movers::move(two.alice, kAway);
  two.settle();
  CHECK(two.alice.only().nat.here);
  CHECK(two.bob.only().nat.there);
  const Sa& out = *two.bob.installer.outbound("net");
  REQUIRE(out.encapsulation);
  CHECK(out.encapsulation->remote_port == kOutside4500.port);
  CHECK(out.endpoints.remote == kOutside4500.address);
  REQUIRE(two.alice.installer.outbound("net")->encapsulation);
  two.pass_silently(45s);
  CHECK(two.alice.keepalives >= 1);
  two.settle();

  two.take_nat_away();
  Movers::move(two.alice, kFurther);
  two.settle();
  CHECK(two.carries_between(address(kFurther), address(kBob)));
  CHECK_FALSE(two.alice.installer.outbound("net")->encapsulation);
  CHECK_FALSE(two.bob.installer.outbound("net")->encapsulation);
  const unsigned before = two.alice.keepalives;
  two.pass(60s);
  CHECK(two.alice.keepalives <= before + 1);
}

TEST_CASE("MOBIKE-02: what is forced stays forced after a move") {
  Movers two;
  change_peer(two.alice, [](Peer& peer) { peer.nat_traversal = NatTraversal::Force; });
  two.bring_up();
  REQUIRE(two.bob.installer.outbound("net")->encapsulation);
  Movers::move(two.alice, kAway);
  two.settle();
  CHECK(two.carries_between(address(kAway), address(kBob)));
  CHECK(two.alice.installer.outbound("net")->encapsulation);
  CHECK(two.bob.installer.outbound("net")->encapsulation);
}

TEST_CASE("MOBIKE-05: a NAT's new mapping is found by liveness checks, and told by an update") {
  Movers two;
  two.put_nat_before_alice(kOutside500, kOutside4500);
  REQUIRE(two.alice.daemon->initiate("net"));
  two.pass(100s);  // the first check shows what the mapping is
  REQUIRE(two.bob.up().size() == 1);
  CHECK(two.bob.only().path.remote == kOutside4500);
  const Endpoint fresh{kOutside4500.address, 2001};
  two.put_nat_before_alice(kOutside500, fresh);
  two.lost = [](const Path& path) { return path.remote == kOutside4500; };
  two.pass(100s);
  CHECK(two.bob.only().path.remote == fresh);
  REQUIRE(two.bob.installer.outbound("net")->encapsulation);
  CHECK(two.bob.installer.outbound("net")->encapsulation->remote_port == 2001);
}

TEST_CASE("MOBIKE-05: where it is in use, packets alone move nothing") {
  Movers two;
  two.bring_up();
  REQUIRE(two.alice.daemon->rekey_child(two.alice.only().children.front()->name));
  const Datagram elsewhere = from(kAway, taken(two.alice));
  two.deliver(two.alice, elsewhere);
  CHECK(two.bob.only().path.remote.address == address(kHome));
  CHECK(two.bob.sent.front().path.remote.address == address(kAway));
}

TEST_CASE("MOBIKE-05: a question about NATs is answered, and moves nothing") {
  Movers two;
  two.bring_up();
  PayloadChain question;
  const IkeSa& sa = two.alice.only();
  append_nat_detection(question, sa.path, sa.initiator_spi, sa.responder_spi, NatHashes::True);
  two.deliver(two.alice, from(kAway, request_by(two.alice, 2, question)));
  REQUIRE(two.bob.sent.size() == 1);
  const Message answer = opened(two.bob, two.bob.sent.front());
  const Notify* const seen = answer.find(NotifyType::NatDetectionDestinationIp);
  REQUIRE(seen != nullptr);
  CHECK(seen->data == nat_hash(sa.initiator_spi, sa.responder_spi, {address(kAway), 4500}));
  CHECK(two.bob.only().path.remote.address == address(kHome));
}

TEST_CASE("MOBIKE-07: who is not to move by MOBIKE neither offers nor takes it") {
  Movers offered;
  change_peer(offered.alice, [](Peer& peer) { peer.mobility = PeerMobility::None; });
  REQUIRE(offered.alice.daemon->initiate("net"));
  REQUIRE(offered.deliver(offered.alice));
  REQUIRE(offered.deliver(offered.bob));
  CHECK(offered.alice.sent.front().path.remote.port == 500);
  CHECK(opened(offered.alice, offered.alice.sent.front()).find(NotifyType::MobikeSupported) ==
        nullptr);
  REQUIRE(offered.deliver(offered.alice));
  CHECK(opened(offered.bob, offered.bob.sent.front()).find(NotifyType::MobikeSupported) == nullptr);

  Movers asked;
  change_peer(asked.bob, [](Peer& peer) { peer.mobility = PeerMobility::None; });
  REQUIRE(asked.alice.daemon->initiate("net"));
  REQUIRE(asked.deliver(asked.alice));
  REQUIRE(asked.deliver(asked.bob));
  REQUIRE(asked.deliver(asked.alice));
  CHECK(opened(asked.bob, asked.bob.sent.front()).find(NotifyType::MobikeSupported) == nullptr);
  asked.settle();
  REQUIRE(asked.traffic_flows());
  CHECK_FALSE(asked.alice.only().abilities.mobike);
  // An update out of nowhere means nothing, and has an empty answer.
  asked.deliver(asked.alice, from(kAway, request_by(asked.alice, 2, update())));
  CHECK(asked.bob.only().path.remote.address == address(kHome));
  CHECK(opened(asked.bob, taken(asked.bob)).notifies.empty());
  // What cannot move ends with its address.
  Movers::move(asked.alice, kAway);
  CHECK(asked.alice.daemon->size() == 0);
  CHECK(asked.alice.installer.sas.empty());
  CHECK(asked.alice.last(EventKind::IkeDown)->detail == "our address is gone");
}

TEST_CASE("MOBIKE-07: an entry that lets its peer move no more refuses the next update") {
  Movers two;
  two.bring_up();
  change_peer(two.bob, [](Peer& peer) { peer.mobility = PeerMobility::None; });
  two.bob.daemon->follow_addresses();
  two.bob.daemon->follow_configuration();
  Movers::move(two.alice, kAway);
  REQUIRE(two.deliver(two.alice));
  CHECK(opened(two.bob, two.bob.sent.front()).find(NotifyType::UnacceptableAddresses) != nullptr);
  CHECK(Movers::ends(two.bob).remote == address(kHome));
}

}  // namespace
}  // namespace sallyport::ike::test::mobike_nat_test
