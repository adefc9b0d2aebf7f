// Selectors of a policy that are negotiated as a whole, and policies that one child serves together
// (SPD-05, IKE-97).
#include <catch2/catch.hpp>

#include "tests/ike/child_scenes.h"

namespace sallyport::ike::test::linked_policies_test {
namespace {

// Alice's hosts and Bob's.
void protect_sets(TwoPeers& two, const std::vector<Selector>& sets) {
  change_policy(two.alice, [&](Policy& policy) { policy.selectors = sets; });
  change_policy(two.bob, [&](Policy& policy) {
    policy.selectors = sets;
    for (Selector& set : policy.selectors) {
      std::swap(set.local, set.remote);
      std::swap(set.local_port, set.remote_port);
    }
  });
}

TEST_CASE("SPD-05, IKE-97: all sets of a policy are offered, accepted as a whole, and carried") {
  TwoPeers two;
  const auto set = [](std::string_view local, std::string_view remote) {
    return Selector{.local = {range(local)}, .remote = {range(remote)}};
  };
  protect_sets(
      two, {set("192.0.2.0/26", "198.51.100.0/25"), set("192.0.2.128/26", "198.51.100.0/25"),
            set("192.0.2.0/26", "198.51.100.128/26"), set("192.0.2.128/26", "198.51.100.128/26")});
  begin(two);
  const Message request = opened(two.alice, two.alice.sent.front());
  CHECK(*request.initiator_selectors ==
        TrafficSelectors{any("192.0.2.0/26"), any("192.0.2.128/26")});
  CHECK(*request.responder_selectors ==
        TrafficSelectors{any("198.51.100.0/25"), any("198.51.100.128/26")});
  REQUIRE(two.deliver(two.alice));
  const Message response = opened(two.bob, two.bob.sent.front());
  CHECK(*response.initiator_selectors == *request.initiator_selectors);
  CHECK(*response.responder_selectors == *request.responder_selectors);
  CHECK_FALSE(says(response, NotifyType::AdditionalTsPossible));
  two.settle();
  REQUIRE(two.traffic_flows());
  for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
    for (const char* const local : {"192.0.2.5", "192.0.2.133"})
      for (const char* const remote : {"198.51.100.5", "198.51.100.133"}) {
        CHECK(carries(half(two.alice, direction), local, remote));
        CHECK(carries(half(two.bob, direction), remote, local));
      }
    CHECK_FALSE(carries(half(two.bob, direction), "198.51.100.5", "192.0.2.70"));
  }
}

TEST_CASE("SPD-05: sets whose combinations policy has not are agreed on one by one") {
  TwoPeers two;
  const Selector first{.local = {range("192.0.2.0/26")}, .remote = {range("198.51.100.0/25")}};
  const Selector second{.local = {range("192.0.2.128/26")}, .remote = {range("198.51.100.128/26")}};
  protect_sets(two, {first, second});
  begin(two);
  REQUIRE(two.deliver(two.alice));
  const Message response = opened(two.bob, two.bob.sent.front());
  CHECK(*response.initiator_selectors == TrafficSelectors{any("192.0.2.0/26")});
  CHECK(*response.responder_selectors == TrafficSelectors{any("198.51.100.0/25")});
  CHECK(says(response, NotifyType::AdditionalTsPossible));
  two.settle();
  // A child of Bob's that a packet of the other set asks for.
  const SelectorFields packet{.local = Address::parse("198.51.100.130").value(),
                              .remote = Address::parse("192.0.2.130").value(),
                              .protocol = 17,
                              .local_port = 5,
                              .remote_port = 6};
  two.bob.daemon->acquire({.policy = two.bob.policies.front(),
                           .selectors = {},
                           .packet = packet,
                           .question = AcquireId{1}});
  two.settle();
  CHECK(two.bob.installer.refused.empty());
  CHECK(carries(*two.bob.installer.outbound("net"), "198.51.100.130", "192.0.2.130"));
  CHECK_FALSE(carries(*two.bob.installer.outbound("net"), "198.51.100.5", "192.0.2.130"));
}

// A traveller with an address of each family; Bob has a policy for each.
struct DualStack : TwoPeers {
  DualStack() {
    change_peer(bob, [](Peer& peer) {
      peer.locator.remote.reset();
      peer.may_claim.clear();
      peer.pools = {"four", "six"};
    });
    change_peer(alice, [](Peer& peer) {
      peer.request_addresses = {Family::V4, Family::V6};
      peer.may_claim.push_back(range("2001:db8:1::/64"));
    });
    change_policy(alice, [](Policy& policy) { policy.selectors = {Selector{}}; });
    bob.policies.clear();
    add("four", "198.51.100.0/24", "10.3.0.0/24");
    add("six", "2001:db8:1::/64", "2001:db8:3::/64");
    fill_pools();
  }
  void add(const std::string& name, const std::string& local, const std::string& remote) {
    Policy policy = tunnel_policy(name, {}, local, remote);
    policy.protect->peer = "alice";
    policy.pfp.remote = true;
    bob.add_policy(std::move(policy));
  }
  void fill_pools() {
    bob.daemon->pools().replace(
        {pool("four", "10.3.0.1-10.3.0.9"), pool("six", "2001:db8:3::1-2001:db8:3::9")});
  }
  static AddressPool pool(std::string name, std::string_view addresses) {
    return {.name = std::move(name),
            .addresses = range(addresses),
            .dns = {},
            .subnets = {},
            .netmask = {}};
  }
  // Policies whose packets the newest child of Bob's carries, and the values they are found by.
  [[nodiscard]] std::vector<std::string> led() const {
    std::vector<std::string> led;
    for (const DecidedPacket& one : bob.installer.places.back().others)
      led.push_back(one.policy + ' ' + to_string(one.packet.remote));
    return led;
  }
  void check_both_families() const {
    for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
      CHECK(carries(half(bob, direction), "198.51.100.7", "10.3.0.1"));
      CHECK(carries(half(bob, direction), "2001:db8:1::7", "2001:db8:3::1"));
      CHECK_FALSE(carries(half(bob, direction), "198.51.100.7", "10.3.0.2"));
      CHECK(carries(half(alice, direction), "10.3.0.1", "198.51.100.7"));
      CHECK(carries(half(alice, direction), "2001:db8:3::1", "2001:db8:1::7"));
    }
    CHECK(led() == std::vector<std::string>{"four 10.3.0.1", "six 2001:db8:3::1"});
  }
  // Each end hears the other by every SA.
  void hear() {
    for (Node* const node : {&alice, &bob})
      for (const auto& [name, sa] : node->installer.sas) node->installer.packets[name] = 1;
    pass(std::chrono::seconds(4));
  }
};

