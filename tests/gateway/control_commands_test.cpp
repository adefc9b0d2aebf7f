#include "gateway/control_commands.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/gateway/documented_fields.h"
#include "tests/gateway/running_gateway.h"

namespace sallyport::control_commands_test {

using namespace test;

namespace {

const std::string kSite = policy_text("site", 2, R"("out", "in")") + sa_text("out", "out", 0x1001) +
                          sa_text("in", "in", 0x1002) +
                          "[[neighbour]]\nport = \"wan\"\naddress = \"192.0.2.2\"\n"
                          "mac = \"02:00:00:00:00:02\"\n";

std::string code_of(const Json& answer) { return answer.at("error").at("code"); }

}  // namespace

TEST_CASE("every view answers with rows") {
  RunningGateway gateway(kSite);
  for (const char* view :
       {"show.ports", "show.routes", "show.neighbours", "show.policies", "show.sas", "show.icmp",
        "show.drops", "show.audit", "show.workers", "show.account"}) {
    const Json answer = gateway.ask(view, Json::object());
    INFO(answer.dump());
    REQUIRE(answer.contains("ok"));
    CHECK(answer["ok"].at("rows").is_array());
    CHECK(answer.at("id") == 1);
  }
  CHECK(gateway.rows("show.drops", {{"all", true}}).size() == kDropReasonCount);
  CHECK(gateway.ask("show.audit", Json::object()).at("ok").contains("counters"));
}

TEST_CASE("the protocol's page names the fields of every view, and no others") {
  RunningGateway gateway(kSite);
  for (const std::string view :
       {"show.ports", "show.routes", "show.neighbours", "show.policies", "show.sas", "show.icmp",
        "show.drops", "show.workers", "show.account"})
    check_documented(view, gateway.rows(view, {{"all", true}}));
}

TEST_CASE("a long list comes in pages") {
  std::string many = kSite;
  for (unsigned i = 0; i < 600; ++i)
    many += "[[policy]]\nname = \"p" + std::to_string(i) + "\"\nremote = \"10." +
            std::to_string(3 + i / 200) + "." + std::to_string(i % 200) +
            ".0/24\"\naction = \"bypass\"\n";
  RunningGateway gateway(many, {.policies = 1024});
  const Json first = gateway.ask("show.policies", Json::object()).at("ok");
  CHECK(first.at("rows").size() == 500);
  CHECK(first.at("next") == 500);
  const Json second = gateway.ask("show.policies", {{"cursor", 500}}).at("ok");
  CHECK(second.at("rows").size() > 100);
  CHECK_FALSE(second.contains("next"));
  CHECK(second.at("rows").back().at("name") == "(nothing matched)");
}

TEST_CASE("sa.add and sa.remove take an SA in and out") {
  RunningGateway gateway(kSite);
  const Json text = {{"policy", "site"}, {"toml", sa_text("more", "out", 0x2001)}};
  CHECK(gateway.ask("sa.add", text).at("ok") == Json::object());
  CHECK(gateway.rows("show.sas").size() == 3);
  CHECK(gateway.ask("sa.add", text).contains("error"));
  CHECK(gateway.ask("sa.remove", {{"name", "more"}}).at("ok") == Json::object());
  CHECK(code_of(gateway.ask("sa.remove", {{"name", "more"}})) == "not_found");
  CHECK(gateway.rows("show.sas").size() == 2);
}

TEST_CASE("a missing argument, or one of another type, is named") {
  RunningGateway gateway(kSite);
  for (const auto& [command, arguments] :
       std::vector<std::pair<std::string, Json>>{{"sa.remove", Json::object()},
                                                 {"sa.remove", {{"name", 5}}},
                                                 {"sa.add", Json::object()},
                                                 {"sa.add", {{"policy", "site"}}},
                                                 {"sa.add", {{"toml", "[[sa]]"}}},
                                                 {"show.sas", {{"cursor", "x"}}},
                                                 {"show.sas", {{"cursor", -1}}},
                                                 {"show.sas", {{"cursor", 1e300}}},
                                                 {"show.audit", {{"after", "x"}}},
                                                 {"show.drops", {{"all", "x"}}},
                                                 {"show.sas", Json::array()}}) {
    INFO(command << " " << arguments.dump());
    const Json answer = gateway.ask(command, arguments);
    REQUIRE(answer.contains("error"));
    CHECK(code_of(answer) == "invalid");
    CHECK_FALSE(answer["error"].at("what").get<std::string>().empty());
    CHECK(answer.at("id") == 1);
  }
  CHECK(gateway.rows("show.sas").size() == 2);
}

TEST_CASE("reload and stop are carried out by their owners") {
  RunningGateway gateway(kSite);
  CHECK(gateway.ask("reload", Json::object()).at("ok") == Json::object());
  CHECK(gateway.reloads == 1);
  gateway.reload_outcome = fail(Error::Code::Refused, "not so", "do it otherwise", "file:1");
  const Json refused = gateway.ask("reload", Json::object());
  CHECK(code_of(refused) == "refused");
  CHECK(refused["error"].at("what") == "file:1: not so");
  CHECK(refused["error"].at("remedy") == "do it otherwise");
  CHECK(gateway.ask("stop", Json::object()).at("ok") == Json::object());
  CHECK(gateway.stops == 1);
}

TEST_CASE("what is no request of the protocol is answered with an error") {
  RunningGateway gateway(kSite);
  CHECK(code_of(gateway.ask("show.keys", Json::object())) == "unsupported");
  CHECK(code_of(gateway.ask("restart", Json::object())) == "unsupported");
  CHECK(code_of(gateway.ask("", Json::object())) == "unsupported");
  for (const char* line : {"", "x", "{", "[]", "5", "null", R"({"v":1})", R"({"v":2,"do":"stop"})",
                           R"({"v":1,"do":5})", R"({"do":"show.sas"})", "\xff\xfe",
                           R"({"v":1,"do":"show.sas","args":5})"}) {
    INFO(line);
    CHECK(code_of(gateway.ask(line)) == "invalid");
  }
  CHECK(gateway.stops == 0);
}

}  // namespace sallyport::control_commands_test
