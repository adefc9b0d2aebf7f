#include "ctl/client.h"

#include <nlohmann/json.hpp>

#include "tests/ctl/answering_server.h"

namespace sallyport::client_test {

using namespace test;
using Json = nlohmann::json;

TEST_CASE("a request is one line with version, number, command and arguments") {
  AnsweringServer server({"{\"ok\":{}}\n", "{\"ok\":{}}\n"});
  {
    auto client = ControlClient::connect(server.path());
    REQUIRE(client);
    REQUIRE(client->ask("sa.remove", {{"name", "x"}}));
    REQUIRE(client->ask("stop", Json::object()));
  }
  REQUIRE(server.requests().size() == 2);
  CHECK(Json::parse(server.requests()[0]) ==
        Json{{"v", 1}, {"id", 1}, {"do", "sa.remove"}, {"args", {{"name", "x"}}}});
  CHECK(Json::parse(server.requests()[1]).at("id") == 2);
}

TEST_CASE("an answer in pieces is put together") {
  AnsweringServer server({"{\"id\":1,\"ok\":{\"rows\":[1,2,3]}}\n"}, 3);
  auto client = ControlClient::connect(server.path());
  const auto answer = client->ask("show.sas", Json::object());
  REQUIRE(answer);
  CHECK((*answer)["ok"]["rows"] == Json{1, 2, 3});
}

TEST_CASE("two answers that come together are taken one after the other") {
  AnsweringServer server({"{\"ok\":{\"n\":1}}\n{\"ok\":{\"n\":2}}\n", "{\"ok\":{\"n\":3}}\n"});
  auto client = ControlClient::connect(server.path());
  CHECK((*client->ask("stop", {}))["ok"]["n"] == 1);
  CHECK((*client->ask("stop", {}))["ok"]["n"] == 2);
}

TEST_CASE("an answer may be long") {
  const std::string text(3 << 20, 'x');
  AnsweringServer server({Json{{"ok", {{"text", text}}}}.dump() + "\n"}, 50'000);
  auto client = ControlClient::connect(server.path());
  const auto answer = client->ask("show.sas", Json::object());
  REQUIRE(answer);
  CHECK((*answer)["ok"]["text"] == text);
}

TEST_CASE("a gateway that goes in the middle of an answer, or before it, gave none") {
  for (const char* answer : {"", "{\"ok\":{\"ro"}) {
    AnsweringServer server({answer});
    auto client = ControlClient::connect(server.path());
    const auto got = client->ask("show.sas", Json::object());
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Error::Code::Io);
    CHECK(got.error().what == "the gateway closed the connection");
  }
}

TEST_CASE("what is no answer of the protocol is an error") {
  for (const char* answer : {"\n", "x\n", "5\n", "[]\n", "{}\n", "{\"ok\":5}\n",
                             "{\"error\":\"x\"}\n", "{\"ok\":{\"rows\":5}}\n", "\xff\n"}) {
    INFO(answer);
    AnsweringServer server({answer});
    auto client = ControlClient::connect(server.path());
    const auto got = client->ask("show.sas", Json::object());
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Error::Code::Io);
  }
}

TEST_CASE("text that is not UTF-8 is refused before it is sent") {
  AnsweringServer server({});
  auto client = ControlClient::connect(server.path());
  const auto got = client->ask("sa.remove", {{"name", "\xff\xfe"}});
  REQUIRE_FALSE(got);
  CHECK(got.error().code == Error::Code::Invalid);
  CHECK(server.requests().empty());
}

TEST_CASE("where nobody listens the error says what to do") {
  const auto client = ControlClient::connect("/nonexistent/control.sock");
  REQUIRE_FALSE(client);
  CHECK(client.error().code == Error::Code::NotFound);
  CHECK_FALSE(client.error().remedy.empty());
  CHECK(ControlClient::connect(std::string(200, 'x')).error().code == Error::Code::Invalid);
}

}  // namespace sallyport::client_test
