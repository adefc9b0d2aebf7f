// Thousands of rekeys over a wire that loses, doubles and reorders: nothing is left of what has
// been replaced, and traffic flows whenever all is quiet (IKE-32, IKE-112..116).
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>

#include "tests/ike/two_peers.h"

namespace sallyport::ike::test::lifecycle_test {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kRekeys = 2000;

// The generator decides what becomes of each datagram.
class BadWire {
 public:
  BadWire(TwoPeers& two, std::uint64_t seed) : two_(two), random_(seed) {}

  // So many moments at random, of which some bring a datagram somewhere.
  void rage(unsigned moments) {
    for (unsigned i = 0; i < moments; ++i) {
      if (below(4) == 0) {
        two_.clock.advance(std::chrono::milliseconds(50 + below(600)));
        two_.poll();
      }
      meddle(below(2) == 0 ? two_.alice : two_.bob);
      if (below(3) == 0) (below(2) == 0 ? two_.alice : two_.bob).jobs.run_one();
    }
  }
  [[nodiscard]] std::uint32_t below(std::uint32_t bound) { return random_.below(bound); }

 private:
  void meddle(Node& from) {
    if (from.sent.empty()) return;
    const std::size_t at = below(static_cast<std::uint32_t>(from.sent.size()));
    const Datagram datagram = from.sent[at];  // not always the first
    from.sent.erase(from.sent.begin() + static_cast<std::ptrdiff_t>(at));
    const std::uint32_t fate = below(10);
    if (fate < 2) return;                          // lost
    if (fate == 2) from.sent.push_back(datagram);  // and once more, later
    two_.deliver(from, datagram);
  }

  TwoPeers& two_;
  FixedRandom random_;
};

// Of an IKE SA and a child at rest.
std::size_t timers_at_rest(const TwoPeers& two) { return two.alice.daemon->timers(); }

void check_at_rest(const TwoPeers& two, std::size_t timers) {
  for (const Node* const node : {&two.alice, &two.bob}) {
    CHECK(node->daemon->size() == 1);
    CHECK(node->daemon->half_open() == 0);
    CHECK(node->daemon->answering() < 100);  // those of the last minute and a half
    CHECK(node->daemon->timers() == timers);
    CHECK(node->installer.sas.size() == 2);
    REQUIRE(node->up().size() == 1);
    CHECK(node->only().children.size() == 1);
    CHECK(node->only().children.front()->state == ChildState::Live);
  }
  CHECK(two.alice.only().our_spi() == two.bob.only().peer_spi());
  CHECK(two.traffic_flows());
}

// Values are computed when the wire's rage has it, or at once.
void compute(TwoPeers& two, bool at_once) {
  for (Node* const node : {&two.alice, &two.bob}) {
    node->jobs.at_once = at_once;
    if (at_once) node->jobs.run_all();
  }
}

// Time without trouble, until what has been replaced is forgotten on both sides.
void come_to_rest(TwoPeers& two, std::size_t timers) {
  for (unsigned step = 0; step < 240; ++step) {
    two.pass(500ms);
    const bool rests = std::ranges::all_of(std::array{&two.alice, &two.bob}, [&](Node* node) {
      return node->daemon->size() == 1 && node->daemon->timers() == timers &&
             node->installer.sas.size() == 2;
    });
    if (rests) return;
  }
}

void begin_rekey(TwoPeers& two, BadWire& wire) {
  Node& node = wire.below(2) == 0 ? two.alice : two.bob;
  const auto up = node.up();
  if (up.empty()) return;
  const IkeSa& sa = *up.front();
  if (sa.children.empty() || wire.below(3) == 0)
    static_cast<void>(node.daemon->rekey(sa.number));
  else
    static_cast<void>(node.daemon->rekey_child(sa.children.back()->name));
}

TEST_CASE("IKE-32, IKE-112, IKE-113, IKE-114, IKE-115: 2000 rekeys over a bad wire leave nothing") {
  TwoPeers two;
  for (Node* const node : {&two.alice, &two.bob}) {
    Policy policy = *node->policies.front();
    policy.protect->pfs = {Group::Curve25519};
    node->policies = {std::make_shared<const Policy>(std::move(policy))};
  }
  REQUIRE(two.alice.daemon->initiate("net"));
  two.settle();
  two.pass(3s);
  const std::size_t timers = timers_at_rest(two);
  REQUIRE(two.bob.daemon->timers() == timers);
  BadWire wire(two, 20'261'126);
  for (unsigned rekeys = 0; rekeys < kRekeys;) {
    CAPTURE(rekeys);
    // One after the other, or several at once from either side.
    compute(two, wire.below(3) == 0);
    for (unsigned at_once = 1 + wire.below(3); at_once > 0; --at_once, ++rekeys) {
      begin_rekey(two, wire);
      wire.rage(wire.below(30));
    }
    wire.rage(20);
    compute(two, true);
    come_to_rest(two, timers);
    check_at_rest(two, timers);
  }
  CHECK(two.alice.count(EventKind::IkeDown) == 0);
  CHECK(two.bob.count(EventKind::IkeDown) == 0);
  CHECK(two.alice.count(EventKind::IkeRekeyed) > kRekeys / 10);
  CHECK(two.alice.count(EventKind::ChildRekeyed) > kRekeys / 10);

  for (Node* const node : {&two.alice, &two.bob}) node->daemon->close_all();
  two.pass(100s);
  for (const Node* const node : {&two.alice, &two.bob}) {
    CHECK(node->daemon->size() == 0);
    CHECK(node->daemon->answering() == 0);
    CHECK(node->daemon->timers() == 0);
    CHECK(node->installer.sas.empty());
  }
}

}  // namespace
}  // namespace sallyport::ike::test::lifecycle_test
