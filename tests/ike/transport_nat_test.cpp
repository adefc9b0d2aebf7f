// Transport mode across a NAT (RFC 7296 2.23.1; IKE-99), message by message: Alice is the client
// behind it.
#include <catch2/catch.hpp>

#include <algorithm>

#include "ike/transport_selectors.h"
#include "tests/ike/altered_wire.h"

namespace sallyport::ike::test::transport_nat_test {
namespace {

const Address kInside = Address::parse("192.168.1.5").value();
const Address kOutside = Address::parse("198.51.100.9").value();

AddressRange one(const Address& address) { return {address, address}; }
TrafficSelector any(const Address& address) { return {0, 0, 0xffff, one(address)}; }

struct NattedHosts : TwoPeers {
  explicit NattedHosts(IpsecMode bobs_mode = IpsecMode::Transport) {
    alice.address = kInside;
    map_to(1025);
    change_peer(bob, [](Peer& peer) {
      peer.locator.remote.reset();
      peer.may_claim = {one(kInside)};
      peer.mobility = PeerMobility::None;
    });
    change_peer(alice, [](Peer& peer) { peer.may_claim.clear(); });
    alice.policies = {policy(alice, "bob", kInside, bob.address)};
    Policy bobs = tunnel_policy("net", {}, to_string(bob.address), "0.0.0.0/0");
    bobs.protect->peer = "alice";
    bobs.protect->mode = bobs_mode;
    bob.policies = {std::make_shared<const Policy>(std::move(bobs))};
  }
  void map_to(std::uint16_t port) { put_nat_before_alice({kOutside, 1024}, {kOutside, port}); }

