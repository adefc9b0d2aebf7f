#include "spd/spd.h"

#include <catch2/catch.hpp>

#include "net/protocol.h"
#include "spd/linear_matcher.h"
#include "tests/spd/named_policies.h"
#include "tests/spd/random_policies.h"

namespace sallyport::spd_test {

using namespace test;

namespace {

std::uint32_t generation(const Spd& spd, std::string_view name) {
  return spd.snapshot()->entry(spd.id_of(name).value()).generation;
}

}  // namespace

TEST_CASE("SPD-01: the operator controls the order") {
  Spd spd(10, 1);
  REQUIRE(spd.insert(policy("b", "10.2.0.0/16", kBypass)));
  REQUIRE(spd.insert(policy("a", "10.0.0.0/8", kDiscard), 0));
  REQUIRE(spd.insert(policy("c", "", kBypass)));
  CHECK(names(spd, SpdId{0}) == std::vector<std::string>{"a", "b", "c"});
  const auto decides = [&](std::string_view remote) {
    return spd.find(spd.snapshot()->match(SpdId{0}, packet_to(remote)))->name;
  };
  CHECK(decides("10.2.0.1") == "a");
  CHECK(decides("11.0.0.1") == "c");
  REQUIRE(spd.move("a", 1));
  CHECK(names(spd, SpdId{0}) == std::vector<std::string>{"b", "a", "c"});
  CHECK(decides("10.2.0.1") == "b");
  CHECK(decides("10.3.0.1") == "a");
  REQUIRE(spd.move("c", 0));
  CHECK(decides("10.2.0.1") == "c");
  REQUIRE(spd.remove("c"));
  CHECK(names(spd, SpdId{0}) == std::vector<std::string>{"b", "a"});
  CHECK(decides("10.2.0.1") == "b");
}

TEST_CASE("SPD-02: the one list answers as SPD-S, SPD-O and SPD-I would") {
  RandomPolicies random(2);
  std::array<int, 3> met{};
  for (int round = 0; round < 100; ++round) {
    Spd spd(100, 1);
    // By action; ids are one more than the position in the ordered list.
    LinearMatcher spd_s;
    LinearMatcher bypass_or_discard;  // both SPD-O and SPD-I: entries are written once
    std::vector<Selector> all;
    std::array<std::size_t, 2> sizes{};
    for (std::uint32_t i = 0; i < 12; ++i) {
      const PolicyAction action = std::array{kBypass, kDiscard, kProtect}[random.below(3)];
      Policy made = policy("p" + std::to_string(i), "", action);
      made.selectors = {random.selector()};
      all.push_back(made.selectors[0]);
      LinearMatcher& part = action == kProtect ? spd_s : bypass_or_discard;
      REQUIRE(part.insert(sizes[action == kProtect]++, PolicyId{i + 1}, made.selectors));
      REQUIRE(spd.insert(made));
    }
    const auto set = spd.snapshot();
    for (int i = 0; i < 500; ++i) {
      const SelectorFields fields = random.real_packet(all);
      const PolicyId protect = spd_s.view()->match(fields);
      const PolicyId other = bypass_or_discard.view()->match(fields);
      const bool protect_first =
          protect != kNoPolicy && (other == kNoPolicy || protect.value < other.value);
      const PolicyId answer = set->match(SpdId{0}, fields);
      REQUIRE(answer == (protect_first ? protect : other));
      REQUIRE((set->entry(answer).action == kProtect) == protect_first);
      ++met[static_cast<std::size_t>(set->entry(answer).action)];
    }
  }
  for (const int count : met) CHECK(count > 1000);
}

TEST_CASE("SPD-06: whatever the edit, an answer that is not stale is still right") {
  int kept = 0;
  int dropped = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    RandomPolicies random(seed);
    Spd spd(30, 1);
    std::vector<std::string> present;
    std::vector<Selector> all;
    std::vector<Cached> cache;
    const auto one_of_them = [&] { return random.below(present.size()); };
    for (int edit = 0; edit < 60; ++edit) {
      const std::size_t kind = present.size() < 3 ? 0 : random.below(4);
      if (kind <= 1 && present.size() < 30) {
        Policy made = policy("p" + std::to_string(edit), "", kBypass);
        made.selectors = {random.selector()};
        all.push_back(made.selectors[0]);
        REQUIRE(spd.insert(made, random.below(present.size() + 1)));
        present.push_back(made.name);
      } else if (kind == 2) {
        const auto gone = present.begin() + static_cast<std::ptrdiff_t>(one_of_them());
        REQUIRE(spd.remove(*gone));
        present.erase(gone);
      } else {
        REQUIRE(spd.move(present[one_of_them()], one_of_them()));
      }
      const auto set = spd.snapshot();
      for (const Cached& each : cache) {
        if (each.stale(*set)) {
          ++dropped;
        } else {
          ++kept;
          if (set->match(SpdId{0}, each.fields) != each.policy)
            FAIL("seed " << seed << ", edit " << edit << ": a stale answer passes for good");
        }
      }
      std::erase_if(cache, [&](const Cached& each) { return each.stale(*set); });
      while (cache.size() < 100) cache.push_back(ask(*set, random.real_packet(all)));
    }
  }
  // Neither is the cache dropped whole at every edit.
  CHECK(dropped > 10'000);
  CHECK(kept > 2 * dropped);
}

TEST_CASE("SPD-06: an edit makes stale what it touches and nothing else") {
  Spd spd(10, 2);
  REQUIRE(spd.insert(policy("above", "10.1.0.0/16", kBypass)));
  REQUIRE(spd.insert(policy("below", "10.0.0.0/8", kBypass)));
  REQUIRE(spd.insert(policy("unrelated", "172.16.0.0/12", kBypass)));
  Policy elsewhere = policy("elsewhere", "10.0.0.0/8", kBypass);
  elsewhere.spd = SpdId{1};
  REQUIRE(spd.insert(elsewhere));
  const auto generations = [&] {
    const auto set = spd.snapshot();
    std::map<std::string, std::uint32_t> all{{"", set->entry(kNoPolicy).generation}};
    for (const auto* name : {"above", "below", "unrelated", "elsewhere"})
      all[name] = set->entry(spd.id_of(name).value()).generation;
    return all;
  };
  // Names of those whose generation an edit has raised; "" is kNoPolicy.
  const auto raised = [&](auto edit) {
    const auto before = generations();
    REQUIRE(edit());
    std::vector<std::string> names;
    for (const auto& [name, value] : generations())
      if (value > before.at(name)) names.push_back(name);
    return names;
  };
  using Names = std::vector<std::string>;

  CHECK(raised([&] { return spd.insert(policy("new", "10.1.2.0/24", kDiscard), 1); }) ==
        Names{"", "below"});
  CHECK(raised([&] { return spd.move("new", 0); }) == Names{"above"});
  CHECK(raised([&] { return spd.move("new", 3); }).empty());
  CHECK(raised([&] { return spd.move("new", 2); }).empty());
  CHECK(raised([&] { return spd.move("new", 1); }) == Names{"below"});
  CHECK(raised([&] { return spd.remove("new"); }).empty());
  CHECK(raised([&] { return spd.move("below", 0); }) == Names{"above", "below"});
}

TEST_CASE("SPD-06: a moved or removed policy's own answers are stale") {
  Spd spd(10, 1);
  REQUIRE(spd.insert(policy("a", "10.0.0.0/8", kBypass)));
  REQUIRE(spd.insert(policy("b", "10.0.0.0/8", kDiscard)));
  const SelectorFields fields = packet_to("10.0.0.1");
  const Cached first = ask(*spd.snapshot(), fields);
  REQUIRE(spd.move("a", 1));
  CHECK(first.stale(*spd.snapshot()));
  const Cached second = ask(*spd.snapshot(), fields);
  CHECK(second.policy != first.policy);
  REQUIRE(spd.remove("b"));
  CHECK(second.stale(*spd.snapshot()));
}

TEST_CASE("SPD-06: an id is used again, with a higher generation") {
  Spd spd(10, 1);
  REQUIRE(spd.insert(policy("old", "10.0.0.0/8", kBypass)));
  const Cached cached = ask(*spd.snapshot(), packet_to("10.0.0.1"));
  const std::uint32_t before = generation(spd, "old");
  REQUIRE(spd.remove("old"));
  spd.reuse(spd.take_removed());
  REQUIRE(spd.insert(policy("new", "172.16.0.0/12", kProtect)).value() == cached.policy);
  CHECK(generation(spd, "new") > before);
  CHECK(cached.stale(*spd.snapshot()));
}

TEST_CASE("SPD-06: a snapshot stays as it was, and shares what did not change") {
  Spd spd(10, 2);
  REQUIRE(spd.insert(policy("a", "10.0.0.0/8", kBypass)));
  const auto before = spd.snapshot();
  CHECK(before->version != 0);
  CHECK(spd.snapshot()->version == before->version);
  REQUIRE(spd.insert(policy("b", "10.0.0.0/8", kDiscard), 0));
  const auto after = spd.snapshot();
  CHECK(after->version > before->version);
  const auto view = [](const auto& set, PolicyScope scope) { return set->views[scope.value]; };
  for (const std::uint16_t spd_id : {std::uint16_t{0}, std::uint16_t{1}}) {
    const PolicyScope scope = after->outbound(SpdId{spd_id});
    CHECK((view(after, scope) == view(before, scope)) == (spd_id == 1));
  }
  const SelectorFields fields = packet_to("10.0.0.1");
  CHECK(before->entry(before->match(SpdId{0}, fields)).action == kBypass);
  CHECK(after->entry(after->match(SpdId{0}, fields)).action == kDiscard);
  CHECK(after->match(SpdId{1}, fields) == kNoPolicy);
}

TEST_CASE("SPD-08: what matches nothing is discarded by the nominal last entry") {
  Spd spd(10, 1);
  const auto empty = spd.snapshot();
  CHECK(empty->match(SpdId{0}, packet_to("10.0.0.1")) == kNoPolicy);
  CHECK(empty->entry(kNoPolicy).action == kDiscard);
  REQUIRE(spd.insert(policy("a", "10.0.0.0/8", kBypass)));
  const auto set = spd.snapshot();
  CHECK(set->match(SpdId{0}, packet_to("11.0.0.1")) == kNoPolicy);
  CHECK(set->match(SpdId{0}, packet_to("2001:db8::1")) == kNoPolicy);
  CHECK(set->entry(kNoPolicy).action == kDiscard);
  CHECK(spd.find(kNoPolicy) == nullptr);
}

TEST_CASE("SPD-17: a clear packet that policy protects finds that policy, not the bypass below") {
  Spd spd(10, 1);
  REQUIRE(spd.insert(policy("site", "10.2.0.0/16", kProtect)));
  REQUIRE(spd.insert(policy("rest", "", kBypass)));
  const auto set = spd.snapshot();
  // Inbound in the clear: the remote address is the packet's source.
  CHECK(set->entry(set->match(SpdId{0}, packet_to("10.2.0.9"))).action == kProtect);
  CHECK(set->entry(set->match(SpdId{0}, packet_to("10.3.0.9"))).action == kBypass);
}

TEST_CASE("edits that cannot be are refused, and change nothing") {
  Spd spd(2, 1);
  REQUIRE(spd.insert(policy("a", "10.0.0.0/8", kBypass)));
  const auto code = [](const auto& result) { return result.error().code; };
  CHECK(code(spd.insert(policy("a", "", kBypass))) == Error::Code::Exists);
  CHECK(code(spd.insert(policy("", "", kBypass))) == Error::Code::Invalid);
  CHECK(code(spd.insert(policy("b", "", kBypass), 2)) == Error::Code::Invalid);
  CHECK(code(spd.move("a", 1)) == Error::Code::Invalid);
  CHECK(code(spd.move("nobody", 0)) == Error::Code::NotFound);
  CHECK(code(spd.remove("nobody")) == Error::Code::NotFound);
  Policy lost = policy("lost", "", kBypass);
  lost.spd = SpdId{1};
  CHECK(code(spd.insert(lost)) == Error::Code::NotFound);
  CHECK(names(spd, SpdId{0}) == std::vector<std::string>{"a"});
  REQUIRE(spd.insert(policy("b", "", kBypass)));
  const auto full = spd.insert(policy("c", "", kBypass));
  REQUIRE_FALSE(full);
  CHECK(full.error().code == Error::Code::Exhausted);
  CHECK_FALSE(full.error().remedy.empty());
  REQUIRE(spd.remove("a"));
  CHECK(spd.insert(policy("c", "", kBypass)));
  CHECK(spd.find("a") == nullptr);
  CHECK(spd.find("c")->name == "c");
  CHECK(spd.find(PolicyId{99}) == nullptr);
  CHECK(spd.ordered(SpdId{9}).empty());
}

TEST_CASE("SPD-06: ids of removed policies wait for those who may still read them") {
  Spd spd(2, 1);
  const auto exchange = [&](std::string one, std::string other) {
    const std::vector<Policy> list{policy(std::move(one), "10.0.0.0/8", kBypass),
                                   policy(std::move(other), "", kDiscard)};
    const auto good = spd.check(list);
    if (good) spd.replace(list);
    return good;
  };
  REQUIRE(exchange("a", "b"));
  REQUIRE(exchange("c", "d"));
  const auto again = exchange("e", "f");
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Error::Code::Exhausted);
  CHECK(names(spd, SpdId{0}) == std::vector<std::string>{"c", "d"});
  spd.reuse(spd.take_removed());
  REQUIRE(exchange("e", "f"));
  for (const Policy* each : spd.ordered(SpdId{0}))
    CHECK(spd.id_of(each->name)->value <= Spd::ids_for(2));
}

