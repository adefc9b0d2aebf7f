// What is negotiated with a child besides algorithms and selectors: fragments, padding, modes, and
// that nothing is compressed (IKE-65..67, FRAG-03).
#include <catch2/catch.hpp>

#include "tests/ike/child_scenes.h"

namespace sallyport::ike::test::children_test {
namespace {

void wants(Node& node, FragmentChecks checks) {
  change_policy(node, [&](Policy& policy) {
    policy.selectors[0].protocol = 17;
    policy.protect->fragments = checks;
  });
}

TEST_CASE("FRAG-03, IKE-66: fragments are checked where both sides have said so, and only there") {
  using enum FragmentChecks;
  struct Row {
    FragmentChecks alices;
    FragmentChecks bobs;
    FragmentChecks at_alice;
    FragmentChecks at_bob;
  };
  for (const Row& row :
       {Row{Stateful, Stateful, Stateful, Stateful}, Row{Stateful, Stateless, Unagreed, Stateless},
        Row{Stateless, Stateful, Stateless, Unagreed},
        Row{Stateless, Stateless, Stateless, Stateless}}) {
    CAPTURE(static_cast<int>(row.alices), static_cast<int>(row.bobs));
    TwoPeers two;
    wants(two.alice, row.alices);
    wants(two.bob, row.bobs);
    begin(two);
    const Message request = opened(two.alice, two.alice.sent.front());
    CHECK(says(request, NotifyType::NonFirstFragmentsAlso) == (row.alices == Stateful));
    REQUIRE(two.deliver(two.alice));
    const Message response = opened(two.bob, two.bob.sent.front());
    CHECK(says(response, NotifyType::NonFirstFragmentsAlso) ==
          (row.alices == Stateful && row.bobs == Stateful));
    two.settle();
    CHECK(two.traffic_flows());  // the child is kept either way
    for (const Direction direction : {Direction::Outbound, Direction::Inbound}) {
      CHECK(half(two.alice, direction).fragments == row.at_alice);
      CHECK(half(two.bob, direction).fragments == row.at_bob);
    }
  }
}

TEST_CASE("FRAG-03: a successor is agreed on anew") {
  TwoPeers two;
  wants(two.alice, FragmentChecks::Stateful);
  wants(two.bob, FragmentChecks::Stateful);
  bring_up(two);
  wants(two.bob, FragmentChecks::Stateless);
  REQUIRE(two.alice.daemon->rekey_child(two.alice.only().children.front()->name));
  two.pass(std::chrono::seconds(4));
  CHECK(two.traffic_flows());
  CHECK(two.alice.installer.outbound("net")->fragments == FragmentChecks::Unagreed);
  CHECK(two.bob.installer.outbound("net")->fragments == FragmentChecks::Stateless);
}

void pads(Node& node) {
  change_policy(node, [](Policy& policy) {
    policy.protect->tfc_bytes = 1400;
    policy.protect->tfc_multiple = 64;
  });
}

TEST_CASE("IKE-66, ESP-14: a peer that does not bear padding gets none, in either role") {
  TwoPeers two;
  pads(two.alice);
  pads(two.bob);
  bring_up(two);
  for (const Node* const node : {&two.alice, &two.bob}) {
    CHECK(half(*node, Direction::Outbound).tfc_bytes == 1400);
    CHECK(half(*node, Direction::Outbound).tfc_multiple == 64);
    CHECK(half(*node, Direction::Inbound).tfc_bytes == 0);
  }
  const auto refuse = [](Message& message) {
    message.notifies.push_back({.type = NotifyType::EspTfcPaddingNotSupported});
  };
  TwoPeers unable;
  pads(unable.alice);
  pads(unable.bob);
  begin(unable);
  deliver_altered(unable, unable.alice, refuse);
  deliver_altered(unable, unable.bob, refuse);
  for (const Node* const node : {&unable.alice, &unable.bob}) {
    CHECK(half(*node, Direction::Outbound).tfc_bytes == 0);
    CHECK(half(*node, Direction::Outbound).tfc_multiple == 0);
  }
}

TEST_CASE("IKE-66: in transport mode, where nothing tells padding from payload, we bear none") {
  TwoPeers two;
  for (Node* const node : {&two.alice, &two.bob})
    change_policy(*node, [&](Policy& policy) {
      policy.protect->mode = IpsecMode::Transport;
      policy.protect->endpoints = {};
      policy.protect->peer = node->pad().entries().front()->name;
      const Address other = two.other(*node).address;
      policy.selectors = {{.local = {{node->address, node->address}}, .remote = {{other, other}}}};
    });
  begin(two);
  CHECK(says(opened(two.alice, two.alice.sent.front()), NotifyType::EspTfcPaddingNotSupported));
  REQUIRE(two.deliver(two.alice));
  CHECK(says(opened(two.bob, two.bob.sent.front()), NotifyType::EspTfcPaddingNotSupported));
  two.settle();
  CHECK(two.traffic_flows());
}

// DEFLATE, CPI 0x1234.
const Notify kCompression{.type = NotifyType::IpcompSupported, .data = {0x12, 0x34, 2}};

TEST_CASE("IKE-67: compression is never offered, and an offer of it is passed over") {
  TwoPeers two;
  begin(two);
  CHECK_FALSE(says(opened(two.alice, two.alice.sent.front()), NotifyType::IpcompSupported));
  deliver_altered(two, two.alice, [](Message& message) {
    message.notifies.push_back(kCompression);
    message.notifies.push_back(kCompression);
    message.notifies.push_back({.type = NotifyType::IpcompSupported});  // malformed
  });
  const Message response = opened(two.bob, two.bob.sent.front());
  CHECK_FALSE(says(response, NotifyType::IpcompSupported));
  CHECK(response.error() == nullptr);
  two.settle();
  CHECK(two.traffic_flows());
}

TEST_CASE("IKE-67: a peer that compresses without having been asked to gets no child") {
  TwoPeers two;
  begin(two);
  REQUIRE(two.deliver(two.alice));
  deliver_altered(two, two.bob, [](Message& message) { message.notifies.push_back(kCompression); });
  CHECK(two.alice.installer.sas.empty());
  REQUIRE(two.alice.last(EventKind::ChildFailed) != nullptr);
  CHECK(two.alice.last(EventKind::ChildFailed)->detail.find("compresses") != std::string::npos);
  // What Bob has installed is deleted; the IKE SA stays.
  two.settle();
  CHECK(two.bob.installer.sas.empty());
  CHECK(two.alice.up().size() == 1);
}

TEST_CASE("IKE-65: a peer that grants transport mode without having been asked gets no child") {
  TwoPeers two;
  begin(two);
  REQUIRE(two.deliver(two.alice));
  deliver_altered(two, two.bob, [](Message& message) {
    message.notifies.push_back({.type = NotifyType::UseTransportMode});
  });
  two.settle();
  CHECK(two.alice.installer.sas.empty());
  CHECK(two.bob.installer.sas.empty());
}

}  // namespace
}  // namespace sallyport::ike::test::children_test