  static PolicySource::Entry policy(const Node&, const std::string& peer, const Address& local,
                                    const Address& remote) {
    Policy policy = tunnel_policy("net", {}, to_string(local), to_string(remote));
    policy.protect->mode = IpsecMode::Transport;
    policy.protect->peer = peer;
    return std::make_shared<const Policy>(std::move(policy));
  }
  // Up to the IKE_AUTH request, which is on the wire then.
  void begin() {
    REQUIRE(alice.daemon->initiate("net"));
    REQUIRE(deliver(alice));
    REQUIRE(deliver(bob));
    REQUIRE(alice.sent.size() == 1);
  }
  // Each end has the other one's packets as they come to it.
  void check_flow() {
    const Sa* const alices = alice.installer.outbound("net");
    const Sa* const bobs = bob.installer.outbound("net");
    REQUIRE(alices != nullptr);
    REQUIRE(bobs != nullptr);
    CHECK(alices->mode == IpsecMode::Transport);
    CHECK(bobs->mode == IpsecMode::Transport);
    CHECK(alices->selectors.front().local == std::vector{one(kInside)});
    CHECK(alices->selectors.front().remote == std::vector{one(bob.address)});
    CHECK(bobs->selectors.front().local == std::vector{one(bob.address)});
    CHECK(bobs->selectors.front().remote == std::vector{one(kOutside)});
    CHECK(bobs->endpoints.remote == kOutside);
    REQUIRE(bobs->encapsulation);
    CHECK(alice.installer.sas.at(newest_of(alice) + "-in").spi == bobs->spi);
    CHECK(bob.installer.sas.at(newest_of(bob) + "-in").spi == alices->spi);
  }
  static std::string newest_of(const Node& node) { return node.only().children.back()->name; }
};

TEST_CASE("IKE-99: each side puts the addresses that it sees into the selectors of the other") {
  NattedHosts two;
  two.begin();
  const Message request = opened(two.alice, two.alice.sent.front());
  CHECK(request.find(NotifyType::UseTransportMode) != nullptr);
  CHECK(*request.initiator_selectors == TrafficSelectors{any(kInside)});
  CHECK(*request.responder_selectors == TrafficSelectors{any(two.bob.address)});
  REQUIRE(two.deliver(two.alice));
  // Bob answers with what he sees, which is what his SAs have.
  const Message response = opened(two.bob, two.bob.sent.front());
  CHECK(response.find(NotifyType::UseTransportMode) != nullptr);
  CHECK(*response.initiator_selectors == TrafficSelectors{any(kOutside)});
  CHECK(*response.responder_selectors == TrafficSelectors{any(two.bob.address)});
  two.settle();
  two.check_flow();
  // Both know what stood on the wire.
  const ChildSa& bobs = *two.bob.only().children.front();
  REQUIRE(bobs.on_wire);
  CHECK(bobs.on_wire->remote == TrafficSelectors{any(kInside)});
  const ChildSa& alices = *two.alice.only().children.front();
  REQUIRE(alices.on_wire);
  CHECK(alices.on_wire->local == TrafficSelectors{any(kOutside)});
}

TEST_CASE("IKE-99: several selectors may share the one address, and are narrowed as ever") {
  NattedHosts two;
  const auto with_ports = [](PolicySource::Entry& entry, std::vector<std::uint16_t> ports) {
    Policy policy = *entry;
    const Selector base = policy.selectors.front();
    policy.selectors.clear();
    for (const std::uint16_t port : ports) {
      Selector& selector = policy.selectors.emplace_back(base);
      selector.protocol = 17;
      selector.local_port = PortSet::of({{port, port}}).value();
    }
    entry = std::make_shared<const Policy>(std::move(policy));
  };
  with_ports(two.alice.policies.front(), {53, 123, 500});
  Policy bobs = *two.bob.policies.front();
  bobs.selectors.front().protocol = 17;
  bobs.selectors.front().remote_port = PortSet::of({{1, 200}}).value();
  two.bob.policies.front() = std::make_shared<const Policy>(std::move(bobs));
  two.begin();
  const Message request = opened(two.alice, two.alice.sent.front());
  CHECK(request.initiator_selectors->size() == 3);
  REQUIRE(two.deliver(two.alice));
  const Message response = opened(two.bob, two.bob.sent.front());
  CHECK(*response.initiator_selectors ==
        TrafficSelectors{{17, 53, 53, one(kOutside)}, {17, 123, 123, one(kOutside)}});
  two.settle();
  CHECK(two.alice.only().children.front()->selectors.local ==
        TrafficSelectors{{17, 53, 53, one(kInside)}, {17, 123, 123, one(kInside)}});
}

TEST_CASE("IKE-99: the server may be who replaces the child") {
  NattedHosts two;
  two.begin();
  two.settle();
  for (Node* const node : {&two.bob, &two.alice}) {
    const Spi before = two.bob.installer.outbound("net")->spi;
    REQUIRE(node->daemon->rekey_child(NattedHosts::newest_of(*node)));
    two.settle();
    for (Node* const one_of : {&two.alice, &two.bob})
      for (const auto& [name, sa] : one_of->installer.sas) one_of->installer.packets[name] = 1;
    two.pass(std::chrono::seconds(4));
    CHECK(two.bob.installer.outbound("net")->spi != before);
    two.check_flow();
  }
}

TEST_CASE("IKE-99: where policy has no transport mode, a tunnel for the client's own address") {
  NattedHosts two(IpsecMode::Tunnel);
  Policy bobs = *two.bob.policies.front();
  bobs.selectors.front().remote = {one(kInside)};
  two.bob.policies.front() = std::make_shared<const Policy>(std::move(bobs));
  two.begin();
  REQUIRE(two.deliver(two.alice));
  const Message response = opened(two.bob, two.bob.sent.front());
  CHECK(response.find(NotifyType::UseTransportMode) == nullptr);
  CHECK(*response.initiator_selectors == TrafficSelectors{any(kInside)});
  REQUIRE(two.bob.installer.outbound("net") != nullptr);
  CHECK(two.bob.installer.outbound("net")->mode == IpsecMode::Tunnel);
  CHECK(two.bob.installer.outbound("net")->selectors.front().remote == std::vector{one(kInside)});
  // Alice's policy has no use for that (IKE-65).
  two.settle();
  CHECK(two.alice.installer.sas.empty());
  CHECK(two.bob.installer.sas.empty());
}

TEST_CASE("IKE-99: of more than one address nothing is exchanged, on either side") {
  const auto widen = [](Message& message) {
    message.initiator_selectors->push_back(any(Address::parse("192.168.1.6").value()));
  };
  NattedHosts two;
  two.begin();
  deliver_altered(two, two.alice, widen);
  CHECK(two.bob.installer.sas.empty());
  CHECK(opened(two.bob, two.bob.sent.front()).find(NotifyType::TsUnacceptable) != nullptr);

  NattedHosts again;
  again.begin();
  REQUIRE(again.deliver(again.alice));
  deliver_altered(again, again.bob, widen);
  again.settle();
  CHECK(again.alice.installer.sas.empty());
  CHECK(again.bob.installer.sas.empty());
}

TEST_CASE("IKE-99, PAD-11: a server behind no NAT does not say who it is by another address") {
  NattedHosts two;
  two.begin();
  REQUIRE(two.deliver(two.alice));
  deliver_altered(two, two.bob, [](Message& message) {
    message.responder_selectors = {any(Address::parse("203.0.113.99").value())};
  });
  two.settle();
  CHECK(two.alice.installer.sas.empty());
}

TEST_CASE("IKE-99: an initiator offers nothing but the two addresses of the IKE SA") {
  NattedHosts two;
  // All of a network: the one address that the IKE SA has.
  Policy wide = *two.alice.policies.front();
  wide.selectors.front().local = {AddressRange::parse("192.168.1.0/24").value()};
  wide.selectors.front().remote.clear();
  two.alice.policies.front() = std::make_shared<const Policy>(wide);
  two.begin();
  const Message request = opened(two.alice, two.alice.sent.front());
  CHECK(*request.initiator_selectors == TrafficSelectors{any(kInside)});
  CHECK(*request.responder_selectors == TrafficSelectors{any(two.bob.address)});

  // Where policy has none of it, there is nothing to offer.
  NattedHosts none;
  none.alice.policies = {NattedHosts::policy(
      none.alice, "bob", Address::parse("192.168.1.6").value(), none.bob.address)};
  REQUIRE(none.alice.daemon->initiate("net"));
  none.settle();
  CHECK(none.alice.installer.sas.empty());
  CHECK(none.bob.installer.sas.empty());
  REQUIRE(none.alice.last(EventKind::ChildFailed) != nullptr);
  CHECK(none.alice.last(EventKind::ChildFailed)->detail == ChildOffer::kCannotBeMade);
}

TEST_CASE("IKE-99, NAT-06: the child follows another port of the NAT, and no other address") {
  NattedHosts two;
  two.begin();
  two.settle();
  const std::string inbound = NattedHosts::newest_of(two.bob) + "-in";
  two.bob.daemon->on_moved_peer(inbound, {kOutside, 2001});
  CHECK(two.bob.only().path.remote.port == 2001);
  CHECK(two.bob.installer.outbound("net")->encapsulation->remote_port == 2001);
  // Its selectors are of the old address.
  two.bob.daemon->on_moved_peer(inbound, {Address::parse("198.51.100.10").value(), 2001});
  CHECK(two.bob.installer.outbound("net")->endpoints.remote == kOutside);
}

TEST_CASE("IKE-99: addresses are exchanged on the side that a NAT stands before, and there alone") {
  const Address local = Address::parse("10.0.0.1").value();
  const Address remote = Address::parse("10.0.0.2").value();
  const Path path{{local, 4500}, {remote, 4500}};
  const SelectorPair wire{{any(kInside)}, {any(kOutside)}};
  CHECK(*seen_from_here(wire, path, {}) == wire);
  CHECK(*seen_from_here(wire, path, {.here = true}) == SelectorPair{{any(local)}, {any(kOutside)}});
  CHECK(*seen_from_here(wire, path, {.there = true}) ==
        SelectorPair{{any(kInside)}, {any(remote)}});
  CHECK(*seen_from_here(wire, path, {.here = true, .there = true}) ==
        SelectorPair{{any(local)}, {any(remote)}});
  SelectorPair wide = wire;
  wide.remote.front().addresses.last = Address::parse("198.51.100.10").value();
  CHECK_FALSE(seen_from_here(wide, path, {.there = true}));
  CHECK_FALSE(seen_from_here({{}, {any(kOutside)}}, path, {}));
}

}  // namespace
}  // namespace sallyport::ike::test::transport_nat_test
