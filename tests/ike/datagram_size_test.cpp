// How large datagrams of IKE are, and what is done where a path does not carry them (IFRAG-04).
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "ike/datagram_size.h"
#include "tests/ike/impostor.h"

namespace sallyport::ike::test::datagram_size_test {
namespace {

using namespace std::chrono_literals;

Path path_between(const char* local, const char* remote, std::uint16_t port) {
  return {{Address::parse(local).value(), port}, {Address::parse(remote).value(), port}};
}

std::size_t datagram_bytes(const Datagram& datagram) {
  return datagram.message.size() + bytes_around_message(datagram.path);
}

// IKE_AUTH is some 2200 octets long, for all that Alice says of herself and of what is behind her.
void make_messages_long(TwoPeers& two) {
  const std::string name = "keyid:" + std::string(1000, 'a');
  change_peer(two.alice, [&](Peer& peer) { peer.local_identity = Identity::parse(name).value(); });
  change_peer(two.bob,
              [&](Peer& peer) { peer.identities = {IdentityPattern::parse(name).value()}; });
  Policy policy = *two.alice.policies.front();
  policy.selectors.front().local.clear();
  for (unsigned host = 1; host < 120; host += 2)
    policy.selectors.front().local.push_back(
        AddressRange::parse(fmt::format("192.0.2.{}", host)).value());
  two.alice.policies = {std::make_shared<const Policy>(policy)};
}

// Fragment number and total of a datagram; 0 and 0 of a whole one.
std::pair<unsigned, unsigned> fragment_of(const Datagram& datagram) {
  const Header header = parse_header(datagram.message).value();
  if (header.next != PayloadType::EncryptedFragment) return {};
  const std::uint8_t* const at = datagram.message.data() + kHeaderBytes + 4;
  return {load_be<std::uint16_t>(at), load_be<std::uint16_t>(at + 2)};
}

// A wire that carries no more than so many octets, from either side; what it has been given.
class NarrowWire {
 public:
  NarrowWire(TwoPeers& two, std::size_t most) : two_(two), most_(most) {}

  void pass(Duration time) {
    carry();
    for (Duration gone{}; gone < time; gone += 50ms) {
      two_.clock.advance(50ms);
      two_.poll();
      carry();
    }
  }
  std::vector<std::pair<Instant, Datagram>> from_alice;
  std::size_t lost{};

 private:
  void carry() {
    while (!two_.alice.sent.empty() || !two_.bob.sent.empty()) {
      if (!two_.alice.sent.empty())
        from_alice.emplace_back(two_.clock.now(), two_.alice.sent.front());
      for (Node* const node : {&two_.alice, &two_.bob}) carry_from(*node);
    }
  }
  void carry_from(Node& node) {
    if (node.sent.empty()) return;
    const Datagram datagram = node.sent.front();
    node.sent.pop_front();
    if (datagram_bytes(datagram) <= most_)
      two_.deliver(node, datagram);
    else
      ++lost;
  }

