#include "spd/policy_lint.h"

#include <catch2/catch.hpp>

#include "net/protocol.h"
#include "tests/spd/policy_list.h"

namespace sallyport::policy_lint_test {

using sallyport::test::PolicyList;
using sallyport::test::RandomPolicies;
using Kind = PolicyFinding::Kind;

namespace {

constexpr auto kBypass = PolicyAction::Bypass;
constexpr auto kDiscard = PolicyAction::Discard;
constexpr auto kProtect = PolicyAction::Protect;

// Every finding of the list, in words.
std::vector<std::string> findings(const PolicyList& list) {
  Decorrelation decorrelation(list.ordered());
  PolicyLint lint(decorrelation);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const PolicyLint::Report report = lint.examine(i);
    CHECK(report.whole);
    for (const PolicyFinding& finding : report.findings)
      texts.push_back(to_string(finding, list.ordered()));
  }
  return texts;
}

using Texts = std::vector<std::string>;

bool match(const Policy& policy, const SelectorFields& fields) {
  return std::ranges::any_of(policy.selectors,
                             [&](const Selector& selector) { return matches(selector, fields); });
}

}  // namespace

TEST_CASE("a policy behind one that matches all it does is shadowed") {
  PolicyList list;
  list.add(kDiscard, "10.0.0.0/8", "any");
  list.add(kBypass, "172.16.0.0/12", "any");
  list.add(kBypass, "10.1.0.0/16", "192.0.2.0/24", 443);
  CHECK(findings(list) == Texts{"policy p2 decides nothing: p0 before it matches all that it does, "
                                "such as tcp 10.1.0.1 port 49152 <-> 192.0.2.2 port 443"});
}

TEST_CASE("a policy behind several that match all it does together is unreachable") {
  PolicyList list;
  list.add(kDiscard, "10.0.0.0/9", "any");
  list.add(kDiscard, "10.128.0.0/9", "any");
  list.add(kBypass, "10.0.0.0/8", "192.0.2.0/24");
  CHECK(findings(list) ==
        Texts{"policy p2 decides nothing: p0 and p1 before it match all that it does, such as tcp "
              "10.0.0.1 port 49152 <-> 192.0.2.2 port 443"});
  // Neither hides a port that no one sees: ANY has later fragments, lists have not.
  PolicyList ports;
  Selector half;
  half.protocol = kProtocolTcp;
  half.local = {AddressRange::parse("10.0.0.0/8").value()};
  half.local_port = PortSet::of({{0, 32767}}).value();
  ports.add(kBypass, {half});
  half.local_port = PortSet::of({{32768, 65535}}).value();
  ports.add(kBypass, {half});
  half.local_port = PortSet::any();
  ports.add(kBypass, {half});
  half.local_port = PortSet::opaque();
  ports.add(kBypass, {half});
  CHECK(findings(ports) ==
        Texts{"policy p0 is redundant: without it p2 would bypass the same, such as tcp 10.0.0.1 "
              "port 0 <-> 192.0.2.2 port 443",
              "policy p1 is redundant: without it p2 would bypass the same, such as tcp 10.0.0.1 "
              "port 49152 <-> 192.0.2.2 port 443",
              "policy p3 decides nothing: p2 before it matches all that it does, such as tcp "
              "10.0.0.1 <-> 192.0.2.2 without ports"});
}

TEST_CASE("a policy that no packet can match is unreachable") {
  PolicyList list;
  Selector hidden;
  hidden.protocol = kProtocolTcp;
  hidden.local_port = PortSet::of({{80, 80}}).value();
  hidden.remote_port = PortSet::opaque();
  list.add(kBypass, {hidden});
  CHECK(findings(list) == Texts{"policy p0 decides nothing: no packet can match it"});
}

TEST_CASE("policies of different actions conflict where each has something of its own") {
  PolicyList list;
  list.add(kDiscard, "10.1.0.0/16", "any");
  list.add(kBypass, "any", "192.0.2.0/24");
  list.add(kProtect, "10.0.0.0/8", "192.0.2.0/25");
  CHECK(findings(list) ==
        Texts{"policy p1 conflicts with p0 before it: it would bypass tcp 10.1.0.1 port 49152 <-> "
              "192.0.2.2 port 443, which p0 will discard",
              "policy p2 decides nothing: p1 before it matches all that it does, such as tcp "
              "10.0.0.1 port 49152 <-> 192.0.2.2 port 443"});
}

TEST_CASE("an exception in front of its rule is no conflict, nor is what a third one decides") {
  PolicyList list;
  list.add(kDiscard, "10.1.2.0/24", "any");
  list.add(kProtect, "10.1.0.0/16", "any");
  list.add(kBypass, "10.0.0.0/8", "any");
  CHECK(findings(list).empty());

  PolicyList decided;
  decided.add(kProtect, "10.1.0.0/16", "192.0.2.0/24");
  decided.add(kDiscard, "10.1.0.0/16", "any");
  decided.add(kBypass, "10.0.0.0/8", "192.0.2.0/24");
  CHECK(findings(decided).empty());
}

