// The commands policy.add, insert, move and remove on a running gateway.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/gateway/config_support.h"
#include "tests/gateway/running_gateway.h"

namespace sallyport::policy_commands_test {

using namespace test;

namespace {

using Names = std::vector<std::string>;

std::string bypass(const std::string& name, const std::string& more = "") {
  return "[[policy]]\nname = \"" + name + "\"\naction = \"bypass\"\nremote = \"10.7.0.0/16\"\n" +
         more;
}

const std::string kThree = bypass("a") + bypass("b") + bypass("c");
std::string without_sas(const std::string& name, unsigned net) {
  return replaced(policy_text(name, net, ""), ", sas = []", "");
}

const std::string kPair = sa_text("out", "out", 0x1001) + sa_text("in", "in", 0x1002);
const std::string kSite = policy_text("site", 2, R"("out", "in")") + kPair;

std::string code_of(const Json& answer) { return answer.at("error").at("code"); }

std::uint64_t position_of(RunningGateway& gateway, const std::string& name) {
  for (const Json& row : gateway.rows("show.policies"))
    if (row.at("name") == name) return row.at("position");
  FAIL("there is no policy " << name);
  return 0;
}

const Json kDone = {{"id", 1}, {"ok", Json::object()}};

// The SA that the policy leads to now.
SaSlot sa_of(RunningGateway& gateway, const std::string& policy) {
  const auto id = gateway->spd().id_of(policy);
  REQUIRE(id);
  return gateway->dataplane().handles().choose(SaHandle{id->value}, 0);
}

}  // namespace

TEST_CASE("SPD-01: policies are added, inserted, moved and removed where the operator says") {
  RunningGateway gateway(kThree);
  CHECK(gateway.ask("policy.add", {{"toml", bypass("d")}}) == kDone);
  CHECK(gateway.own_policies() == Names{"a", "b", "c", "d"});
  CHECK(gateway.ask("policy.insert", {{"toml", bypass("e")}, {"before", "b"}}) == kDone);
  CHECK(gateway.own_policies() == Names{"a", "e", "b", "c", "d"});
  const std::uint64_t first = position_of(gateway, "a");
  CHECK(gateway.ask("policy.insert", {{"toml", bypass("f")}, {"at", first}}) == kDone);
  CHECK(gateway.own_policies() == Names{"f", "a", "e", "b", "c", "d"});
  CHECK(gateway.ask("policy.move", {{"name", "f"}, {"before", "d"}}) == kDone);
  CHECK(gateway.own_policies() == Names{"a", "e", "b", "c", "f", "d"});
  CHECK(gateway.ask("policy.move", {{"name", "d"}, {"before", "a"}}) == kDone);
  CHECK(gateway.own_policies() == Names{"d", "a", "e", "b", "c", "f"});
  CHECK(gateway.ask("policy.move", {{"name", "a"}, {"last", true}}) == kDone);
  CHECK(gateway.own_policies() == Names{"d", "e", "b", "c", "f", "a"});
  CHECK(gateway.ask("policy.move", {{"name", "c"}, {"at", first}}) == kDone);
  CHECK(gateway.own_policies() == Names{"c", "d", "e", "b", "f", "a"});
  CHECK(gateway.ask("policy.move", {{"name", "c"}, {"before", "d"}}) == kDone);
  CHECK(gateway.ask("policy.remove", {{"name", "e"}}) == kDone);
  CHECK(gateway.own_policies() == Names{"c", "d", "b", "f", "a"});
}

TEST_CASE("what was edited by hand goes with the next reload, the order too") {
  RunningGateway gateway(kThree);
  CHECK(gateway.ask("policy.add", {{"toml", bypass("d")}}) == kDone);
  CHECK(gateway.ask("policy.remove", {{"name", "b"}}) == kDone);
  CHECK(gateway.ask("policy.move", {{"name", "c"}, {"before", "a"}}) == kDone);
  CHECK(gateway.own_policies() == Names{"c", "a", "d"});
  REQUIRE(gateway.reload(kThree));
  CHECK(gateway.own_policies() == Names{"a", "b", "c"});
}

TEST_CASE("a policy edit that is refused leaves everything as it was") {
  RunningGateway gateway(kThree + kSite, {.policies = 24});
  // Full: what finds no room is refused, too.
  while (gateway
             .ask("policy.add",
                  {{"toml", bypass("fill" + std::to_string(gateway.own_policies().size()))}})
             .contains("ok")) {
  }
  const Json before = gateway.everything();
  const std::string bad_sa = policy_text("x", 3, R"("nobody")");
  const std::vector<std::tuple<std::string, Json, std::string>> refused{
      {"policy.add", {{"toml", bypass("x")}}, "exhausted"},
      {"policy.add", {{"toml", bypass("a")}}, "exists"},
      {"policy.add", {{"toml", bypass("x", "colour = 1\n")}}, "invalid"},
      {"policy.add", {{"toml", bad_sa}}, "not_found"},
      {"policy.insert", {{"toml", bypass("x")}, {"before", "nobody"}}, "not_found"},
      {"policy.insert", {{"toml", bypass("x")}, {"before", ""}}, "not_found"},
      {"policy.insert", {{"toml", bypass("x")}, {"at", 10'000}}, "exhausted"},
      {"policy.move", {{"name", "nobody"}, {"last", true}}, "not_found"},
      {"policy.move", {{"name", "a"}, {"before", "nobody"}}, "not_found"},
      {"policy.move", {{"name", "a"}, {"before", "a"}}, "invalid"},
      {"policy.move", {{"name", "a"}, {"at", 10'000}}, "invalid"},
      {"policy.remove", {{"name", "nobody"}}, "not_found"}};
  for (const auto& [command, arguments, code] : refused) {
    const Json answer = gateway.ask(command, arguments);
    INFO(command << " " << arguments.dump() << " " << answer.dump());
    REQUIRE(answer.contains("error"));
    CHECK(code_of(answer) == code);
    CHECK_FALSE(answer["error"].at("what").get<std::string>().empty());
    CHECK(gateway.everything() == before);
  }
}

TEST_CASE("a position past the end is refused with what would be right") {
  RunningGateway gateway(kThree);
  const Json answer = gateway.ask("policy.insert", {{"toml", bypass("x")}, {"at", 10'000}});
  CHECK(code_of(answer) == "invalid");
  CHECK_THAT(answer["error"].at("what").get<std::string>(), Catch::Contains("past the end"));
  CHECK(gateway.own_policies() == Names{"a", "b", "c"});
}

TEST_CASE("arguments of a policy edit that are missing, or too many, are named") {
  RunningGateway gateway(kThree);
  for (const auto& [command, arguments] : std::vector<std::pair<std::string, Json>>{
           {"policy.add", Json::object()},
           {"policy.add", {{"toml", 5}}},
           {"policy.insert", {{"toml", bypass("x")}}},
           {"policy.insert", {{"before", "a"}}},
           {"policy.insert", {{"toml", bypass("x")}, {"before", "a"}, {"at", 0}}},
           {"policy.insert", {{"toml", bypass("x")}, {"at", -1}}},
           {"policy.insert", {{"toml", bypass("x")}, {"last", true}}},
           {"policy.move", {{"name", "a"}}},
           {"policy.move", {{"name", "a"}, {"last", false}}},
           {"policy.move", {{"name", "a"}, {"last", 1}}},
           {"policy.move", {{"name", "a"}, {"last", true}, {"at", 0}}},
           {"policy.move", {{"last", true}}},
           {"policy.remove", Json::object()}}) {
    INFO(command << " " << arguments.dump());
    CHECK(code_of(gateway.ask(command, arguments)) == "invalid");
  }
  CHECK(code_of(gateway.ask("policy.rename", {{"name", "a"}})) == "unsupported");
  CHECK(gateway.own_policies() == Names{"a", "b", "c"});
}

TEST_CASE("an added policy leads to the live SAs that it names, a removed one to none") {
  RunningGateway gateway(kSite);
  const SaSlot out = sa_of(gateway, "site");
  REQUIRE(out != kNoSa);
  CHECK(gateway.ask("policy.add", {{"toml", policy_text("more", 3, R"("out", "in")")}}) == kDone);
  CHECK(sa_of(gateway, "more") == out);
  CHECK(gateway.ask("policy.remove", {{"name", "site"}}) == kDone);
  gateway.settle();
  CHECK(sa_of(gateway, "more") == out);
  CHECK(gateway.rows("show.sas").size() == 2);
  // The id of "site" may be given out again; the handle behind it is empty by then.
  CHECK(gateway.ask("policy.add", {{"toml", without_sas("again", 4)}}) == kDone);
  CHECK(sa_of(gateway, "again") == kNoSa);
  CHECK(gateway.ask("sa.remove", {{"name", "out"}}) == kDone);
  CHECK(sa_of(gateway, "more") == kNoSa);
}

TEST_CASE("an SA is added to a policy that was itself added by hand") {
  RunningGateway gateway("");
  CHECK(gateway.ask("policy.add", {{"toml", without_sas("late", 3)}}) == kDone);
  CHECK(sa_of(gateway, "late") == kNoSa);
  CHECK(gateway.ask("sa.add", {{"policy", "late"}, {"toml", sa_text("sa", "out", 0x1001)}}) ==
        kDone);
  CHECK(sa_of(gateway, "late") != kNoSa);
  CHECK(code_of(gateway.ask("sa.add", {{"policy", "default-ike-v4"},
                                       {"toml", sa_text("sb", "out", 0x1002)}})) == "not_found");
}

TEST_CASE("each SPD has an order of its own") {
  RunningGateway gateway(
      "[[spd]]\nname = \"default\"\n[[spd]]\nname = \"other\"\n"
      "default_policies = false\n" +
      kThree + bypass("x", "spd = \"other\"\n"));
  CHECK(gateway.ask("policy.insert",
                    {{"toml", bypass("y", "spd = \"other\"\n")}, {"before", "x"}}) == kDone);
  CHECK(position_of(gateway, "y") + 1 == position_of(gateway, "x"));
  CHECK(gateway.own_policies() == Names{"a", "b", "c", "y", "x"});
  for (const Json& answer : {gateway.ask("policy.insert", {{"toml", bypass("z")}, {"before", "x"}}),
                             gateway.ask("policy.move", {{"name", "a"}, {"before", "x"}})}) {
    CHECK(code_of(answer) == "invalid");
    CHECK_THAT(answer["error"].at("what").get<std::string>(),
               Catch::Contains("\"x\" is of the SPD \"other\""));
  }
  CHECK(gateway.own_policies() == Names{"a", "b", "c", "y", "x"});
}

}  // namespace sallyport::policy_commands_test