TEST_CASE("SPD-02: an entry for one direction is in SPD-O or in SPD-I, the others in both") {
  Spd spd(10, 2);
  REQUIRE(spd.insert(policy("all", "10.0.0.0/8", kBypass)));
  const auto whole = spd.snapshot();
  CHECK(whole->are_alike(whole->inbound(SpdId{0}), whole->outbound(SpdId{0})));
  Policy out = policy("out", "10.1.0.0/16", kDiscard);
  out.direction = PolicyDirection::Outbound;
  Policy in = policy("in", "10.2.0.0/16", kDiscard);
  in.direction = PolicyDirection::Inbound;
  REQUIRE(spd.insert(out, 0));
  REQUIRE(spd.insert(in, 0));
  const auto set = spd.snapshot();
  const auto name = [&](PolicyScope scope, std::string_view remote) {
    return spd.find(set->match(scope, packet_to(remote)))->name;
  };
  const PolicyScope inbound = set->inbound(SpdId{0});
  const PolicyScope outbound = set->outbound(SpdId{0});
  CHECK(name(outbound, "10.1.0.1") == "out");
  CHECK(name(inbound, "10.1.0.1") == "all");
  CHECK(name(outbound, "10.2.0.1") == "all");
  CHECK(name(inbound, "10.2.0.1") == "in");
  CHECK_FALSE(set->are_alike(inbound, outbound));
  CHECK(set->are_alike(set->inbound(SpdId{1}), set->outbound(SpdId{1})));
  Policy protect = policy("p", "", kProtect);
  protect.direction = PolicyDirection::Inbound;
  CHECK_FALSE(spd.insert(protect));
}

