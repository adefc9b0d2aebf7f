// IKE SAs that are carried to another node: the peer does not notice, and what does not belong
// there is not taken.
#include "ike/carry.h"

#include <catch2/catch.hpp>
#include <utility>

#include "tests/ike/two_peers.h"

namespace sallyport::ike::test::carry_test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kJump = 1ull << 32;

std::vector<Sa> sas_of(const Node& node) {
  std::vector<Sa> sas;
  for (const auto& [name, sa] : node.installer.sas) sas.push_back(sa.duplicate());
  return sas;
}

Octets record_of(Node& node) {
  auto record = node.daemon->export_ike_sa(node.only().number);
  if (!record) FAIL(to_string(record.error()));
  return std::move(*record);
}

// Another node goes on in its place: of what this one knew it has the records alone.
void fail_over(Node& node) {
  const Octets record = record_of(node);
  auto sas = sas_of(node);
  node.start();
  const auto number = node.daemon->import_ike_sa(record, std::move(sas), kJump);
  if (!number) FAIL(to_string(number.error()));
  CHECK(node.only().number == *number);
}

std::string name_of_child(const Node& node) { return node.only().children.at(0)->name; }

// Everything that the two may still do.
void check_works_on(TwoPeers& two, Node& carried) {
  Node& other = two.other(carried);
  CHECK(two.traffic_flows());
  for (Node* const node : {&carried, &other}) {
    REQUIRE(node->daemon->rekey_child(name_of_child(*node)));
    two.pass(3s);
    CHECK(two.traffic_flows());
    CHECK(node->only().children.size() == 1);
  }
  for (Node* const node : {&carried, &other}) {
    REQUIRE(node->daemon->rekey(node->only().number));
    two.pass(3s);
    CHECK(two.traffic_flows());
    CHECK(two.alice.only().initiator_spi == two.bob.only().initiator_spi);
  }
  two.pass(200s);  // of liveness checks, either way
  CHECK(other.count(EventKind::IkeDown) == 0);
  CHECK(carried.only().children.size() == 1);
  REQUIRE(carried.daemon->terminate(carried.only().number));
  two.pass(3s);
  for (const Node* const node : {&carried, &other}) {
    CHECK(node->daemon->size() == 0);
    CHECK(node->installer.sas.empty());
  }
}

}  // namespace

TEST_CASE(
    "IKE-25, IKE-112: a responder's IKE SA goes on at another node, and the peer knows nothing") {
  TwoPeers two;
  two.bring_up();
  fail_over(two.bob);
  CHECK(two.alice.sent.empty());
  check_works_on(two, two.bob);
}

TEST_CASE(
    "IKE-25, IKE-112: an initiator's IKE SA goes on at another node, and the peer knows nothing") {
  TwoPeers two;
  two.bring_up();
  fail_over(two.alice);
  CHECK(two.bob.sent.empty());
  check_works_on(two, two.alice);
}

TEST_CASE("IKE-25: an IKE SA that has been rekeyed and used is carried as it stands") {
  TwoPeers two;
  two.bring_up();
  REQUIRE(two.bob.daemon->rekey(two.bob.only().number));
  two.pass(3s);
  REQUIRE(two.alice.daemon->rekey_child(name_of_child(two.alice)));
  two.pass(3s);
  fail_over(two.bob);
  check_works_on(two, two.bob);
}

TEST_CASE("IKE-35: the new node answers again, bit for bit, what the old one has answered") {
  TwoPeers two;
  two.bring_up();
  REQUIRE(two.alice.daemon->terminate_child(name_of_child(two.alice)));
  const Datagram request = two.alice.sent.front();
  REQUIRE(two.deliver(two.alice));
  const Datagram response = two.bob.sent.front();
  two.bob.sent.clear();  // and that is lost
  fail_over(two.bob);
  two.deliver(two.alice, request);
  REQUIRE(two.bob.sent.size() == 1);
  CHECK(two.bob.sent.front().message == response.message);
  two.settle();
  CHECK(two.alice.installer.sas.empty());
}

