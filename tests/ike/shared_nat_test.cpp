// Hosts behind NATs: two that look alike from outside, and one whose NAT gives it another mapping
// (NAT-03, NAT-05, NAT-06).
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>

#include "ike/child_places.h"
#include "tests/ike/altered_wire.h"

namespace sallyport::ike::test::shared_nat_test {
namespace {

using namespace std::chrono_literals;

const Address kInside = Address::parse("192.168.1.5").value();
const Address kOutside = Address::parse("198.51.100.9").value();
const Address kServer = Address::parse("203.0.113.2").value();

AddressRange range(std::string_view text) { return AddressRange::parse(text).value(); }
AddressRange one(const Address& address) { return {address, address}; }

// Two clients with one private address, behind one NAT, and a server.
class SharedNat {
 public:
  SharedNat()
      : server(clock, kServer, 3), clients_{Node{clock, kInside, 1}, Node{clock, kInside, 2}} {
    Peer any = psk_peer("clients", ".example.org", "server.example.org", "secret");
    any.may_claim = {one(kInside)};
    any.mobility = PeerMobility::None;
    server.set_peers({std::move(any)});
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      Peer peer = psk_peer("server", "server.example.org",
                           i == 0 ? "alice.example.org" : "carol.example.org", "secret");
      peer.locator.remote = kServer;
      peer.may_claim = {range("198.51.100.0/24"), one(kServer)};
      clients_[i].set_peers({std::move(peer)});
      clients_[i].add_policy(
          tunnel_policy("net", {kInside, kServer}, to_string(kInside), "198.51.100.0/24"));
    }
    server.add_policy(named("net", "198.51.100.0/24", "192.168.0.0/16"));
    for (Node* const node : {&server, &alice(), &carol()}) node->start();
  }
  static Policy named(std::string name, std::string local, std::string remote) {
    Policy policy = tunnel_policy(std::move(name), {}, std::move(local), std::move(remote));
    policy.protect->peer = "clients";
    return policy;
  }
  Node& alice() { return clients_[0]; }
  Node& carol() { return clients_[1]; }

  void connect(Node& client) {
    REQUIRE(client.daemon->initiate("net"));
    settle();
  }
  void settle() {
    for (unsigned turns = 0; turns < 200; ++turns) {
      bool moved = false;
      for (std::size_t i = 0; i < clients_.size(); ++i) moved |= from_client(i);
      if (!from_server() && !moved) return;
    }
    FAIL("they go on talking for ever");
  }
  // Of the server's SAs, whose they are.
  const Sa* outbound(const std::string& policy = "net") {
    return server.installer.outbound(policy);
  }
  bool is_alices(const Sa* sa) {
    return sa != nullptr && std::ranges::any_of(alice().installer.sas, [&](const auto& theirs) {
             return theirs.second.spi == sa->spi && theirs.second.direction == Direction::Inbound;
           });
  }

  ManualClock clock;
  Node server;

 private:
  static Endpoint outside(std::size_t client, std::uint16_t port) {
    return {kOutside, static_cast<std::uint16_t>(1000 * (client + 1) + (port == kIkePort ? 0 : 1))};
  }
  bool from_client(std::size_t i) {
    Node& client = clients_[i];
    if (client.sent.empty()) return false;
    const Datagram datagram = client.sent.front();
    client.sent.pop_front();
    server.daemon->receive({datagram.path.remote, outside(i, datagram.path.local.port)},
                           datagram.message);
    return true;
  }
  bool from_server() {
    if (server.sent.empty()) return false;
    const Datagram datagram = server.sent.front();
    server.sent.pop_front();
    for (std::size_t i = 0; i < clients_.size(); ++i)
      for (const std::uint16_t port : {kIkePort, kIkeNatPort})
        if (outside(i, port) == datagram.path.remote)
          clients_[i].daemon->receive({{kInside, port}, datagram.path.local}, datagram.message);
    return true;
  }

