// Several addresses on either side: who is told of them, and which are tried when nothing answers
// (RFC 4555 3.4, 3.6, 3.10).
#include <catch2/catch.hpp>

#include "tests/ike/movers.h"

namespace sallyport::ike::test::mobike_paths_test {
namespace {

using namespace std::chrono_literals;

const std::string kHome = "203.0.113.1";
const std::string kAway = "203.0.113.77";
const std::string kBob = "203.0.113.2";
const std::string kSecond = "203.0.113.22";
const std::string kSixth = "2001:db8:f::22";

using Addresses = std::vector<Address>;

void append_address(PayloadChain& payloads, const std::string& text) {
  const Address one = address(text);
  append_addresses(payloads, {&one, 1}, WithoutAny::SaySo);
}

bool touches(const Path& path, const std::string& text) {
  return path.local.address == address(text) || path.remote.address == address(text);
}

// What Bob keeps after Alice has sent this.
Addresses kept(const PayloadChain& payloads) {
  Movers two;
  two.alice.more_addresses = {address("203.0.113.99")};
  two.bring_up();
  two.deliver(two.alice, request_by(two.alice, 2, payloads));
  CHECK(two.bob.sent.size() == 1);
  return two.bob.only().mobility.theirs;
}

TEST_CASE("MOBIKE-04: IKE_AUTH tells of the other addresses of both sides") {
  Movers two;
  two.alice.more_addresses = {address(kAway), address("2001:db8::7")};
  two.bob.more_addresses = {address(kSixth), address(kSecond)};
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.deliver(two.bob));
  const Message said = opened(two.alice, two.alice.sent.front());
  REQUIRE(said.find(NotifyType::AdditionalIp4Address) != nullptr);
  CHECK(said.find(NotifyType::AdditionalIp4Address)->data == to_octets(address(kAway).wire()));
  REQUIRE(said.find(NotifyType::AdditionalIp6Address) != nullptr);
  CHECK(said.find(NotifyType::AdditionalIp6Address)->data ==
        to_octets(address("2001:db8::7").wire()));
  two.settle();
  CHECK(two.alice.only().mobility.theirs == Addresses{address(kSixth), address(kSecond)});
  CHECK(two.bob.only().mobility.theirs == Addresses{address(kAway), address("2001:db8::7")});