TEST_CASE("ALG-20, RPL-08: the new node's IVs go on above any that the old one may have used") {
  TwoPeers two;
  two.bring_up();
  const std::uint64_t before = two.bob.only().next_iv;
  fail_over(two.bob);
  CHECK(two.bob.only().next_iv == before + kJump);
  REQUIRE(two.bob.daemon->rekey_child(name_of_child(two.bob)));
  const Octets& message = two.bob.sent.front().message;
  CHECK(load_be<std::uint64_t>(message.data() + 32) == before + kJump);
  two.settle();
  CHECK(two.alice.count(EventKind::ChildRekeyed) == 1);
}

TEST_CASE("NAT-03, IKE-47: behind a NAT the new node sends where the old one did") {
  TwoPeers two;
  const Address outside = Address::parse("203.0.113.99").value();
  two.put_nat_before_alice({outside, 61'000}, {outside, 61'001});
  Peer anywhere = *two.bob.pad().entries().front();
  anywhere.locator.remote.reset();
  two.bob.set_peers({std::move(anywhere)});
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  fail_over(two.bob);
  CHECK(two.bob.only().path.remote == Endpoint{outside, 61'001});
  CHECK(two.bob.only().nat.there);
  REQUIRE(two.bob.daemon->rekey_child(name_of_child(two.bob)));
  two.settle();
  CHECK(two.alice.count(EventKind::ChildRekeyed) == 1);
  CHECK(two.bob.installer.outbound("net")->endpoints.remote == outside);
  CHECK(two.bob.installer.outbound("net")->encapsulation ==
        UdpEncapsulation{.local_port = 4500, .remote_port = 61'001});
}

TEST_CASE("IKE-124: the lifetimes of an IKE SA and of its child go on and do not begin anew") {
  TwoPeers two;
  for (Node* const node : {&two.alice, &two.bob}) {
    Peer peer = *node->pad().entries().front();
    peer.timers.ike_lifetime = 2h;
    node->set_peers({std::move(peer)});
  }
  const auto pass = [&](Duration time) {  // in long steps
    for (Duration gone{}; gone < time; gone += 5s) {
      two.clock.advance(5s);
      two.poll();
      two.settle();
    }
  };
  two.bring_up();
  pass(100min);
  CHECK(two.bob.count(EventKind::IkeRekeyed) == 0);
  const Instant made = two.bob.only().made;
  const Instant child_made = two.bob.only().children.at(0)->made;
  fail_over(two.alice);
  fail_over(two.bob);
  CHECK(two.bob.only().made == made);
  CHECK(two.bob.only().children.at(0)->made == child_made);
  two.bob.events.clear();
  pass(20min);
  CHECK(two.bob.count(EventKind::IkeRekeyed) == 1);
  CHECK(two.traffic_flows());
}

TEST_CASE("CP-02: addresses that the old node has given belong to the peer at the new one") {
  TwoPeers two;
  two.bring_up();
  CarriedIkeSa sa = read_record(record_of(two.bob), 0).value();
  const Address inner = Address::parse("10.3.0.1").value();
  sa.leases = {inner};
  auto sas = sas_of(two.bob);
  two.bob.start();
  const std::string pool[] = {"pool"};
  two.bob.daemon->pools().replace(
      {{.name = "pool", .addresses = {inner, inner}, .dns = {}, .subnets = {}, .netmask = {}}});
  const auto number = two.bob.daemon->import_ike_sa(write_record(sa), std::move(sas), 0);
  REQUIRE(number);
  AddressPools& pools = two.bob.daemon->pools();
  CHECK_FALSE(pools.lease(pool, Identity::of(inner), Family::V4, std::nullopt));
  REQUIRE(two.bob.daemon->terminate(*number));
  two.settle();
  CHECK(pools.lease(pool, Identity::of(inner), Family::V4, std::nullopt));
}

TEST_CASE("IKE-32: amid an exchange of either side an IKE SA is not carried") {
  const auto refused = [](Node& node) {
    const auto record = node.daemon->export_ike_sa(node.ike_sas().at(0)->number);
    return !record && record.error().code == Error::Code::Refused;
  };
  TwoPeers two;
  REQUIRE(two.alice.daemon->initiate("net"));
  CHECK(refused(two.alice));
  REQUIRE(two.deliver(two.alice));
  CHECK(refused(two.bob));
  two.settle();
  CHECK(two.bob.daemon->export_ike_sa(two.bob.only().number));
  CHECK(two.bob.daemon->export_ike_sa(77).error().code == Error::Code::NotFound);
  REQUIRE(two.bob.daemon->rekey_child(name_of_child(two.bob)));
  CHECK(refused(two.bob));
  two.pass(3s);
  two.alice.jobs.at_once = false;
  REQUIRE(two.bob.daemon->rekey(two.bob.only().number));
  REQUIRE(two.deliver(two.bob));
  CHECK(refused(two.alice));  // it is working at its answer
  two.alice.jobs.run_all();
  two.alice.jobs.at_once = true;
  two.pass(3s);
  CHECK(two.alice.daemon->export_ike_sa(two.alice.only().number));
}

TEST_CASE("PAD-01, SPD-06: what this node's PAD and SPD would not have is not taken") {
  TwoPeers two;
  two.bring_up();
  const Octets record = record_of(two.bob);
  const auto sas = [&] { return sas_of(two.bob); };
  const std::vector<Sa> kept = sas();
  const auto copies = [&] {
    std::vector<Sa> all;
    for (const Sa& sa : kept) all.push_back(sa.duplicate());
    return all;
  };
  const auto import = [&](std::vector<Sa> with) {
    const auto taken = two.bob.daemon->import_ike_sa(record, std::move(with), 0);
    CHECK(two.bob.daemon->size() == (taken ? 1u : 0u));
    CHECK(two.bob.installer.sas.size() == (taken ? 2u : 0u));
    return taken ? std::string("taken") : taken.error().what;
  };
  const auto again = [&] { two.bob.start(); };
  // It is here already.
  CHECK(two.bob.daemon->import_ike_sa(record, copies(), 0).error().code == Error::Code::Exists);
  again();
  const Peer alice = *two.bob.pad().entries().front();
  two.bob.set_peers({psk_peer("carol", "carol.example.org", "bob.example.org", "shared secret")});
  CHECK(import(copies()) == "there is no [[peer]] \"alice\" here");
  two.bob.set_peers({psk_peer("alice", "carol.example.org", "bob.example.org", "shared secret")});
  CHECK(import(copies()) == "alice.example.org is not [[peer]] \"alice\" here");
  // An earlier entry takes the identity.
  two.bob.set_peers({psk_peer("first", "alice.example.org", "bob.example.org", "s"), alice});
  CHECK(import(copies()) == "alice.example.org is not [[peer]] \"alice\" here");
  two.bob.set_peers({alice});
  const auto policies = std::exchange(two.bob.policies, {});
  CHECK(import(copies()) == "no policy \"net\" here makes such SAs");
  two.bob.policies = policies;
  CHECK(import({}).find("is missing, or another one") != std::string::npos);
  auto other = copies();
  other[0].spi = Spi{0x12345};
  CHECK(import(std::move(other)).find("is missing, or another one") != std::string::npos);
  auto more = copies();
  more.push_back(kept[0].duplicate());
  more.back().name = "stray";
  CHECK(import(std::move(more)) == "SA stray is of no child");
  two.bob.installer.full = true;
  CHECK(import(copies()) == "full");
  two.bob.installer.full = false;
  CHECK(import(copies()) == "taken");
  // One more than the entry may have.
  CarriedIkeSa another = read_record(record, 0).value();
  ++another.number;
  another.responder_spi.value ^= 1;
  another.children.clear();
  Peer full = alice;
  full.limits.ike_sas = 1;
  two.bob.set_peers({full});
  CHECK(two.bob.daemon->import_ike_sa(write_record(another), {}, 0).error().code ==
        Error::Code::Exhausted);
  two.bob.set_peers({alice});
  two.settle();
  check_works_on(two, two.bob);
}

}  // namespace sallyport::ike::test::carry_test