TEST_CASE("SPD-05: one child serves a policy of each family, where they are alike") {
  DualStack two;
  bring_up(two);
  CHECK(two.bob.only().children.size() == 1);
  two.check_both_families();
  // Nothing is lost when either side replaces it (IKE-98).
  for (Node* const node : {&two.alice, &two.bob}) {
    REQUIRE(node->daemon->rekey_child(node->only().children.front()->name));
    two.settle();
    two.hear();
    CHECK(two.bob.only().children.size() == 1);
    two.check_both_families();
  }
}

TEST_CASE("SPD-05, SPD-06: a child that serves several policies follows each of them") {
  DualStack two;
  bring_up(two);
  Policy narrower = *two.bob.policies.back();
  narrower.selectors.front().local = {range("2001:db8:1::/80")};
  two.bob.policies.back() = std::make_shared<const Policy>(narrower);
  two.bob.daemon->follow_configuration();
  two.settle();
  two.hear();
  two.check_both_families();
  CHECK_FALSE(carries(half(two.bob, Direction::Inbound), "2001:db8:1:0:1::7", "2001:db8:3::1"));
  // The linked one goes: its share goes with it.
  two.bob.policies.pop_back();
  two.bob.daemon->follow_configuration();
  two.settle();
  two.hear();
  CHECK(two.led() == std::vector<std::string>{"four 10.3.0.1"});
  CHECK_FALSE(carries(half(two.bob, Direction::Inbound), "2001:db8:1::7", "2001:db8:3::1"));
  // Its own goes, and so does the child.
  two.bob.policies.clear();
  two.bob.daemon->follow_configuration();
  two.settle();
  CHECK(two.bob.installer.sas.empty());
}

TEST_CASE("SPD-05, ARCH-13: an IKE SA that is carried away keeps what its children serve") {
  DualStack two;
  bring_up(two);
  const auto record = two.bob.daemon->export_ike_sa(two.bob.only().number);
  REQUIRE(record);
  const auto import = [&] {
    std::vector<Sa> sas;
    for (const auto& [name, sa] : two.bob.installer.sas) sas.push_back(sa.duplicate());
    two.bob.start();
    two.fill_pools();
    return two.bob.daemon->import_ike_sa(*record, std::move(sas), 1 << 20);
  };
  REQUIRE(import());
  two.check_both_families();
  // Where the other policy is not as it was, it would carry what that does not allow.
  Policy other = *two.bob.policies.back();
  other.protect->replay_window = 128;
  two.bob.policies.back() = std::make_shared<const Policy>(other);
  const auto refused = import();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what == "policy \"six\" is not here as it was there");
}

TEST_CASE("SPD-05: policies that are not alike have children of their own") {
  DualStack two;
  Policy other = *two.bob.policies.back();
  other.protect->replay_window = 128;
  two.bob.policies.back() = std::make_shared<const Policy>(other);
  bring_up(two);
  CHECK(two.led() == std::vector<std::string>{"four 10.3.0.1"});
  CHECK_FALSE(carries(half(two.bob, Direction::Inbound), "2001:db8:1::7", "2001:db8:3::1"));
}

TEST_CASE("IKE-97: the packet that asks decides which policy answers, not an earlier one's share") {
  TwoPeers two;
  change_peer(two.bob, [](Peer& peer) { peer.may_claim.push_back(range("10.3.0.0/24")); });
  Policy early = tunnel_policy("early", {two.bob.address, two.alice.address}, "198.51.100.0/24",
                               "10.3.0.0/24");
  early.protect->replay_window = 128;
  two.bob.policies.insert(two.bob.policies.begin(),
                          std::make_shared<const Policy>(std::move(early)));
  change_policy(two.alice, [](Policy& policy) {
    policy.selectors.push_back(
        {.local = {range("10.3.0.0/24")}, .remote = {range("198.51.100.0/24")}});
  });
  const SelectorFields packet{.local = Address::parse("192.0.2.1").value(),
                              .remote = Address::parse("198.51.100.1").value(),
                              .protocol = 6,
                              .local_port = 1,
                              .remote_port = 2};
  two.alice.daemon->acquire({.policy = two.alice.policies.front(),
                             .selectors = {},
                             .packet = packet,
                             .question = AcquireId{1}});
  two.settle();
  REQUIRE(two.bob.installer.places.size() == 1);
  CHECK(two.bob.installer.places.front().policy == "net");
}

}  // namespace
}  // namespace sallyport::ike::test::linked_policies_test