  Movers alone;
  REQUIRE(alone.alice.daemon->initiate("net"));
  REQUIRE(alone.deliver(alone.alice));
  REQUIRE(alone.deliver(alone.bob));
  CHECK_FALSE(tells_addresses(opened(alone.alice, alone.alice.sent.front())));
}

TEST_CASE("MOBIKE-04: a list replaces the one before, from either side") {
  for (const bool by_alice : {true, false}) {
    Movers two;
    two.bring_up();
    Node& teller = by_alice ? two.alice : two.bob;
    const auto tell = [&](Addresses others) {
      teller.more_addresses = std::move(others);
      teller.daemon->follow_addresses();
      REQUIRE(teller.sent.size() == 1);
      const Message message = opened(teller, teller.sent.front());
      two.settle();
      CHECK(two.other(teller).only().mobility.theirs == teller.more_addresses);
      return message;
    };
    tell({address(kSecond), address(kSixth)});
    tell({address("203.0.113.23")});
    const Message none = tell({});
    CHECK(none.find(NotifyType::NoAdditionalAddresses) != nullptr);
    CHECK(none.find(NotifyType::NoAdditionalAddresses)->data.empty());
    // The same again is no news.
    teller.daemon->follow_addresses();
    CHECK(teller.sent.empty());
    CHECK(two.carries_between(address(kHome), address(kBob)));
  }
}

TEST_CASE("MOBIKE-04: what a list may hold, and how much of it is kept") {
  PayloadChain none;
  none.notify(NotifyType::NoAdditionalAddresses);
  CHECK(kept(none).empty());

  PayloadChain odd;
  odd.notify(NotifyType::AdditionalIp4Address, Octets(3, 1));
  odd.notify(NotifyType::AdditionalIp4Address, Octets(16, 1));
  odd.notify(NotifyType::AdditionalIp6Address, Octets(4, 1));
  odd.notify(NotifyType::AdditionalIp6Address, Octets{});
  for (const char* text : {"0.0.0.0", "127.0.0.1", "224.0.0.1", "169.254.1.1", "::", "::1",
                           "ff02::1", "fe80::1", "203.0.113.31", "203.0.113.31"})
    append_address(odd, text);
  CHECK(kept(odd) == Addresses{address("203.0.113.31")});

  PayloadChain many;
  for (int i = 1; i < 200; ++i) append_address(many, "203.0.114." + std::to_string(i));
  const Addresses first = kept(many);
  REQUIRE(first.size() == kMostOtherAddresses);
  CHECK(first.front() == address("203.0.114.1"));
  CHECK(first.back() == address("203.0.114." + std::to_string(kMostOtherAddresses)));

  // An empty request, and one about something else, leave it as it was.
  PayloadChain other;
  other.notify(NotifyType::Cookie2, Octets(8, 1));
  CHECK(kept(other) == Addresses{address("203.0.113.99")});
}

TEST_CASE("MOBIKE-04: of lists that overtake each other the newest counts") {
  Movers two;
  two.change_both([](Peer& peer) { peer.window = 5; });
  two.bring_up();
  PayloadChain older;
  append_address(older, "203.0.113.41");
  PayloadChain newer;
  append_address(newer, "203.0.113.42");
  two.deliver(two.alice, request_by(two.alice, 3, newer));
  two.deliver(two.alice, request_by(two.alice, 2, older));
  CHECK(two.bob.sent.size() == 2);
  CHECK(two.bob.only().mobility.theirs == Addresses{address("203.0.113.42")});
}

TEST_CASE("MOBIKE-04: lists outlive the IKE SA that they were told in") {
  Movers two;
  two.bob.more_addresses = {address(kSecond)};
  two.bring_up();
  REQUIRE(two.bob.daemon->rekey(two.bob.only().number));
  two.settle();
  CHECK(two.alice.only().mobility.theirs == Addresses{address(kSecond)});
  two.bob.daemon->follow_addresses();
  CHECK(two.bob.sent.empty());
}

TEST_CASE("MOBIKE-04: when nothing answers any more the responder's other addresses are tried") {
  Movers two;
  two.bob.more_addresses = {address(kSixth), address(kSecond), address("203.0.113.23")};
  two.bring_up();
  two.lost = [](const Path& path) { return touches(path, kBob); };
  REQUIRE(two.alice.daemon->rekey_child(two.alice.only().children.front()->name));
  two.pass(12s);
  CHECK(two.alice.only().path.remote.address == address(kSecond));
  CHECK(two.bob.only().path.local.address == address(kSecond));
  CHECK(two.carries_between(address(kHome), address(kSecond)));
  CHECK(two.alice.up().size() == 1);
}

TEST_CASE("MOBIKE-04: a dead path is noticed by the liveness check, too") {
  Movers two;
  two.bob.more_addresses = {address(kSecond)};
  two.bring_up();
  two.lost = [](const Path& path) { return touches(path, kBob); };
  two.pass(60s);
  CHECK(two.carries_between(address(kHome), address(kSecond)));
}

TEST_CASE("MOBIKE-04: SAs go to another address of the responder's when it has answered from it") {
  Movers two;
  two.bob.more_addresses = {address(kSecond)};
  two.bring_up();
  two.lost = [](const Path& path) { return touches(path, kBob); };
  REQUIRE(two.alice.daemon->rekey_child(two.alice.only().children.front()->name));
  Datagram probe;
  for (int i = 0; i < 400 && probe.message.empty(); ++i) {
    two.pass_silently(50ms);
    while (!two.alice.sent.empty())
      if (const Datagram sent = taken(two.alice); !two.lost(sent.path)) probe = sent;
  }
  REQUIRE(probe.path.remote.address == address(kSecond));
  two.deliver(two.alice, probe);
  two.deliver(two.bob, taken(two.bob));
  // That answer may have been seen elsewhere: the update and its COOKIE2 go there alone.
  CHECK(two.alice.only().path.remote.address == address(kSecond));
  CHECK(Movers::ends(two.alice).remote == address(kBob));
  REQUIRE_FALSE(two.alice.sent.empty());
  for (const Datagram& datagram : two.alice.sent)
    CHECK(datagram.path.remote.address == address(kSecond));
  // A list from where Bob was has crossed it: he has not heard yet, and nobody goes back.
  PayloadChain list;
  append_address(list, kSecond);
  two.deliver(two.bob, request_by(two.bob, 0, list));
  CHECK(two.alice.only().path.remote.address == address(kSecond));
  two.pass(3s);
  CHECK(two.carries_between(address(kHome), address(kSecond)));
}

TEST_CASE("MOBIKE-04: paths are tried in their order, and no more than there may be") {
  Movers two;
  for (int i = 1; i <= 20; ++i)
    two.bob.more_addresses.push_back(address("203.0.114." + std::to_string(i)));
  two.bring_up();
  REQUIRE(two.alice.daemon->rekey_child(two.alice.only().children.front()->name));
  two.pass_silently(100s);
  const auto& sent = two.alice.sent;
  const auto remote = [&](std::size_t i) { return sent.at(i).path.remote.address; };
  // The request and two repeats go where Bob was; each further one everywhere.
  for (std::size_t i = 0; i < 4; ++i) CHECK(remote(i) == address(kBob));
  for (std::size_t i = 0; i < kMostOtherAddresses; ++i)
    CHECK(remote(4 + i) == address("203.0.114." + std::to_string(i + 1)));
  CHECK(remote(4 + kMostOtherAddresses) == address(kBob));
  CHECK(sent.size() <= 9 + 6 * kMostOtherAddresses);
  for (const Datagram& datagram : sent) CHECK(datagram.message == sent.front().message);
  CHECK(two.alice.up().empty());
}

TEST_CASE("MOBIKE-04: where policy names the peer's end, no other address is tried") {
  TwoPeers two;
  two.bob.more_addresses = {address(kSecond)};
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  REQUIRE(two.traffic_flows());
  // Nor is the peer told of what it may not use.
  CHECK(two.alice.only().mobility.theirs.empty());
  PayloadChain list;
  append_address(list, kSecond);
  two.deliver(two.bob, request_by(two.bob, 0, list));
  CHECK(two.alice.only().mobility.theirs == Addresses{address(kSecond)});
  two.alice.sent.clear();
  REQUIRE(two.alice.daemon->rekey_child(two.alice.only().children.front()->name));
  two.pass_silently(80s);
  for (const Datagram& datagram : two.alice.sent)
    CHECK(datagram.path.remote.address == address(kBob));
}

TEST_CASE("MOBIKE-04: an address of our own in the peer's list is none of the peer's") {
  Movers two;
  two.alice.more_addresses = {address(kAway)};
  two.bring_up();
  PayloadChain list;
  append_address(list, kAway);
  append_address(list, kHome);
  two.deliver(two.bob, request_by(two.bob, 0, list));
  two.alice.sent.clear();
  REQUIRE(two.alice.daemon->rekey_child(two.alice.only().children.front()->name));
  two.pass_silently(80s);
  for (const Datagram& datagram : two.alice.sent)
    CHECK(datagram.path.remote.address == address(kBob));
}

TEST_CASE("MOBIKE-04: the responder's address goes: it says so from another, and Alice follows") {
  Movers two;
  two.bob.more_addresses = {address(kSecond)};
  two.bring_up();
  two.lost = [](const Path& path) { return touches(path, kBob); };
  two.bob.address = address(kSecond);
  two.bob.more_addresses.clear();
  two.bob.daemon->follow_addresses();
  CHECK(Movers::ends(two.bob).local ==
        address(kSecond));  // RFC 4555 3.5: what has gone sends nothing
  REQUIRE(two.bob.sent.size() == 1);
  CHECK(two.bob.sent.front().path.local.address == address(kSecond));
  const Message said = opened(two.bob, two.bob.sent.front());
  CHECK(said.find(NotifyType::NoAdditionalAddresses) != nullptr);
  CHECK(said.find(NotifyType::UpdateSaAddresses) == nullptr);
  REQUIRE(two.deliver(two.bob));
  REQUIRE(two.alice.sent.size() == 2);
  CHECK(header_of(two.alice.sent[0]).is_response());
  CHECK(opened(two.alice, two.alice.sent[1]).find(NotifyType::UpdateSaAddresses) != nullptr);
  for (const Datagram& datagram : two.alice.sent)
    CHECK(datagram.path.remote.address == address(kSecond));
  two.settle();
  CHECK(two.carries_between(address(kHome), address(kSecond)));
}

// strongSwan does so when its routes change: the address that was in use is still its own, and its
// SAs go from another (RFC 4555 3.5).
TEST_CASE("MOBIKE-04: a responder that tells its list from another address is followed there") {
  Movers two;
  two.bob.more_addresses = {address(kSecond)};
  two.bring_up();
  PayloadChain list;
  append_address(list, kBob);
  two.deliver(two.bob, from(kSecond, request_by(two.bob, 0, list)));
  CHECK(two.alice.only().mobility.theirs == Addresses{address(kSecond), address(kBob)});
  REQUIRE(two.alice.sent.size() == 2);
  CHECK(header_of(two.alice.sent[0]).is_response());
  const Datagram& update = two.alice.sent[1];
  CHECK(update.path.remote.address == address(kSecond));
  CHECK(opened(two.alice, update).find(NotifyType::UpdateSaAddresses) != nullptr);
  two.alice.sent.pop_front();
  two.settle();
  CHECK(two.carries_between(address(kHome), address(kSecond)));
}

TEST_CASE("MOBIKE-04: a responder that has moved looks for the initiator at its other addresses") {
  Movers two;
  two.alice.more_addresses = {address(kAway)};
  two.bring_up();
  two.lost = [](const Path& path) { return touches(path, kHome) || touches(path, kBob); };
  two.bob.address = address(kSecond);
  two.bob.daemon->follow_addresses();
  two.pass(20s);
  CHECK(two.bob.only().path.remote.address == address(kAway));
  CHECK(two.carries_between(address(kAway), address(kSecond)));
}

TEST_CASE("MOBIKE-04: no other request of the responder's is sent to the initiator's addresses") {
  Movers two;
  two.alice.more_addresses = {address(kAway)};
  two.bring_up();
  REQUIRE(two.bob.daemon->rekey_child(two.bob.only().children.front()->name));
  two.pass_silently(80s);
  for (const Datagram& datagram : two.bob.sent)
    CHECK(datagram.path.remote.address == address(kHome));
}

TEST_CASE("MOBIKE-05: a list that has gone out from two sources is sent anew") {
  Movers two;
  two.bring_up();
  two.bob.more_addresses = {address(kSecond)};
  two.bob.daemon->follow_addresses();
  const Datagram first = taken(two.bob);
  two.bob.address = address(kSecond);
  two.bob.more_addresses.clear();
  two.bob.daemon->follow_addresses();
  REQUIRE(two.bob.sent.size() == 1);
  CHECK(two.bob.sent.front().message == first.message);
  two.settle();
  // The first one named the second address besides the source; the new one says that it is alone.
  CHECK(two.alice.only().mobility.theirs.empty());
  CHECK(two.alice.only().mobility.newest_list > header_of(first).message_id);
  CHECK(two.carries_between(address(kHome), address(kSecond)));
}

TEST_CASE("MOBIKE-02: an update brings the new list along") {
  Movers two;
  two.bring_up();
  two.alice.more_addresses = {address(kHome)};
  Movers::move(two.alice, kAway);
  REQUIRE(two.alice.sent.size() == 1);
  const Message message = opened(two.alice, two.alice.sent.front());
  CHECK(message.find(NotifyType::UpdateSaAddresses) != nullptr);
  CHECK(addresses_in(message) == Addresses{address(kHome)});
  two.settle();
  CHECK(two.bob.only().mobility.theirs == Addresses{address(kHome)});
  CHECK(two.alice.only().mobility.told == Addresses{address(kHome)});
  CHECK(two.carries_between(address(kAway), address(kBob)));
}

}  // namespace
}  // namespace sallyport::ike::test::mobike_paths_test