TEST_CASE(
    "SPD-12: each local user meets the entries for everyone and those for that user, in order") {
  Spd spd(10, 1, {"alice", "bob"});
  const auto named = [](std::string name, std::string_view remote, std::vector<std::string> names) {
    Policy made = policy(std::move(name), remote, kDiscard);
    made.names = std::move(names);
    return made;
  };
  REQUIRE(spd.insert(policy("all", "10.0.0.0/8", kBypass)));
  REQUIRE(spd.insert(named("both", "10.3.0.0/16", {"user:alice", "user:bob"}), 0));
  REQUIRE(spd.insert(named("alices", "10.1.0.0/16", {"user:alice"}), 0));
  REQUIRE(spd.insert(named("bobs", "10.1.0.0/16", {"user:bob", "fqdn:b.example.com"}), 0));
  REQUIRE(spd.insert(named("peers", "", {"fqdn:peer.example.com"}), 0));
  const auto name = [&](UserId user, std::string_view remote) {
    const auto set = spd.snapshot();
    return spd.find(set->match(set->outbound(SpdId{0}, user), packet_to(remote)))->name;
  };
  constexpr UserId kAlice{1};
  constexpr UserId kBob{2};
  CHECK(name(kNoUser, "10.1.0.1") == "all");
  CHECK(name(kAlice, "10.1.0.1") == "alices");
  CHECK(name(kBob, "10.1.0.1") == "bobs");
  CHECK(name(kBob, "10.3.0.1") == "both");
  CHECK(name(kNoUser, "10.3.0.1") == "all");
  // What is for peers alone is for the responder to find, by identity.
  CHECK(spd.find_named(SpdId{0}, "fqdn:peer.example.com")->name == "peers");
  CHECK(spd.find_named(SpdId{0}, "fqdn:b.example.com")->name == "bobs");
  CHECK(spd.find_named(SpdId{0}, "fqdn:other.example.com") == nullptr);
  // Order holds in every view.
  REQUIRE(spd.move("all", 0));
  for (const UserId user : {kNoUser, kAlice, kBob}) CHECK(name(user, "10.1.0.1") == "all");
  REQUIRE(spd.move("all", 3));
  CHECK(name(kAlice, "10.1.0.1") == "alices");
  CHECK(name(kAlice, "10.3.0.1") == "all");
  REQUIRE(spd.remove("alices"));
  CHECK(name(kAlice, "10.1.0.1") == "all");
  CHECK(name(kBob, "10.1.0.1") == "bobs");
}