TEST_CASE("conflicts are named up to a number") {
  PolicyList list;
  for (unsigned i = 0; i < 12; ++i)
    list.add(kDiscard, "10." + std::to_string(i) + ".0.0/16", "any");
  list.add(kBypass, "any", "192.0.2.0/24");
  const Texts texts = findings(list);
  REQUIRE(texts.size() == 1);
  CHECK(texts[0].starts_with(
      "policy p12 conflicts with p0, p1, p2, p3, p4, p5, p6, p7 and others before it: it would "));
}

TEST_CASE("a policy is redundant where a later one would do the same, and nothing lies between") {
  PolicyList list;
  list.add(kBypass, "10.1.0.0/16", "192.0.2.0/24", 443);
  list.add(kDiscard, "172.16.0.0/12", "any");
  list.add(kBypass, "10.1.0.0/16", "any", 443);
  CHECK(findings(list) ==
        Texts{"policy p0 is redundant: without it p2 would bypass the same, such as tcp 10.1.0.1 "
              "port 49152 <-> 192.0.2.2 port 443"});

  PolicyList between;
  between.add(kBypass, "10.1.0.0/16", "192.0.2.0/24", 443);
  between.add(kDiscard, "10.1.0.0/16", "192.0.2.0/24");
  between.add(kBypass, "10.1.0.0/16", "any", 443);
  for (const std::string& text : findings(between)) CHECK(text.find("redundant") == text.npos);
}

TEST_CASE("protection that differs makes another policy") {
  PolicyList list;
  list.add(kProtect, "10.1.0.0/16", "192.0.2.0/24").protect->sas = {"one"};
  list.add(kProtect, "10.1.0.0/16", "any").protect->sas = {"other"};
  CHECK(findings(list).empty());
  PolicyList same;
  same.add(kProtect, "10.1.0.0/16", "192.0.2.0/24");
  same.add(kProtect, "10.1.0.0/16", "any");
  CHECK(findings(same).size() == 1);
}

TEST_CASE("of two policies that are alike the later one is found, once") {
  PolicyList list;
  list.add(kBypass, "10.1.0.0/16", "any");
  list.add(kBypass, "10.1.0.0/16", "any");
  const Texts texts = findings(list);
  REQUIRE(texts.size() == 1);
  CHECK(texts[0].starts_with("policy p1 decides nothing: p0 before it"));
}

TEST_CASE("what is found of random lists is true of their packets") {
  RandomPolicies random(31);
  std::array<int, 4> kinds{};
  for (int round = 0; round < 150; ++round) {
    const PolicyList list(random, 2 + random.below(10), 2);
    Decorrelation decorrelation(list.ordered());
    PolicyLint lint(decorrelation);
    for (std::size_t position = 0; position < list.size(); ++position) {
      for (const PolicyFinding& finding : lint.examine(position).findings) {
        ++kinds[static_cast<std::size_t>(finding.kind)];
        REQUIRE(finding.position == position);
        if (finding.others.empty()) continue;
        REQUIRE(finding.example);
        const std::size_t other = finding.others.front();
        REQUIRE(match(*list.ordered()[position], *finding.example));
        REQUIRE(match(*list.ordered()[other], *finding.example));
        const std::optional<std::size_t> decides = list.decides(*finding.example);
        if (finding.kind == Kind::Conflicting) REQUIRE(decides == other);
        if (finding.kind == Kind::Redundant) REQUIRE(decides == position);
        for (int i = 0; i < 60; ++i) {
          const SelectorFields fields = real_packet(random, list.selectors());
          const auto with = list.decides(fields);
          if (finding.kind == Kind::Shadowed || finding.kind == Kind::Unreachable)
            REQUIRE(with != position);
          if (finding.kind != Kind::Redundant || with != position) continue;
          const auto without = list.decides(fields, position);
          REQUIRE(without);
          REQUIRE(list.ordered()[*without]->action == list.ordered()[position]->action);
        }
      }
    }
  }
  for (const int count : kinds) CHECK(count > 10);
}

TEST_CASE("an examination ends at its limit, and says so") {
  PolicyList list;
  for (unsigned i = 0; i < 200; ++i)
    list.add(i % 2 == 0 ? kDiscard : kBypass, "10." + std::to_string(i) + ".0.0/16",
             "172.16." + std::to_string(i) + ".0/24", i);
  list.add(kBypass, "any", "172.16.0.0/16");
  Decorrelation decorrelation(list.ordered(), {.pieces = 50, .work = 2000});
  PolicyLint lint(decorrelation);
  const PolicyLint::Report report = lint.examine(200);
  CHECK_FALSE(report.whole);
  CHECK_FALSE(report.pieces);
  CHECK(decorrelation.work_done() < 10'000);
  const PolicyLint::Report first = lint.examine(0);
  CHECK(first.whole);
  CHECK(first.pieces == 1);
}

}  // namespace sallyport::policy_lint_test
