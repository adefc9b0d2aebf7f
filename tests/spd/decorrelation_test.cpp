#include "spd/decorrelation.h"

#include <catch2/catch.hpp>

#include "net/protocol.h"
#include "spd/region_text.h"
#include "tests/spd/policy_list.h"

namespace sallyport::decorrelation_test {

using sallyport::test::PolicyList;
using sallyport::test::RandomPolicies;

namespace {

constexpr auto kBypass = PolicyAction::Bypass;
constexpr auto kDiscard = PolicyAction::Discard;
constexpr auto kProtect = PolicyAction::Protect;

std::vector<LinkedPieces> all_pieces(Decorrelation& decorrelation) {
  std::vector<LinkedPieces> all;
  for (std::size_t i = 0; i < decorrelation.ordered().size(); ++i)
    all.push_back(decorrelation.pieces_of(i).value());
  return all;
}

SelectorFields tcp(std::string_view local, std::string_view remote, PortValue port) {
  return {.local = Address::parse(local).value(),
          .remote = Address::parse(remote).value(),
          .protocol = kProtocolTcp,
          .local_port = 1024,
          .remote_port = port};
}

constexpr DecorrelationLimits kUnlimited{.pieces = Work::kNoLimit, .work = Work::kNoLimit};

}  // namespace

TEST_CASE("SPD-04: decorrelated entries of random lists are apart, and decide as the list does") {
  RandomPolicies random(11);
  int decided = 0;
  std::size_t several = 0;
  for (int round = 0; round < 120; ++round) {
    const PolicyList list(random, 1 + random.below(9), 2);
    Decorrelation decorrelation(list.ordered(), kUnlimited);
    const std::vector<LinkedPieces> all = all_pieces(decorrelation);

    std::vector<const Region*> regions;
    for (const LinkedPieces& linked : all)
      for (const Region& region : linked.regions) regions.push_back(&region);
    if (regions.size() <= 400)
      for (std::size_t i = 0; i < regions.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
          if (shared_ways(*regions[i], *regions[j]).any())
            FAIL("round " << round << ": a packet is in two entries");

    for (int i = 0; i < 200; ++i) {
      const SelectorFields fields = real_packet(random, list.selectors());
      std::vector<std::size_t> holders;
      for (const LinkedPieces& linked : all)
        for (const Region& region : linked.regions)
          if (region.contains(fields)) holders.push_back(linked.position);
      const auto expected = list.decides(fields);
      REQUIRE(holders == (expected ? std::vector{*expected} : std::vector<std::size_t>{}));
      decided += expected ? 1 : 0;
    }
    for (const LinkedPieces& linked : all) several += linked.regions.size() > 1 ? 1 : 0;
  }
  CHECK(decided > 5'000);
  CHECK(several > 100);
}

TEST_CASE("SPD-04: pieces are linked to their policy, and know which ones cut them") {
  PolicyList list;
  list.add(kDiscard, "any", "10.2.3.0/24");
  list.add(kBypass, "any", "172.16.0.0/12");
  list.add(kDiscard, "10.1.9.0/24", "10.2.0.0/16", 22);
  list.add(kProtect, "10.1.0.0/16", "10.2.0.0/16");
  list.add(kDiscard, "10.1.0.0/17", "10.2.0.0/24");
  Decorrelation decorrelation(list.ordered());

  const LinkedPieces site = decorrelation.pieces_of(3).value();
  CHECK(site.position == 3);
  CHECK(site.cut_by == std::vector<std::size_t>{0, 2});
  std::vector<std::string> texts;
  for (const Region& region : site.regions) texts.push_back(to_string(region));
  CHECK(texts ==
        std::vector<std::string>{
            "10.1.0.0-10.1.8.255,10.1.10.0-10.1.255.255 <-> "
            "10.2.0.0-10.2.2.255,10.2.4.0-10.2.255.255 any any <-> any",
            "10.1.9.0/24 <-> 10.2.0.0-10.2.2.255,10.2.4.0-10.2.255.255 0-5,7-255 any <-> any",
            "10.1.9.0/24 <-> 10.2.0.0-10.2.2.255,10.2.4.0-10.2.255.255 tcp any <-> "
            "0-21,23-65535,opaque"});

  // Untouched: the policy itself. Behind one that takes everything: nothing.
  const LinkedPieces first = decorrelation.pieces_of(1).value();
  CHECK(first.regions == regions_of(*list.ordered()[1]));
  CHECK(first.cut_by.empty());
  const LinkedPieces last = decorrelation.pieces_of(4).value();
  CHECK(last.regions.empty());
  CHECK(last.cut_by == std::vector<std::size_t>{3});
}

TEST_CASE("SPD-04: the piece of one packet is the one that full decorrelation gives") {
  RandomPolicies random(12);
  int found = 0;
  int cut = 0;
  for (int round = 0; round < 100; ++round) {
    const PolicyList list(random, 1 + random.below(10), 3);
    Decorrelation decorrelation(list.ordered(), kUnlimited);
    const std::vector<LinkedPieces> all = all_pieces(decorrelation);
    for (int i = 0; i < 60; ++i) {
      const SelectorFields fields = real_packet(random, list.selectors());
      const auto decides = list.decides(fields);
      for (std::size_t position = 0; position < list.ordered().size(); ++position) {
        const auto piece = decorrelation.piece_of(position, fields);
        REQUIRE(piece.has_value() == (decides == position));
        if (!piece) continue;
        REQUIRE(std::ranges::count(all[position].regions, piece->region) == 1);
        REQUIRE(piece->region.contains(fields));
        REQUIRE(std::ranges::includes(all[position].cut_by, piece->cut_by));
        ++found;
        cut += piece->cut_by.empty() ? 0 : 1;
      }
    }
  }
  CHECK(found > 2'500);
  CHECK(cut > 1'000);
}

TEST_CASE(
    "SPD-04: an entry that would explode is matched in order, and its pieces are still found") {
  // Diagonal blocks in front of everything: each cuts all that the ones before have left.
  PolicyList list;
  for (unsigned i = 0; i < 60; ++i) {
    const std::string third = std::to_string(4 * i);
    list.add(kDiscard, "10.1." + third + ".0/24", "10.2." + third + ".0/24", 1000 + i);
  }
  list.add(kBypass, "any", "any");
  const std::size_t last = list.ordered().size() - 1;

  Decorrelation few_pieces(list.ordered(), {.pieces = 100, .work = Work::kNoLimit});
  CHECK_FALSE(few_pieces.pieces_of(last));
  CHECK(few_pieces.pieces_of(last - 1)->regions.size() == 1);
  Decorrelation little_work(list.ordered(), {.pieces = Work::kNoLimit, .work = 1000});
  CHECK_FALSE(little_work.pieces_of(last));
  // What is spent past the limit is one cut.
  CHECK(little_work.work_done() < 3000);

  const SelectorFields fields = tcp("10.1.8.1", "10.2.8.1", 80);
  const auto piece = few_pieces.piece_of(last, fields);
  REQUIRE(piece);
  CHECK(piece->region.contains(fields));
  CHECK(few_pieces.piece_of(2, tcp("10.1.8.1", "10.2.8.1", 1002)));
  CHECK_FALSE(few_pieces.piece_of(last, tcp("10.1.8.1", "10.2.8.1", 1002)));

  Decorrelation unlimited(list.ordered(), kUnlimited);
  const LinkedPieces whole = unlimited.pieces_of(last).value();
  CHECK(whole.regions.size() > 100);
  CHECK(std::ranges::count(whole.regions, piece->region) == 1);
  CHECK(whole.cut_by.size() == last);
}

TEST_CASE("SPD-04: exceptions on one field stay one piece, however many they are") {
  PolicyList list;
  constexpr int kSites = 500;
  for (int i = 0; i < kSites; ++i)
    list.add(kProtect, "any",
             "10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".128/25");
  list.add(kDiscard, "0.0.0.0/0", "0.0.0.0/0");
  Decorrelation decorrelation(list.ordered());
  const auto rest = decorrelation.pieces_of(kSites);
  REQUIRE(rest);
  CHECK(rest->regions.size() == 1);
  CHECK(rest->cut_by.size() == kSites);
  CHECK(rest->regions[0].remote.size() == kSites + 1);
  const auto piece = decorrelation.piece_of(kSites, tcp("10.9.9.9", "10.1.7.1", 80));
  REQUIRE(piece);
  CHECK(piece->region == rest->regions[0]);
}

TEST_CASE("SPD-02: SPD-S, SPD-O and SPD-I, decorrelated, answer as the one list does") {
  RandomPolicies random(13);
  std::array<int, 3> met{};
  int in_order = 0;
  for (int round = 0; round < 60; ++round) {
    const PolicyList list(random, 1 + random.below(10), 2);
    Decorrelation decorrelation(list.ordered(), {.pieces = 12, .work = Work::kNoLimit});
    const SplitSpd parts = split(decorrelation);
    // Of the entries in both parts that the packet is in; the ordered rest where there is none.
    const auto decides = [&](const SelectorFields& fields, const auto& others) {
      std::vector<std::size_t> found;
      for (const auto* part : {&parts.protect, &others})
        for (const SplitSpd::Entry& entry : *part)
          if (entry.region.contains(fields)) found.push_back(entry.position);
      REQUIRE(found.size() <= 1);
      if (!found.empty()) return std::optional(found.front());
      for (const std::size_t position : parts.in_order)
        for (const Selector& selector : list.ordered()[position]->selectors)
          if (matches(selector, fields)) return std::optional(position);
      return std::optional<std::size_t>();
    };
    for (int i = 0; i < 300; ++i) {
      const SelectorFields fields = real_packet(random, list.selectors());
      const auto expected = list.decides(fields);
      // A packet of two ports goes either way; one of a type goes away from the side that shows it.
      if (fields.local_port != kNotApplicable) REQUIRE(decides(fields, parts.outbound) == expected);
      if (fields.remote_port != kNotApplicable) REQUIRE(decides(fields, parts.inbound) == expected);
      if (expected) ++met[static_cast<std::size_t>(list.ordered()[*expected]->action)];
    }
    in_order += parts.in_order.empty() ? 0 : 1;
    for (const auto* part : {&parts.outbound, &parts.inbound})
      for (const SplitSpd::Entry& entry : *part)
        REQUIRE(list.ordered()[entry.position]->action != kProtect);
  }
  for (const int count : met) CHECK(count > 1'000);
  CHECK(in_order > 3);
  CHECK(in_order < 57);
}

TEST_CASE("SPD-02: what may only be sent is in SPD-O alone, what may only come in SPD-I alone") {
  const PortSet echo = PortSet::of({{0x0800, 0x08ff}}).value();
  Selector ping;
  ping.protocol = kProtocolIcmp;
  ping.local = {AddressRange::parse("10.1.0.0/16").value()};
  ping.local_port = echo;
  ping.remote_port = PortSet::opaque();
  PolicyList list;
  list.add(kBypass, {ping});
  std::swap(ping.local_port, ping.remote_port);
  list.add(kDiscard, {ping});
  list.add(kBypass, "10.9.0.0/16", "any");
  Decorrelation decorrelation(list.ordered());
  const SplitSpd parts = split(decorrelation);
  const auto positions = [](const std::vector<SplitSpd::Entry>& entries) {
    std::vector<std::size_t> list;
    for (const SplitSpd::Entry& entry : entries) list.push_back(entry.position);
    return list;
  };
  CHECK(positions(parts.outbound) == std::vector<std::size_t>{0, 2});
  CHECK(positions(parts.inbound) == std::vector<std::size_t>{1, 2});
  CHECK(parts.protect.empty());
}

TEST_CASE("SPD-04: a long list is read in steps, and answers the same") {
  RandomPolicies random(14);
  const PolicyList list(random, 40, 1);
  Decorrelation in_steps(list.ordered());
  int steps = 1;
  while (!in_steps.read(7)) ++steps;
  CHECK(steps == 6);
  Decorrelation at_once(list.ordered());
  for (std::size_t i = 0; i < 40; ++i) {
    const auto one = in_steps.pieces_of(i);
    const auto other = at_once.pieces_of(i);
    REQUIRE(one.has_value() == other.has_value());
    if (one) CHECK(one->regions == other->regions);
  }
}

}  // namespace sallyport::decorrelation_test
