#include "spd/policy_overlaps.h"

#include <catch2/catch.hpp>

#include "net/protocol.h"
#include "tests/spd/policy_list.h"

namespace sallyport::policy_overlaps_test {

using sallyport::test::PolicyList;
using sallyport::test::RandomPolicies;

namespace {

bool share_packet(const Policy& left, const Policy& right) {
  for (const Region& one : regions_of(left))
    for (const Region& other : regions_of(right))
      if (shared_ways(one, other).any()) return true;
  return false;
}

std::vector<std::size_t> positions(const std::vector<PolicyOverlaps::Overlap>& found) {
  std::vector<std::size_t> list;
  for (const PolicyOverlaps::Overlap& each : found) list.push_back(each.position);
  return list;
}

}  // namespace

TEST_CASE("SPD-04: no earlier policy that shares a packet is missed") {
  RandomPolicies random(21);
  std::size_t total = 0;
  std::size_t uncovered = 0;
  for (const std::size_t count : {1u, 4u, 5u, 6u, 7u, 8u, 9u, 10u, 30u, 600u, 1100u}) {
    const PolicyList list(random, count, 2);
    PolicyOverlaps overlaps(list.ordered());
    std::size_t spent = 0;
    for (std::size_t position = 0; position < count; position += 1 + count / 20) {
      const Policy& policy = *list.ordered()[position];
      std::vector<std::size_t> expected;
      std::vector<std::size_t> sharing;
      for (std::size_t earlier = 0; earlier < position; ++earlier) {
        if (sallyport::overlaps(*list.ordered()[earlier], policy)) expected.push_back(earlier);
        if (share_packet(*list.ordered()[earlier], policy)) sharing.push_back(earlier);
      }
      Work work(Work::kNoLimit, spent);
      const PolicyOverlaps::Earlier& earlier = overlaps.before(position, work);
      if (!earlier.cover) CHECK(positions(earlier.overlaps) == expected);
      CHECK(std::ranges::includes(expected, sharing));
      uncovered += earlier.cover ? 0 : expected.size();
      total += sharing.size();
    }
  }
  CHECK(total > 1000);
  CHECK(uncovered > 40);
}

TEST_CASE("SPD-04: policies that share one address, at either end, meet") {
  const auto hosts = [](const char* text) {
    return std::vector<AddressRange>{AddressRange::parse(text).value()};
  };
  for (const auto side : {&Selector::local, &Selector::remote}) {
    PolicyList list;
    for (const char* text : {"10.0.0.1-10.0.0.5", "10.0.0.9-10.0.0.12", "10.0.0.6-10.0.0.8",
                             "10.0.0.5-10.0.0.9", "10.0.0.5", "10.0.0.9"}) {
      Selector selector;
      selector.*side = hosts(text);
      list.add(PolicyAction::Bypass, {selector});
    }
    PolicyOverlaps overlaps(list.ordered());
    std::size_t spent = 0;
    Work work(Work::kNoLimit, spent);
    using Positions = std::vector<std::size_t>;
    CHECK(positions(overlaps.before(2, work).overlaps).empty());
    CHECK(positions(overlaps.before(3, work).overlaps) == Positions{0, 1, 2});
    CHECK(overlaps.before(4, work).cover == 0);
    CHECK(overlaps.before(5, work).cover == 1);
  }
}

TEST_CASE("SPD-04: more addresses than there are buckets, and both families, still meet") {
  // 3 000 hosts of each family, every address twice: for TCP, and for everything.
  PolicyList list;
  for (std::uint32_t i = 0; i < 12'000; ++i) {
    Address address = Address::v4(0x0a000000 + i / 4);
    if (i % 2 != 0) {
      address = Address::any(Family::V6);
      store_be<std::uint32_t>(address.bytes.data(), 0x20010db8);
      store_be<std::uint32_t>(address.bytes.data() + 12, i / 4);
    }
    Selector selector;
    selector.remote = {{address, address}};
    if (i % 4 < 2) selector.protocol = kProtocolTcp;
    list.add(PolicyAction::Bypass, {selector});
  }
  PolicyOverlaps overlaps(list.ordered());
  std::size_t spent = 0;
  for (std::size_t position = 2; position < 12'000; position += 331) {
    Work work(Work::kNoLimit, spent);
    const std::vector<std::size_t> expected =
        position % 4 < 2 ? std::vector<std::size_t>{} : std::vector{position - 2};
    CHECK(positions(overlaps.before(position, work).overlaps) == expected);
  }
}

TEST_CASE("SPD-04: one policy covers another where nothing is left of it") {
  RandomPolicies random(22);
  int covered = 0;
  for (int round = 0; round < 20; ++round) {
    const PolicyList list(random, 60, 2);
    PolicyOverlaps overlaps(list.ordered());
    std::size_t spent = 0;
    Work work(Work::kNoLimit, spent);
    std::optional<std::size_t> first;
    if (!share_packet(*list.ordered().back(), *list.ordered().back())) continue;
    for (std::size_t outer = 0; outer + 1 < list.size(); ++outer) {
      PieceList rest(regions_of(*list.ordered().back()), Work::kNoLimit, work);
      rest.cut(regions_of(*list.ordered()[outer]));
      const bool covers = overlaps.covers(outer, list.size() - 1, work);
      // Hidden ports may hide a cover from the boxes, never make one up.
      if (covers) REQUIRE(rest.empty());
      if (covers && !first) first = outer;
      covered += covers ? 1 : 0;
    }
    CHECK(overlaps.before(list.size() - 1, work).cover == first);
  }
  CHECK(covered > 20);
}

TEST_CASE("SPD-04: ranges of several selectors cover together what none does alone") {
  PolicyList list;
  Selector halves;
  halves.local = {AddressRange::parse("10.0.0.0/9").value()};
  Selector other = halves;
  other.local = {AddressRange::parse("10.128.0.0/9").value()};
  Selector whole;
  whole.local = {AddressRange::parse("10.0.0.0/8").value()};
  list.add(PolicyAction::Bypass, {halves, other});
  list.add(PolicyAction::Bypass, {whole});
  list.add(PolicyAction::Bypass, {halves});
  PolicyOverlaps overlaps(list.ordered());
  std::size_t spent = 0;
  Work work(Work::kNoLimit, spent);
  CHECK(overlaps.covers(0, 1, work));
  CHECK(overlaps.covers(1, 0, work));
  CHECK(overlaps.covers(0, 2, work));
  CHECK_FALSE(overlaps.covers(2, 0, work));
  CHECK(overlaps.before(2, work).cover == 0);
  CHECK_FALSE(overlaps.before(0, work).cover);
}

}  // namespace sallyport::policy_overlaps_test
