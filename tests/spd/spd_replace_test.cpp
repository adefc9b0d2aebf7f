// Whole lists in exchange for each other, as a reload brings them.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "spd/policy_names.h"
#include "spd/tunnel_policies.h"
#include "tests/spd/named_policies.h"
#include "tests/spd/random_policies.h"

namespace sallyport::spd_replace_test {

using namespace test;

TEST_CASE("SPD-06: whole lists are exchanged; what stays as it was keeps its id and its answers") {
  Spd spd(4, 2);
  Policy other = policy("other", "", kBypass);
  other.spd = SpdId{1};
  std::vector<Policy> list{policy("a", "10.1.0.0/16", kBypass), policy("b", "10.0.0.0/8", kDiscard),
                           policy("c", "172.16.0.0/12", kBypass), other};
  REQUIRE(spd.check(list));
  spd.replace(list);
  CHECK(names(spd, SpdId{0}) == std::vector<std::string>{"a", "b", "c"});
  CHECK(names(spd, SpdId{1}) == std::vector<std::string>{"other"});
  const auto before = spd.snapshot();
  const PolicyId a = spd.id_of("a").value(), b = spd.id_of("b").value(), c = spd.id_of("c").value();

  // c first, b discards no more, a stays, d is new where "other" was: four again.
  list = {list[2], list[0], policy("b", "10.0.0.0/8", kBypass), policy("d", "", kDiscard)};
  REQUIRE(spd.check(list));
  spd.replace(list);
  CHECK(names(spd, SpdId{0}) == std::vector<std::string>{"c", "a", "b", "d"});
  CHECK(spd.ordered(SpdId{1}).empty());
  CHECK(spd.id_of("a") == a);
  CHECK(spd.id_of("c") == c);
  // Who still has the old snapshot finds its own b there, and nobody else under that id.
  CHECK(before->entry(b).action == kDiscard);
  for (const char* name : {"a", "b", "c", "d"}) CHECK(spd.id_of(name) != b);
  CHECK(spd.take_removed().size() == 2);
  CHECK(spd.take_removed().empty());
}

namespace {

// Now and then an entry is for one direction or for the local user alone.
void set_apart(Policy& policy, RandomPolicies& random) {
  if (random.below(8) == 0) policy.direction = PolicyDirection::Inbound;
  if (random.below(8) == 0) policy.direction = PolicyDirection::Outbound;
  if (random.below(8) == 0) policy.names = {"user:alice"};
  // Or for a tunnel, or for nobody just now.
  if (random.below(8) == 0) policy.tunnel = Address::parse("2001:db8::1").value();
  if (is_wide(policy)) policy.tunnel.reset();
  policy.active = random.below(8) != 0;
}

bool is_met(const Policy& policy, const PolicySet& set, PolicyScope scope) {
  const SpdId id = policy.spd;
  const auto is = [&](PolicyScope plain) {
    return scope == plain || scope == set.in_tunnel(plain);
  };
  const bool meant = is(set.inbound(id))    ? is_for(policy, Direction::Inbound)
                     : is(set.outbound(id)) ? is_for(policy, Direction::Outbound)
                                            : is(set.outbound(id, UserId{1})) &&
                                                  is_for(policy, Direction::Outbound, "alice");
  const bool plain =
      scope == set.inbound(id) || scope == set.outbound(id) || scope == set.outbound(id, UserId{1});
  return meant && policy.active && !(plain && policy.tunnel);
}

// Asks the list itself.
PolicyId first_match(const Spd& spd, const PolicySet& set, PolicyScope scope,
                     const SelectorFields& fields) {
  for (const SpdId id : {SpdId{0}, SpdId{1}})
    for (const Policy* policy : spd.ordered(id)) {
      const bool met = is_met(*policy, set, scope);
      const auto holds = [&](const Selector& selector) { return matches(selector, fields); };
      if (met && std::ranges::any_of(policy->selectors, holds))
        return spd.id_of(policy->name).value();
    }
  return kNoPolicy;
}

}  // namespace

TEST_CASE("SPD-06: whatever the exchange of lists, an answer that is not stale is still right") {
  int kept = 0;
  int dropped = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    RandomPolicies random(seed);
    const std::size_t size = seed % 2 == 0 ? 12 : 180;  // a few edits at a time, and many
    Spd spd(size, 2, {"alice"});
    std::vector<Policy> list;
    std::vector<Selector> all;
    std::vector<Cached> cache;
    const auto place = [&] { return static_cast<std::ptrdiff_t>(random.below(list.size())); };
    for (int round = 0; round < 30; ++round) {
      for (std::size_t edit = 0; edit < size / 6; ++edit) {
        if (list.size() == size) list.erase(list.begin() + place());
        Policy made = policy(fmt::format("p{}-{}", round, edit), "", kBypass);
        made.selectors = {random.selector()};
        made.spd = SpdId{static_cast<std::uint16_t>(random.below(2))};
        set_apart(made, random);
        all.push_back(made.selectors[0]);
        list.push_back(made);
        std::iter_swap(list.begin() + place(), list.end() - 1);
        if (random.below(2) == 0) {
          const Policy moved = list.front();
          list.erase(list.begin());
          list.insert(list.begin() + (list.empty() ? 0 : place()), moved);
        }
      }
      REQUIRE(spd.check(list));
      spd.replace(list);
      const auto set = spd.snapshot();
      for (const Cached& each : cache) {
        (each.stale(*set) ? dropped : kept) += 1;
        if (!each.stale(*set) && set->match(each.scope, each.fields) != each.policy)
          FAIL("seed " << seed << ", round " << round << ": a stale answer passes for good");
      }
      for (const SpdId id : {SpdId{0}, SpdId{1}}) {
        std::vector<std::string> order;
        for (const Policy& each : list)
          if (each.spd == id) order.push_back(each.name);
        REQUIRE(names(spd, id) == order);
      }
      spd.reuse(spd.take_removed());
      std::erase_if(cache, [&](const Cached& each) { return each.stale(*set); });
      while (cache.size() < 100) {
        const PolicyScope scope{static_cast<std::uint16_t>(random.below(set->views.size()))};
        const SelectorFields fields = random.real_packet(all);
        cache.push_back(ask(*set, scope, fields));
        REQUIRE(cache.back().policy == first_match(spd, *set, scope, fields));
      }
    }
  }
  CHECK(dropped > 10'000);
  CHECK(kept > 1'000);
}

TEST_CASE("SPD-06: of an exchanged list, what has moved and what it passed is stale, and no more") {
  Spd spd(10, 1);
  std::vector<Policy> list{policy("first", "10.1.0.0/16", kBypass),
                           policy("wide", "10.0.0.0/8", kBypass),
                           policy("other", "172.16.0.0/12", kBypass)};
  for (int i = 0; i < 5; ++i)
    list.push_back(policy(fmt::format("site-{}", i), fmt::format("10.{}.0.0/16", i), kBypass));
  spd.replace(list);
  using Names = std::vector<std::string>;
  const auto raised = [&] {
    const auto before = spd.snapshot();
    spd.replace(list);
    const auto after = spd.snapshot();
    Names found;
    if (before->entry(kNoPolicy).generation != after->entry(kNoPolicy).generation)
      found.emplace_back("");
    for (const Policy& each : list) {
      const PolicyId id = spd.id_of(each.name).value();
      if (id.value < before->entries.size() &&
          before->entry(id).generation != after->entry(id).generation)
        found.push_back(each.name);
    }
    return found;
  };
  CHECK(raised().empty());
  // To the other end, which moves no other entry.
  std::ranges::rotate(list, list.begin() + 1);
  CHECK(raised() == Names{"first"});
  std::ranges::rotate(list, list.end() - 1);
  CHECK(raised() == Names{"first", "wide", "site-1"});
  list.insert(list.begin() + 2, policy("new", "172.20.0.0/16", kDiscard));
  CHECK(raised() == Names{"", "other"});
  list.erase(list.begin() + 2);
  CHECK(raised().empty());
}

TEST_CASE("SPD-02: of an exchanged list, each direction meets what is for it, in order") {
  Spd spd(10, 1);
  Policy out = policy("out", "10.1.0.0/16", kDiscard);
  out.direction = PolicyDirection::Outbound;
  Policy in = policy("in", "10.1.0.0/16", kDiscard);
  in.direction = PolicyDirection::Inbound;
  const Policy all = policy("all", "10.0.0.0/8", kBypass);
  const auto decide = [&](const std::vector<Policy>& list) {
    REQUIRE(spd.check(list));
    spd.replace(list);
    const auto set = spd.snapshot();
    const SelectorFields fields = packet_to("10.1.0.1");
    return std::pair{spd.find(set->match(set->outbound(SpdId{0}), fields))->name,
                     spd.find(set->match(set->inbound(SpdId{0}), fields))->name};
  };
  using Names = std::pair<std::string, std::string>;
  CHECK(decide({all}) == Names{"all", "all"});
  CHECK(decide({in, all, out}) == Names{"all", "in"});
  CHECK(decide({out, in, all}) == Names{"out", "in"});
  CHECK(decide({out, all}) == Names{"out", "all"});
  REQUIRE(spd.insert(in, 0));
  REQUIRE(spd.move("all", 1));
  CHECK(decide({in, all, out}) == Names{"all", "in"});
  CHECK(decide({all}) == Names{"all", "all"});
}

TEST_CASE("SPD-06: thousands of changes in one list") {
  constexpr std::uint32_t kPolicies = 4000;
  Spd spd(kPolicies, 1);
  std::vector<Policy> list;
  for (std::uint32_t i = 0; i < kPolicies; ++i)
    list.push_back(
        policy(fmt::format("p{}", i), fmt::format("10.{}.{}.0/24", i / 256, i % 256), kBypass));
  REQUIRE(spd.check(list));
  spd.replace(list);
  const Cached unchanged = ask(*spd.snapshot(), packet_to("10.0.1.1"));
  const PolicyId id = spd.id_of("p1").value();
  for (std::uint32_t i = 0; i < kPolicies; i += 2) list[i].action = kDiscard;
  std::ranges::reverse(list);
  REQUIRE(spd.check(list));
  spd.replace(list);
  const auto set = spd.snapshot();
  CHECK(spd.id_of("p1") == id);
  CHECK(unchanged.stale(*set));  // among so many nobody looks for what was touched
  CHECK(spd.ordered(SpdId{0}).front()->name == fmt::format("p{}", kPolicies - 1));
  for (std::uint32_t i = 0; i < kPolicies; ++i) {
    const PolicyId found =
        set->match(SpdId{0}, packet_to(fmt::format("10.{}.{}.9", i / 256, i % 256)));
    REQUIRE(spd.find(found)->name == fmt::format("p{}", i));
    REQUIRE(set->entry(found).action == (i % 2 == 0 ? kDiscard : kBypass));
  }
}

TEST_CASE("SPD-06: a list that cannot be is refused, and nothing has changed") {
  Spd spd(3, 1);
  const std::vector<Policy> list{policy("a", "10.0.0.0/8", kBypass), policy("b", "", kDiscard)};
  REQUIRE(spd.check(list));
  spd.replace(list);
  const std::uint32_t version = spd.snapshot()->version;
  const auto refused = [&](std::vector<Policy> next, Error::Code code) {
    const auto good = spd.check(next);
    REQUIRE_FALSE(good);
    CHECK(good.error().code == code);
    CHECK_FALSE(good.error().remedy.empty());
  };
  refused({list[0], list[1], policy("c", "", kBypass), policy("d", "", kBypass)},
          Error::Code::Exhausted);
  refused({list[0], list[0]}, Error::Code::Exists);
  Policy lost = policy("lost", "", kBypass);
  lost.spd = SpdId{1};
  refused({lost}, Error::Code::NotFound);
  Policy large = policy("large", "", kBypass);
  large.selectors.resize(kMostSelectors + 1);
  refused({large}, Error::Code::Invalid);
  CHECK(spd.snapshot()->version == version);
  CHECK(names(spd, SpdId{0}) == std::vector<std::string>{"a", "b"});
}

}  // namespace sallyport::spd_replace_test
