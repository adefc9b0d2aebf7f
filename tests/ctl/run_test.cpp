#include "ctl/run.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/ctl/answering_server.h"

namespace sallyport::run_test {

using namespace test;
using Json = nlohmann::json;

namespace {

struct Outcome {
  ExitStatus status;
  std::string out;
  std::string err;
};

Outcome run(std::vector<std::string> words, const std::filesystem::path& socket) {
  words.insert(words.begin(), {"--socket", socket});
  const auto command = read_command(words);
  REQUIRE(command);
  std::ostringstream out;
  std::ostringstream err;
  const ExitStatus status = run_command(*command, out, err);
  return {status, out.str(), err.str()};
}

std::string answer(const Json& json) { return json.dump() + '\n'; }

}  // namespace

TEST_CASE("show prints a table") {
  const Json routes = {{"id", 1},
                       {"ok", {{"rows", {{{"to", "10.0.0.0/8"}, {"kind", "on link"}}}}}}};
  AnsweringServer table({answer(routes)});
  const Outcome people = run({"show", "routes"}, table.path());
  CHECK(people.status == ExitStatus::Done);
  CHECK(people.out == "to          kind     via  port\n10.0.0.0/8  on link\n");
  CHECK(people.err.empty());
}

TEST_CASE("--json prints the answer as it came") {
  const Json routes = {{"id", 1}, {"ok", {{"rows", {{{"to", "10.0.0.0/8"}}}}}}};
  AnsweringServer server({answer(routes)});
  const Outcome programs = run({"show", "routes", "--json"}, server.path());
  CHECK(programs.status == ExitStatus::Done);
  CHECK(Json::parse(programs.out) == routes);
}

TEST_CASE("all pages of a list become one") {
  AnsweringServer server({answer({{"ok", {{"rows", {{{"to", "a"}}, {{"to", "b"}}}}, {"next", 2}}}}),
                          answer({{"ok", {{"rows", {{{"to", "c"}}}}}}})});
  const Outcome outcome = run({"show", "routes", "--json"}, server.path());
  CHECK(outcome.status == ExitStatus::Done);
  const Json all = Json::parse(outcome.out);
  CHECK(all["ok"]["rows"].size() == 3);
  CHECK_FALSE(all["ok"].contains("next"));
  REQUIRE(server.requests().size() == 2);
  CHECK(Json::parse(server.requests()[1])["args"]["cursor"] == 2);
}

TEST_CASE("show drops --all asks for all") {
  AnsweringServer server({answer({{"ok", {{"rows", Json::array()}}}})});
  CHECK(run({"show", "drops", "--all"}, server.path()).status == ExitStatus::Done);
  CHECK(Json::parse(server.requests().at(0))["args"]["all"] == true);
}

TEST_CASE("explain prints the packet's way as aligned lines, or the answer as it came") {
  const Json told = {{"ok",
                      {{"packet", {{"from", "10.1.0.5"}, {"to", "10.2.0.9"}, {"protocol", "icmp"}}},
                       {"in", "lan"},
                       {"route", {{"kind", "none"}, {"port", ""}}},
                       {"crosses", false},
                       {"verdict", "discarded: no_route"}}}};
  AnsweringServer server({answer(told)});
  const Outcome outcome = run({"explain", "--from", "10.1.0.5", "--to", "10.2.0.9"}, server.path());
  CHECK(outcome.status == ExitStatus::Done);
  CHECK(outcome.out ==
        "packet    10.1.0.5 to 10.2.0.9, icmp, in by lan\n"
        "route     none\n"
        "boundary  not crossed\n"
        "verdict   discarded: no_route\n");
  const Json asked = Json::parse(server.requests().at(0));
  CHECK(asked["do"] == "explain");
  CHECK(asked["args"] == Json{{"from", "10.1.0.5"}, {"to", "10.2.0.9"}});
  AnsweringServer other({answer(told)});
  const Outcome programs =
      run({"--json", "explain", "--from", "10.1.0.5", "--to", "10.2.0.9"}, other.path());
  CHECK(Json::parse(programs.out) == told);
}

TEST_CASE("lint-policies follows its pages, the empty ones too") {
  const Json row = {{"spd", "default"},      {"policy", "b"}, {"position", 1},
                    {"finding", "shadowed"}, {"by", {"a"}},   {"meaning", "b decides nothing"}};
  AnsweringServer server({answer({{"ok", {{"rows", Json::array()}, {"next", 0}}}}),
                          answer({{"ok", {{"rows", Json::array({row})}, {"next", 2}}}}),
                          answer({{"ok", {{"rows", Json::array()}}}})});
  const Outcome outcome = run({"lint-policies"}, server.path());
  CHECK(outcome.status == ExitStatus::Done);
  CHECK(outcome.out ==
        "SPD      policy  finding   by  meaning\n"
        "default  b       shadowed  a   b decides nothing\n");
  CHECK(server.requests().size() == 3);
}

TEST_CASE("policy commands send what was typed as text, numbers and flags") {
  AnsweringServer server({answer({{"ok", Json::object()}})});
  CHECK(run({"policy", "move", "x", "--at", "2"}, server.path()).status == ExitStatus::Done);
  const Json asked = Json::parse(server.requests().at(0));
  CHECK(asked["do"] == "policy.move");
  CHECK(asked["args"] == Json{{"name", "x"}, {"at", 2}});
  AnsweringServer other({answer({{"ok", Json::object()}})});
  CHECK(run({"policy", "move", "x", "--last"}, other.path()).out.empty());
  CHECK(Json::parse(other.requests().at(0))["args"] == Json{{"name", "x"}, {"last", true}});
}

TEST_CASE("a refusal is told with its remedy, status 1") {
  const Json refusal = {
      {"id", 1},
      {"error", {{"code", "not_found"}, {"what", "there is no SA"}, {"remedy", "name one"}}}};
  AnsweringServer server({answer(refusal)});
  const Outcome outcome = run({"sa", "remove", "x"}, server.path());
  CHECK(outcome.status == ExitStatus::Refused);
  CHECK(outcome.out.empty());
  CHECK(outcome.err == "there is no SA (name one)\n");
}

TEST_CASE("a refusal in JSON goes where answers go, status 1") {
  const Json refusal = {{"error", {{"code", "refused"}, {"what", "no"}}}};
  AnsweringServer server({answer(refusal)});
  const Outcome outcome = run({"--json", "reload"}, server.path());
  CHECK(outcome.status == ExitStatus::Refused);
  CHECK(Json::parse(outcome.out) == refusal);
  CHECK(outcome.err.empty());
}

TEST_CASE("a gateway that is not there, or goes, is status 3") {
  const Outcome absent = run({"reload"}, "/nonexistent/control.sock");
  CHECK(absent.status == ExitStatus::NotReachable);
  CHECK(absent.err.find("no gateway answers") != std::string::npos);
  AnsweringServer server({"{\"ok\":"});
  const Outcome gone = run({"reload"}, server.path());
  CHECK(gone.status == ExitStatus::NotReachable);
  CHECK(gone.err.find("closed the connection") != std::string::npos);
}

TEST_CASE("an argument that is not UTF-8 is wrong usage, status 2") {
  AnsweringServer server({});
  const Outcome outcome = run({"sa", "remove", "\xff"}, server.path());
  CHECK(outcome.status == ExitStatus::Usage);
  CHECK(outcome.err.find("UTF-8") != std::string::npos);
}

TEST_CASE("monitor prints what is new, a line each, until the gateway goes") {
  AnsweringServer server({answer({{"ok", {{"rows", {{{"number", 4}}, {{"number", 7}}}}}}}),
                          answer({{"ok", {{"rows", {{{"number", 8}}}}}}})});
  const Outcome outcome = run({"monitor"}, server.path());
  CHECK(outcome.status == ExitStatus::NotReachable);
  CHECK(outcome.out == "{\"number\":4}\n{\"number\":7}\n{\"number\":8}\n");
  REQUIRE(server.requests().size() == 2);
  CHECK(Json::parse(server.requests()[0])["args"]["after"] == 0);
  CHECK(Json::parse(server.requests()[1])["args"]["after"] == 7);
}

}  // namespace sallyport::run_test
