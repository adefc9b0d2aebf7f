// Sets of many policies: where their answers come from, what they take, and where they end.
#include <catch2/catch.hpp>

#include "bench/selector_set.h"
#include "net/protocol.h"
#include "spd/indexed_matcher.h"
#include "spd/linear_matcher.h"
#include "tests/spd/pair_policies.h"
#include "tests/spd/random_policies.h"

namespace sallyport::large_sets_test {

using namespace test;
using bench::SelectorSet;

namespace {

// Over a base, where the matcher has such a thing.
std::shared_ptr<const PolicyView> view_of(PolicyMatcher& matcher,
                                          const std::vector<Selector>& selectors) {
  std::vector<PolicyMatcher::Listed> list;
  for (std::uint32_t i = 0; i < selectors.size(); ++i)
    list.push_back({PolicyId{i + 1}, std::span(&selectors[i], 1)});
  REQUIRE(matcher.replace(list));
  if (const auto rebuild = matcher.begin_rebuild()) {
    rebuild->run();
    matcher.finish_rebuild(*rebuild);
  }
  return matcher.view();
}

PortSet ports(std::uint32_t first, std::uint32_t last) {
  return PortSet::of({{static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)}})
      .value();
}

// How many of the answers come from the last half of the list.
template <class NextPacket>
int compare(const std::vector<Selector>& selectors, int packets, NextPacket next_packet) {
  LinearMatcher linear;
  IndexedMatcher indexed;
  const auto expected = view_of(linear, selectors);
  const auto view = view_of(indexed, selectors);
  CHECK(indexed.delta() == 0);
  int deep = 0;
  for (int i = 0; i < packets; ++i) {
    const SelectorFields fields = next_packet();
    const PolicyId answer = expected->match(fields);
    REQUIRE(view->match(fields) == answer);
    deep += answer.value > selectors.size() / 2 ? 1 : 0;
  }
  return deep;
}

// Ranges that begin and end in different orders, each axis in its own: nearly every interval is
// covered by other ranges than its neighbours, and by half of all.
std::vector<Selector> tangled(std::uint32_t count) {
  const auto shuffled = [&](std::uint32_t i, std::uint32_t odd) { return i * odd % count; };
  std::vector<Selector> selectors(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    Selector& selector = selectors[i];
    selector.local = {{Address::v4(i), Address::v4(65536 + shuffled(i, 3))}};
    selector.remote = {{Address::v4(shuffled(i, 5)), Address::v4(65536 + shuffled(i, 7))}};
    selector.protocol = kProtocolTcp;
    selector.local_port = ports(shuffled(i, 9), 32768 + shuffled(i, 11));
    selector.remote_port = ports(shuffled(i, 13), 32768 + shuffled(i, 15));
  }
  return selectors;
}

}  // namespace

TEST_CASE("SPD-01: answers from all over large lists of usual shapes are those of a plain list") {
  for (const bench::SetShape shape : bench::kSetShapes) {
    CAPTURE(bench::to_string(shape));
    SelectorSet set({.shape = shape, .size = 4000});
    CHECK(compare(set.selectors(), 300, [&] { return set.aimed(); }) > 50);
    static_cast<void>(compare(set.selectors(), 100, [&] { return set.stray(); }));
  }
}

TEST_CASE("SPD-01: answers from all over a large list whose entries share their networks") {
  // Nothing but the ports tells them apart, and those meet, too.
  RandomPolicies random(3);
  std::vector<Selector> selectors(6000);
  for (std::uint32_t i = 0; i < selectors.size(); ++i) {
    Selector& selector = selectors[i];
    selector.remote = {AddressRange::of({Address::v4(0x0a000000 + (i % 20 << 16)), 16})};
    selector.protocol = i % 3 == 0 ? kProtocolUdp : kProtocolTcp;
    selector.remote_port = ports(i * 10, i * 10 + 70);
  }
  const int deep = compare(selectors, 600, [&]() -> SelectorFields {
    const auto below = [&](std::size_t count) {
      return static_cast<std::uint32_t>(random.below(count));
    };
    return {.local = Address::v4(below(1000)),
            .remote = Address::v4(0x0a000000 + (below(20) << 16) + below(65536)),
            .protocol = below(2) == 0 ? kProtocolUdp : kProtocolTcp,
            .local_port = 5,
            .remote_port = below(65536)};
  });
  CHECK(deep > 30);
}

TEST_CASE("memory grows with the number of ranges, for lists made to need much of it, too") {
  const auto bytes_of = [](std::uint32_t policies) {
    IndexedMatcher matcher;
    const auto view = view_of(matcher, tangled(policies));
    CHECK(view->match({Address::v4(40000), Address::v4(40000), 6, 32768, 32768}) == PolicyId{1});
    return view->octets().own + view->octets().shared;
  };
  const std::size_t some = bytes_of(2048);
  const std::size_t many = bytes_of(16'384);
  CHECK(many < 16 * some);         // eight times as many, in trees of one more level
  CHECK(many / 16'384 / 4 < 256);  // octets a range
}

TEST_CASE("the usual shapes take less than 256 octets a policy") {
  for (const bench::SetShape shape : bench::kSetShapes) {
    CAPTURE(bench::to_string(shape));
    const SelectorSet set({.shape = shape, .size = 20'000});
    IndexedMatcher matcher;
    CHECK(view_of(matcher, set.selectors())->octets().shared / set.selectors().size() < 256);
  }
}

TEST_CASE("more selectors than one index holds: the next one goes on") {
  IndexedMatcher matcher;
  constexpr std::uint32_t kCapacity = BitRows::kColumns;
  constexpr std::uint32_t kPolicies = kCapacity + 100;
  append_pairs(matcher, kPolicies);
  const auto view = matcher.view();
  CHECK(view->match(pair_packet(0)) == PolicyId{1});
  CHECK(view->match(pair_packet(kCapacity - 1)) == PolicyId{kCapacity});
  CHECK(view->match(pair_packet(kCapacity)) == PolicyId{kCapacity + 1});
  CHECK(view->match(pair_packet(kPolicies)) == kNoPolicy);
  REQUIRE(matcher.remove(PolicyId{kCapacity + 50}));
  CHECK(matcher.view()->match(pair_packet(kCapacity + 49)) == kNoPolicy);
}

TEST_CASE("more ranges than one index holds: the next one goes on, and one selector is refused") {
  Selector half;
  for (std::uint32_t i = 0; i < kMostCovers / 2; ++i)
    half.remote.push_back({Address::v4(4 * i), Address::v4(4 * i + 1)});
  const Selector any;
  const std::vector<SelectorColumn> columns{{0, &half}, {1, &half}, {2, &any}};
  CHECK(PolicyIndex::fit(columns) == 1);
  CHECK(PolicyIndex::fit(std::span(columns).subspan(1)) == 2);
  half.local = half.remote;
  IndexedMatcher matcher;
  const auto refused = matcher.insert(0, PolicyId{1}, std::span(&half, 1));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Error::Code::Invalid);
  CHECK_FALSE(refused.error().remedy.empty());
  REQUIRE(matcher.insert(0, PolicyId{1}, std::span(&any, 1)));
}

}  // namespace sallyport::large_sets_test