TEST_CASE("SPD-06: generations can be raised by hand, and a rebuild changes no answer") {
  Spd spd(20'000, 1);
  RandomPolicies random(7);
  std::vector<Policy> policies;
  for (int i = 0; i < 3000; ++i) {
    Policy made = policy("p" + std::to_string(i), "", i % 2 == 0 ? kBypass : kDiscard);
    made.selectors[0].remote = {
        AddressRange{Address::v4(0x0a000000u + static_cast<std::uint32_t>(i) * 4096u),
                     Address::v4(0x0a000000u + static_cast<std::uint32_t>(i) * 4096u + 6000u)}};
    policies.push_back(std::move(made));
  }
  REQUIRE(spd.check(policies));
  spd.replace(policies);
  const auto before = spd.snapshot();
  const auto rebuild = spd.begin_rebuild();
  REQUIRE(rebuild != nullptr);
  rebuild->run();
  REQUIRE(spd.move("p17", 5));
  spd.finish_rebuild(*rebuild);
  CHECK(spd.begin_rebuild() == nullptr);
  const auto after = spd.snapshot();
  for (std::uint32_t i = 0; i < 3000; ++i) {
    const SelectorFields fields{.local = Address::v4(1),
                                .remote = Address::v4(0x0a000000u + i * 4000u),
                                .protocol = kProtocolTcp};
    const PolicyId was = before->match(SpdId{0}, fields);
    const PolicyId is = after->match(SpdId{0}, fields);
    // p17 was asked behind p16, and is asked before it now.
    if (spd.find(is)->name != "p17") REQUIRE(is == was);
  }
  const PolicyId touched[] = {spd.id_of("p3").value()};
  spd.make_stale(touched);
  CHECK(spd.snapshot()->entry(touched[0]).generation == after->entry(touched[0]).generation + 1);
  CHECK(spd.snapshot()->version > after->version);
}

TEST_CASE("SPD-01: an entry for peers alone is met by no packet and stands in no other's way") {
  for (std::size_t place = 0; place < 4; ++place) {
    CAPTURE(place);
    std::vector<Policy> policies{policy("a", "10.1.0.0/16", kBypass),
                                 policy("b", "10.0.0.0/8", kBypass),
                                 policy("c", "10.0.0.0/8", kDiscard)};
    Policy peers = policy("peers", "", kDiscard);
    peers.names = {"fqdn:peer.example.com"};
    policies.insert(policies.begin() + static_cast<std::ptrdiff_t>(place), peers);
    Spd spd(10, 1);
    REQUIRE(spd.check(policies));
    spd.replace(policies);
    const auto name = [&](std::string_view remote) {
      return spd.find(spd.snapshot()->match(SpdId{0}, packet_to(remote)))->name;
    };
    CHECK(name("10.1.0.1") == "a");
    CHECK(name("10.2.0.1") == "b");
    REQUIRE(spd.move("c", 0));
    CHECK(name("10.2.0.1") == "c");
    REQUIRE(spd.move("c", 3));
    CHECK(name("10.2.0.1") == "b");
  }
}

}  // namespace sallyport::spd_test
