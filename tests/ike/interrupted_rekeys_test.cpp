// Rekeys that something comes in between of: what one side takes back, deletes or changes while the
// other still makes it (IKE-113..117, IKE-128).
#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/ike/child_scenes.h"
#include "tests/ike/movers.h"

namespace sallyport::ike::test::interrupted_rekeys_test {
namespace {

using namespace std::chrono_literals;

const ChildSa& only_child(const Node& node) {
  REQUIRE(node.only().children.size() == 1);
  return *node.only().children.front();
}

void check_one_child(const TwoPeers& two) {
  for (const Node* const node : {&two.alice, &two.bob}) {
    CHECK(only_child(*node).state == ChildState::Live);
    CHECK(node->installer.sas.size() == 2);
  }
  CHECK(two.traffic_flows());
}

Datagram& response_of(Node& node) {
  const auto found = std::ranges::find_if(
      node.sent, [](const Datagram& datagram) { return header_of(datagram).is_response(); });
  REQUIRE(found != node.sent.end());
  return *found;
}

// Bob's request to replace the IKE SA has been answered, Alice's own is lost.
void let_rival_stand_by(TwoPeers& two) {
  REQUIRE(two.alice.daemon->rekey(two.alice.only().number));
  two.alice.sent.clear();
  REQUIRE(two.bob.daemon->rekey(two.bob.only().number));
  REQUIRE(two.deliver(two.bob));
}

}  // namespace

TEST_CASE("IKE-113: a successor that the peer takes back leaves the old child as it was") {
  TwoPeers two;
  two.bring_up();
  REQUIRE(two.bob.daemon->rekey_child(only_child(two.bob).name));
  two.bob.installer.full = true;
  two.settle();
  two.bob.installer.full = false;
  check_one_child(two);
  CHECK(only_child(two.alice).successor == nullptr);
  for (Node* const node : {&two.bob, &two.alice}) {
    REQUIRE(node->daemon->rekey_child(only_child(*node).name));
    two.pass(10s);
    check_one_child(two);
  }
  CHECK(two.alice.up().size() == 1);
}

TEST_CASE("IKE-115: no child is made in an IKE SA that only stands by") {
  TwoPeers two;
  two.bring_up();
  let_rival_stand_by(two);
  const std::size_t sent = two.alice.sent.size();
  REQUIRE(two.alice.daemon->initiate("net"));
  CHECK(two.alice.sent.size() == sent);
  two.pass(20s);
  CHECK(two.alice.up().size() == 1);
  CHECK(two.alice.only().children.size() == 2);
  CHECK(two.bob.only().children.size() == 2);
  CHECK(two.traffic_flows());
}

TEST_CASE("IKE-115, IKE-118: what is told to end ends, though the peer has made a successor") {
  TwoPeers two;
  two.bring_up();
  let_rival_stand_by(two);
  REQUIRE(two.alice.daemon->terminate(two.alice.only().number));
  two.pass(20s);
  for (const Node* const node : {&two.alice, &two.bob}) {
    CHECK(node->up().empty());
    CHECK(node->installer.sas.empty());
  }
}

TEST_CASE("IKE-114: a refusal of a rekey that the peer's own has overtaken harms nothing") {
  for (const NotifyType why : {NotifyType::NoProposalChosen, NotifyType::NoAdditionalSas}) {
    TwoPeers two;
    two.bring_up();
    REQUIRE(two.alice.daemon->rekey_child(only_child(two.alice).name));
    const Datagram ours = taken(two.alice);
    REQUIRE(two.bob.daemon->rekey_child(only_child(two.bob).name));
    REQUIRE(two.deliver(two.bob));
    REQUIRE(two.deliver(two.alice));
    two.deliver(two.alice, ours);
    Datagram& answer = response_of(two.bob);
    answer = altered(two.bob, answer, [why](Message& message) {
      REQUIRE(message.notifies.size() == 1);
      message.notifies.front().type = why;
    });
    two.pass(10s);
    CHECK(two.alice.up().size() == 1);
    check_one_child(two);
    CHECK(two.alice.count(EventKind::ChildFailed) == 0);
  }
}

TEST_CASE("IKE-66: where there may be no other child a successor may still be made") {
  TwoPeers two;
  for (Node* const node : {&two.alice, &two.bob})
    change_peer(*node, [](Peer& peer) { peer.limits.children = 1; });
  two.bring_up();
  for (Node* const node : {&two.alice, &two.bob}) {
    REQUIRE(node->daemon->rekey_child(only_child(*node).name));
    two.pass(10s);
    check_one_child(two);
    CHECK(node->count(EventKind::ChildRekeyed) >= 1);
    CHECK(node->count(EventKind::ChildDown) == 0);
  }
  REQUIRE(two.alice.daemon->initiate("net"));
  two.pass(10s);
  check_one_child(two);
}

TEST_CASE("IKE-127: what a reload changes while a child is negotiated holds for it soon") {
  TwoPeers two;
  two.bring_up();
  REQUIRE(two.alice.daemon->rekey_child(only_child(two.alice).name));
  change_policy(two.alice, [](Policy& policy) { policy.protect->hard.packets = 1'000'000; });
  two.alice.daemon->follow_configuration();
  two.pass(20s);
  CHECK(only_child(two.alice).policy->protect->hard.packets == 1'000'000);
  check_one_child(two);
}

TEST_CASE("IKE-117: a Delete that names one child thousands of times is one Delete") {
  TwoPeers two;
  two.bring_up();
  REQUIRE(two.alice.daemon->rekey_child(only_child(two.alice).name));
  two.settle();
  const auto& children = two.bob.only().children;
  const auto old = std::ranges::find_if(
      children, [](const auto& child) { return child->state == ChildState::Replaced; });
  REQUIRE(old != children.end());
  const std::size_t timers = two.alice.daemon->timers();
  PayloadChain payloads;
  payloads.remove(ProtocolId::Esp, std::vector<Spi>(300, (*old)->inbound));
  two.deliver(two.bob, request_by(two.bob, 0, payloads));
  CHECK(two.alice.daemon->timers() == timers);
  REQUIRE(two.alice.sent.size() == 1);
  CHECK(opened(two.alice, two.alice.sent.front()).deletes.empty());
  two.alice.sent.clear();
  two.pass_silently(10s);
  check_one_child(two);
}

TEST_CASE("IKE-128: what is deleted while a successor is computed has none") {
  TwoPeers two;
  use_forward_secrecy(two);
  two.bring_up();
  REQUIRE(two.bob.daemon->rekey_child(only_child(two.bob).name));
  two.alice.jobs.at_once = false;
  REQUIRE(two.deliver(two.bob));
  REQUIRE(two.alice.daemon->terminate_child(only_child(two.alice).name));
  two.settle();
  two.alice.jobs.at_once = true;
  two.alice.jobs.run_all();
  two.pass(10s);
  for (const Node* const node : {&two.alice, &two.bob}) {
    CHECK(node->up().size() == 1);
    CHECK(node->installer.sas.empty());
  }
}

TEST_CASE("IKE-113: when we delete what was replaced its successor sends") {
  TwoPeers two;
  two.bring_up();
  const std::string old = only_child(two.alice).name;
  REQUIRE(two.bob.daemon->rekey_child(only_child(two.bob).name));
  REQUIRE(two.deliver(two.bob));
  REQUIRE(two.deliver(two.alice));
  two.bob.sent.clear();  // its own Delete
  REQUIRE(two.alice.daemon->terminate_child(old));
  REQUIRE(two.deliver(two.alice));
  REQUIRE(two.deliver(two.bob));
  CHECK(two.traffic_flows());
  CHECK(two.alice.installer.count(Direction::Outbound) == 1);
}

}  // namespace sallyport::ike::test::interrupted_rekeys_test