  std::array<Node, 2> clients_;
};

TEST_CASE(
    "NAT-05: a second host with the same private address does not get the first one's packets") {
  SharedNat nat;
  nat.connect(nat.alice());
  REQUIRE(nat.is_alices(nat.outbound()));
  nat.connect(nat.carol());
  CHECK(nat.server.up().size() == 2);  // the IKE SA is up all the same
  CHECK(nat.carol().installer.sas.empty());
  REQUIRE(nat.carol().last(EventKind::ChildFailed) != nullptr);
  CHECK(nat.carol().last(EventKind::ChildFailed)->detail == "TS_UNACCEPTABLE from the peer");
  REQUIRE(nat.server.last(EventKind::ChildFailed) != nullptr);
  CHECK(nat.server.last(EventKind::ChildFailed)->detail ==
        "TS_UNACCEPTABLE: the SAs of policy net carry another peer's packets");
  CHECK(nat.is_alices(nat.outbound()));

  // Alice replaces hers, and has it still.
  REQUIRE(nat.alice().daemon->rekey_child(nat.alice().only().children.front()->name));
  nat.settle();
  nat.connect(nat.carol());
  CHECK(nat.carol().installer.sas.empty());
  // When she has gone, the address is Carol's.
  REQUIRE(nat.alice().daemon->terminate(nat.alice().only().number));
  nat.settle();
  nat.connect(nat.carol());
  REQUIRE(nat.outbound() != nullptr);
  CHECK_FALSE(nat.is_alices(nat.outbound()));
  CHECK(nat.carol().installer.outbound("net") != nullptr);
}

TEST_CASE("NAT-05: the same party may come again, by another IKE SA") {
  SharedNat nat;
  nat.connect(nat.alice());
  const Spi before = nat.outbound()->spi;
  REQUIRE(nat.alice().daemon->initiate_anew("net"));
  nat.settle();
  CHECK(nat.outbound()->spi != before);
  CHECK(nat.is_alices(nat.outbound()));
}

TEST_CASE("NAT-05: hosts that are given addresses do not meet") {
  SharedNat nat;
  change_peer(nat.server, [](Peer& peer) {
    peer.may_claim.clear();
    peer.pools = {"pool"};
  });
  nat.server.daemon->pools().replace({{.name = "pool",
                                       .addresses = range("10.3.0.1-10.3.0.9"),
                                       .dns = {},
                                       .subnets = {},
                                       .netmask = {}}});
  Policy policy = SharedNat::named("net", "198.51.100.0/24", "10.3.0.0/24");
  policy.pfp.remote = true;
  nat.server.policies = {std::make_shared<const Policy>(std::move(policy))};
  for (Node* const client : {&nat.alice(), &nat.carol()}) {
    change_peer(*client, [](Peer& peer) { peer.request_addresses = {Family::V4}; });
    client->policies = {std::make_shared<const Policy>(
        tunnel_policy("net", {kInside, kServer}, "0.0.0.0/0", "198.51.100.0/24"))};
    nat.connect(*client);
    CHECK(client->installer.outbound("net") != nullptr);
  }
  CHECK(nat.server.installer.count(Direction::Outbound) == 2);
  // Without values from packets all of the policy's packets would go one way: to Alice alone.
  Policy shared = *nat.server.policies.front();
  shared.pfp = {};
  for (Node* const node : {&nat.server, &nat.alice(), &nat.carol()}) node->start();
  nat.server.daemon->pools().replace({{.name = "pool",
                                       .addresses = range("10.3.0.1-10.3.0.9"),
                                       .dns = {},
                                       .subnets = {},
                                       .netmask = {}}});
  nat.server.policies = {std::make_shared<const Policy>(std::move(shared))};
  for (Node* const client : {&nat.alice(), &nat.carol()}) nat.connect(*client);
  CHECK(nat.alice().installer.outbound("net") != nullptr);
  CHECK(nat.carol().installer.outbound("net") == nullptr);
}

TEST_CASE("NAT-05, IKE-99: two hosts behind one address that want the same transport selectors") {
  SharedNat nat;
  Policy policy = SharedNat::named("net", to_string(kServer), "0.0.0.0/0");
  policy.protect->mode = IpsecMode::Transport;
  policy.pfp.remote = true;
  nat.server.policies = {std::make_shared<const Policy>(std::move(policy))};
  for (Node* const client : {&nat.alice(), &nat.carol()}) {
    Policy own = tunnel_policy("net", {}, to_string(kInside), to_string(kServer));
    own.protect->mode = IpsecMode::Transport;
    own.protect->peer = "server";
    client->policies = {std::make_shared<const Policy>(std::move(own))};
    nat.connect(*client);
  }
  CHECK(nat.is_alices(nat.outbound()));
  CHECK(nat.outbound()->selectors.front().remote == std::vector{one(kOutside)});
  CHECK(nat.carol().installer.sas.empty());
  CHECK(nat.carol().last(EventKind::ChildFailed)->detail == "TS_UNACCEPTABLE from the peer");
}

TEST_CASE(
    "NAT-05: who has proved no identity is a party of its own each time, and its successors") {
  const auto sa = [](std::uint64_t number, std::uint64_t line, const char* id) {
    IkeSa sa;
    sa.number = number;
    sa.line = line;
    if (id != nullptr) sa.remote_identity = Identity::parse(id).value();
    Peer peer;
    peer.remote.resize(1);
    if (id == nullptr) peer.remote[0].kind = AuthenticationKind::Null;
    sa.peer = std::make_shared<const Peer>(std::move(peer));
    return sa;
  };
  CHECK(party_of(sa(1, 0, "a.org")) == party_of(sa(2, 0, "a.org")));
  CHECK(party_of(sa(1, 0, "a.org")) != party_of(sa(1, 0, "b.org")));
  CHECK(party_of(sa(1, 0, nullptr)) != party_of(sa(2, 0, nullptr)));
  CHECK(party_of(sa(1, 0, nullptr)) == party_of(sa(2, 1, nullptr)));
}

// Alice behind a NAT that can be given another mapping.
struct Moving : TwoPeers {
  explicit Moving(PeerMobility mobility = PeerMobility::None) {
    put_nat_before_alice({kOutside, 1024}, {kOutside, 1025});
    change_peer(bob, [&](Peer& peer) {
      peer.locator.remote.reset();
      peer.mobility = mobility;
    });
    change_peer(alice, [](Peer& peer) { peer.timers.liveness = 0s; });
    change_peer(bob, [](Peer& peer) { peer.timers.liveness = 0s; });
    REQUIRE(alice.daemon->initiate("net"));
    settle();
    REQUIRE(alice.up().size() == 1);
  }
  // What Bob's data plane says of the inbound SA of his child.
  void seen_at_bob(const Endpoint& there) {
    bob.daemon->on_moved_peer(bob.only().children.front()->inbound_name(), there);
  }
  void check_bob_at(const Endpoint& there) {
    CHECK(bob.only().path.remote == there);
    for (const auto& [name, sa] : bob.installer.sas) {
      CHECK(sa.endpoints.remote == there.address);
      CHECK(sa.encapsulation->remote_port == there.port);
    }
  }
};

TEST_CASE("NAT-06: an authentic packet from a new place moves IKE SA and children") {
  Moving two;
  two.check_bob_at({kOutside, 1025});
  const Endpoint there{Address::parse("198.51.100.77").value(), 2001};
  two.seen_at_bob(there);
  two.check_bob_at(there);
  CHECK(two.bob.count(EventKind::PeerMoved) == 1);
  two.seen_at_bob(there);
  CHECK(two.bob.count(EventKind::PeerMoved) == 1);
  // What Bob says next goes there.
  two.put_nat_before_alice({kOutside, 1024}, there);
  REQUIRE(two.bob.daemon->rekey_child(two.bob.only().children.front()->name));
  REQUIRE_FALSE(two.bob.sent.empty());
  CHECK(two.bob.sent.front().path.remote == there);
  two.settle();
  CHECK(two.bob.only().children.size() == 2);  // the successor waits to be heard
  // One that is not there any more says nothing.
  two.bob.daemon->on_moved_peer("net/99.9-in", {kOutside, 3});
  CHECK(two.bob.only().path.remote == there);
}

TEST_CASE("NAT-06: SAs are to be followed where the peer is behind a NAT, and there alone") {
  Moving two;
  const auto follows = [](const Node& node) {
    return std::ranges::any_of(node.installer.sas,
                               [](const auto& one) { return one.second.follows_peer; });
  };
  for (const auto& [name, sa] : two.bob.installer.sas)
    CHECK(sa.follows_peer == (sa.direction == Direction::Inbound));
  // Not who is behind it: the other side is where it was configured to be.
  CHECK_FALSE(follows(two.alice));
  two.alice.daemon->on_moved_peer(two.alice.only().children.front()->inbound_name(),
                                  {Address::parse("203.0.113.99").value(), 4500});
  CHECK(two.alice.only().path.remote == Endpoint{two.bob.address, 4500});

  // With MOBIKE the initiator says itself where it is (RFC 4555 3.8).
  Moving mobile(PeerMobility::Mobike);
  REQUIRE(mobile.bob.only().abilities.mobike);
  CHECK_FALSE(follows(mobile.bob));
  mobile.seen_at_bob({kOutside, 2001});
  mobile.check_bob_at({kOutside, 1025});

  TwoPeers plain;
  REQUIRE(plain.alice.daemon->initiate("net"));
  plain.settle();
  CHECK_FALSE(follows(plain.bob));
}

TEST_CASE(
    "NAT-03: a keepalive where nothing has gone out for 20 seconds, by who is behind the NAT") {
  Moving two;
  two.pass_silently(19s);
  CHECK(two.alice.keepalives == 0);
  two.pass_silently(2s);
  CHECK(two.alice.keepalives == 1);
  two.pass_silently(61s);
  CHECK(two.alice.keepalives == 4);
  CHECK(two.bob.keepalives == 0);
}

TEST_CASE("NAT-03: whatever goes out keeps the mapping alive as well") {
  Moving two;
  const std::string sending = two.alice.only().children.front()->outbound_name();
  for (int seconds = 0; seconds < 60; seconds += 5) {
    ++two.alice.installer.packets[sending];
    two.pass_silently(5s);
  }
  CHECK(two.alice.keepalives == 0);
  // Then it is quiet: within 20 seconds of the last packet there is one.
  two.pass_silently(16s);
  CHECK(two.alice.keepalives == 1);
  // What comes in is no help.
  const std::string hearing = two.alice.only().children.front()->inbound_name();
  for (int seconds = 0; seconds < 40; ++seconds) {
    ++two.alice.installer.packets[hearing];
    two.pass_silently(1s);
  }
  CHECK(two.alice.keepalives == 3);
  // A message of IKE is.
  two.pass_silently(15s);
  const unsigned before = two.alice.keepalives;
  REQUIRE(two.alice.daemon->rekey_child(two.alice.only().children.front()->name));
  two.settle();
  two.pass_silently(15s);
  CHECK(two.alice.keepalives == before);
}

TEST_CASE("NAT-03, LIVE-01: a keepalive that comes is no sign of life") {
  Moving two;
  change_peer(two.bob, [](Peer& peer) { peer.timers.liveness = 30s; });
  const Instant heard = two.bob.only().heard;
  for (int seconds = 0; seconds < 25; ++seconds) {
    two.pass_silently(1s);
    two.deliver(two.alice, {two.alice.only().path, Octets{0xff}});
  }
  CHECK(two.bob.only().heard == heard);
  CHECK(two.bob.sent.empty());
  CHECK(two.bob.daemon->refusals().malformed == 25);
}

}  // namespace
}  // namespace sallyport::ike::test::shared_nat_test