  TwoPeers& two_;
  std::size_t most_;
};

TEST_CASE("IFRAG-04: usual sizes, the next smaller ones, and what goes around a message") {
  CHECK(usual_datagram_bytes(Family::V4) == 576);
  CHECK(usual_datagram_bytes(Family::V6) == 1280);
  CHECK(smaller_datagram_bytes(Family::V4, 9000) == 1280);
  CHECK(smaller_datagram_bytes(Family::V4, 1281) == 1280);
  CHECK(smaller_datagram_bytes(Family::V4, 1280) == 576);
  CHECK_FALSE(smaller_datagram_bytes(Family::V4, 576));
  CHECK(smaller_datagram_bytes(Family::V6, 1500) == 1280);
  CHECK_FALSE(smaller_datagram_bytes(Family::V6, 1280));
  CHECK(bytes_around_message(path_between("192.0.2.1", "192.0.2.2", 500)) == 28);
  CHECK(bytes_around_message(path_between("192.0.2.1", "192.0.2.2", 4500)) == 32);
  CHECK(bytes_around_message(path_between("2001:db8::1", "2001:db8::2", 500)) == 48);
  CHECK(bytes_around_message(path_between("2001:db8::1", "2001:db8::2", 4500)) == 52);
}

TEST_CASE("IFRAG-04: IP datagrams are as long as is said, headers and marker included") {
  for (const unsigned most : {0u, 576u, 700u, 1280u, 1400u}) {
    CAPTURE(most);
    TwoPeers two;
    make_messages_long(two);
    if (most != 0)
      change_peer(two.alice,
                  [&](Peer& peer) { peer.fragment_bytes = static_cast<std::uint16_t>(most); });
    REQUIRE(two.alice.daemon->initiate("net"));
    REQUIRE(two.deliver(two.alice));
    REQUIRE(two.deliver(two.bob));
    const std::size_t limit = most == 0 ? 576 : most;
    REQUIRE(two.alice.sent.size() >= 2000 / limit);
    for (const Datagram& datagram : two.alice.sent) CHECK(datagram_bytes(datagram) <= limit);
    // None is shorter than it need be, but the last.
    two.alice.sent.pop_back();
    for (const Datagram& datagram : two.alice.sent) CHECK(datagram_bytes(datagram) + 16 > limit);
  }
}

TEST_CASE("IFRAG-04: where fragments get no answer, smaller ones follow, each time more of them") {
  TwoPeers two;
  // Two fragments of 1400 octets, which 1280 would not make more of.
  make_messages_long(two);
  change_peer(two.alice, [](Peer& peer) { peer.fragment_bytes = 1400; });
  NarrowWire wire(two, 1000);
  REQUIRE(two.alice.daemon->initiate("net"));
  wire.pass(30s);
  REQUIRE(two.alice.up().size() == 1);
  CHECK(two.traffic_flows());
  CHECK(wire.lost > 0);

  // Three times at each size, at intervals that begin anew with it.
  std::map<unsigned, std::vector<Instant>> times;  // of first fragments, by their total
  std::map<unsigned, std::size_t> longest;
  for (const auto& [when, datagram] : wire.from_alice) {
    const Header header = parse_header(datagram.message).value();
    if (header.exchange != ExchangeType::IkeAuth) continue;
    CHECK(header.message_id == 1);
    const auto [number, total] = fragment_of(datagram);
    if (number <= 1) times[total].push_back(when);
    longest[total] = std::max(longest[total], datagram_bytes(datagram));
  }
  REQUIRE(times.size() == 2);
  REQUIRE(times.contains(2));
  const auto& [few, first] = *times.begin();
  const auto& [many, second] = *times.rbegin();
  CHECK(many > few);
  CHECK(longest[few] > 1280);
  CHECK(longest[many] <= 576);
  REQUIRE(first.size() == 3);
  CHECK(first[1] - first[0] < 1200ms);
  CHECK(first[2] - first[1] > 1900ms);
  REQUIRE(second.size() == 1);
  CHECK(second[0] - first[2] > 3900ms);
  CHECK(second[0] - first[2] < 4200ms);

  // What is long begins with that size from now on.
  wire.from_alice.clear();
  const std::size_t lost = wire.lost;
  REQUIRE(two.alice.daemon->rekey(two.alice.only().number));
  wire.pass(3s);
  CHECK(wire.lost == lost);
  CHECK(two.alice.only().datagram_bytes == 576);
}

TEST_CASE("IFRAG-04: the smallest fragments are repeated until the peer is given up") {
  TwoPeers two;
  make_messages_long(two);
  NarrowWire wire(two, 400);
  REQUIRE(two.alice.daemon->initiate("net"));
  wire.pass(200s);
  CHECK(two.alice.daemon->size() == 0);
  std::size_t sendings = 0;
  for (const auto& [when, datagram] : wire.from_alice) {
    const auto [number, total] = fragment_of(datagram);
    sendings += number == 1 ? 1 : 0;
  }
  CHECK(sendings == 9);
}

TEST_CASE("IFRAG-04: a message that is short as it is does not become shorter by being lost") {
  TwoPeers two;
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  REQUIRE(two.alice.daemon->rekey_child(two.alice.only().children.front()->name));
  const Octets first = two.alice.sent.front().message;
  two.alice.sent.clear();
  two.pass_silently(40s);
  REQUIRE(two.alice.sent.size() >= 4);
  for (const Datagram& datagram : two.alice.sent)
    if (parse_header(datagram.message)->message_id == parse_header(first)->message_id)
      CHECK(datagram.message == first);  // IKE-22
  CHECK(two.alice.only().datagram_bytes == 0);
}

TEST_CASE("IFRAG-04: an answer is in fragments no longer than those of the request were") {
  TwoPeers two;
  make_messages_long(two);
  change_peer(two.alice, [](Peer& peer) { peer.fragment_bytes = 700; });
  change_peer(two.bob, [](Peer& peer) { peer.fragment_bytes = 1400; });
  REQUIRE(two.alice.daemon->initiate("net"));
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.deliver(two.bob));
  while (two.deliver(two.alice)) {
  }
  REQUIRE(two.bob.sent.size() > 1);
  for (const Datagram& datagram : two.bob.sent) CHECK(datagram_bytes(datagram) <= 700);
  CHECK(datagram_bytes(two.bob.sent.front()) > 680);
  two.settle();
  CHECK(two.alice.up().size() == 1);

  // But not cut to shreds: what everybody carries is short enough.
  TwoPeers tiny;
  change_peer(tiny.bob, [](Peer& peer) { peer.fragment_bytes = 1400; });
  REQUIRE(tiny.alice.daemon->initiate("net"));
  tiny.settle();
  REQUIRE(tiny.bob.up().size() == 1);
  Impostor alice(tiny.alice.only());
  tiny.deliver(tiny.alice, alice.says_fragment(ExchangeType::Informational, 2, 1));
  CHECK(tiny.bob.only().datagram_bytes == 576);
}

}  // namespace
}  // namespace sallyport::ike::test::datagram_size_test
