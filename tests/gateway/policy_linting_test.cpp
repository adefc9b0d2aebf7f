// The command lint.policies. What is found, and when, is tested in tests/spd/policy_lint_test.cpp.
#include "gateway/policy_linting.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/gateway/running_gateway.h"

namespace sallyport::policy_linting_test {

using namespace test;

namespace {

std::string policy(const std::string& name, const std::string& action, const std::string& more) {
  return "[[policy]]\nname = \"" + name + "\"\naction = \"" + action + "\"\n" + more;
}

// All pages, as sallyportctl follows them.
std::vector<Json> findings(RunningGateway& gateway) {
  std::vector<Json> rows;
  std::size_t next = 0;
  for (unsigned pages = 0; pages < 100; ++pages) {
    const Json page = gateway.ask("lint.policies", {{"cursor", next}}).at("ok");
    for (const Json& row : page.at("rows")) rows.push_back(row);
    if (!page.contains("next")) return rows;
    CHECK(page["next"] >= next);
    next = page["next"];
  }
  FAIL("no page is the last");
  return rows;
}

}  // namespace

TEST_CASE("lint.policies names the policies that may not do what their author thinks") {
  RunningGateway gateway(
      "[[spd]]\nname = \"default\"\ndefault_policies = false\n[[spd]]\nname = \"other\"\n"
      "default_policies = false\n" +
      policy("a", "bypass", "remote = \"10.0.0.0/8\"\n") +
      policy("b", "discard", "remote = \"10.2.0.0/16\"\n") +
      policy("c", "bypass", "spd = \"other\"\nremote = \"10.2.0.0/16\"\n"));
  const auto rows = findings(gateway);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].at("spd") == "default");
  CHECK(rows[0].at("policy") == "b");
  CHECK(rows[0].at("position") == 1);
  CHECK(rows[0].at("finding") == "shadowed");
  CHECK(rows[0].at("by") == Json::array({"a"}));
  CHECK_THAT(rows[0].at("meaning").get<std::string>(), Catch::Contains("b decides nothing"));
}

TEST_CASE("what is linted is what stands there now, edits by hand too") {
  RunningGateway gateway(policy("a", "bypass", "remote = \"10.2.0.0/16\"\n"));
  const std::size_t before = findings(gateway).size();
  const std::string twin = policy("twin", "discard", "remote = \"10.2.0.0/16\"\n");
  REQUIRE(gateway.ask("policy.add", {{"toml", twin}}).contains("ok"));
  const auto rows = findings(gateway);
  REQUIRE(rows.size() == before + 1);
  CHECK(rows.back().at("policy") == "twin");
  REQUIRE(gateway.ask("policy.remove", {{"name", "a"}}).contains("ok"));
  // What is left is that it discards some of what shipped entries in front of it let by.
  for (const Json& row : findings(gateway)) CHECK(row.at("finding") == "conflicting");
}

TEST_CASE("a page of lint.policies is bounded, and none is told twice") {
  std::string many;
  for (unsigned i = 0; i < 1200; ++i)
    many += policy("p" + std::to_string(i), "bypass",
                   "remote = \"10." + std::to_string(2 + i % 2) + ".0.0/16\"\n");
  RunningGateway gateway(many, {.policies = 2048});
  const Json first = gateway.ask("lint.policies", Json::object()).at("ok");
  CHECK(first.contains("next"));
  CHECK(first.at("rows").size() <= 501);
  const auto rows = findings(gateway);
  std::set<std::string> names;
  for (const Json& row : rows)
    if (row.at("finding") == "shadowed") CHECK(names.insert(row.at("policy")).second);
  CHECK(names.size() == 1198);
}

TEST_CASE("a cursor past the last policy is the end of the list") {
  RunningGateway gateway("");
  const Json page = gateway.ask("lint.policies", {{"cursor", 100'000}}).at("ok");
  CHECK(page.at("rows").empty());
  CHECK_FALSE(page.contains("next"));
}

}  // namespace sallyport::policy_linting_test
