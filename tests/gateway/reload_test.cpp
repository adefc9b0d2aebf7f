// A reload takes over what changed and nothing else, or fails and changes nothing.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "tests/gateway/running_gateway.h"

namespace sallyport::reload_test {

using namespace test;

namespace {

const std::string kPair = sa_text("out", "out", 0x1001) + sa_text("in", "in", 0x1002);
const std::string kSite = policy_text("site", 2, R"("out", "in")") + kPair;
const RunningGateway::Settings kFull{.sas = 1};  // kSite fills it

// "other" protects by "used", whose 2^32 numbers may have been used.
const std::string kOther =
    policy_text("other", 3, R"("used")") + sa_text("used", "out", 0x2001) + "esn = false\n";
std::string file_of_used_numbers() {
  const RunningGateway gateway(kOther);
  std::ifstream file(gateway.directory() / "sequence-numbers");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  text.erase(text.rfind(' '));
  return text + " 4294967296\n";
}

Json row_named(const Json& rows, const std::string& name) {
  for (const Json& row : rows)
    if (row.at("name") == name) return row;
  return nullptr;
}

}  // namespace

TEST_CASE("a reload of the same configuration changes nothing") {
  RunningGateway gateway(kSite);
  const Json before = gateway.everything();
  REQUIRE(gateway.reload(kSite));
  CHECK(gateway.everything() == before);
}

TEST_CASE("a reload gives an SA another name") {
  RunningGateway gateway(kSite);
  const auto done = gateway.reload(policy_text("site", 2, R"("fresh", "in")") +
                                   sa_text("fresh", "out", 0x1001) + sa_text("in", "in", 0x1002));
  if (!done) FAIL(to_string(done.error()));
  const Json sas = gateway.rows("show.sas");
  CHECK(sas.size() == 2);
  CHECK(row_named(sas, "out") == nullptr);
  CHECK(row_named(sas, "fresh").at("spi") == "0x00001001");
  const Json site = row_named(gateway.rows("show.policies"), "site");
  CHECK(site.at("protect").at("sas") == Json{"fresh", "in"});
}

TEST_CASE("a reload orders policies anew; their SAs live on") {
  const std::string first = policy_text("first", 2, R"("out", "in")");
  const std::string second =
      "[[policy]]\nname = \"second\"\nremote = \"10.3.0.0/24\"\n"
      "action = \"bypass\"\n";
  RunningGateway gateway(first + second + kPair);
  CHECK(gateway.own_policies() == std::vector<std::string>{"first", "second"});
  gateway.clock().advance(std::chrono::seconds(100));
  REQUIRE(gateway.reload(second + first + kPair));
  CHECK(gateway.own_policies() == std::vector<std::string>{"second", "first"});
  for (const Json& sa : gateway.rows("show.sas")) CHECK(sa.at("age_seconds") == 100);
}

TEST_CASE("a reload adds a policy with its SAs and removes another with its own") {
  RunningGateway gateway(kSite);
  const std::string more = policy_text("more", 3, R"("more-out", "more-in")") +
                           sa_text("more-out", "out", 0x2001) + sa_text("more-in", "in", 0x2002);
  REQUIRE(gateway.reload(kSite + more));
  CHECK(gateway.own_policies() == std::vector<std::string>{"site", "more"});
  CHECK(gateway.rows("show.sas").size() == 4);
  REQUIRE(gateway.reload(more));
  CHECK(gateway.own_policies() == std::vector<std::string>{"more"});
  CHECK(gateway.rows("show.sas").size() == 2);
  CHECK(row_named(gateway.rows("show.sas"), "out") == nullptr);
}

TEST_CASE("a reload changes routes and static neighbours") {
  RunningGateway gateway(kSite);
  const std::string route = "[[route]]\nto = \"10.9.0.0/16\"\nvia = \"192.0.2.2\"\n";
  const std::string neighbour =
      "[[neighbour]]\nport = \"wan\"\naddress = \"192.0.2.2\"\n"
      "mac = \"02:00:00:00:00:02\"\n";
  const Json before = gateway.everything();
  REQUIRE(gateway.reload(kSite + route + neighbour));
  const Json routes = gateway.rows("show.routes");
  CHECK(std::ranges::any_of(routes, [](const Json& row) { return row.at("to") == "10.9.0.0/16"; }));
  CHECK(gateway.rows("show.neighbours").size() == 1);
  REQUIRE(gateway.reload(kSite));
  CHECK(gateway.everything() == before);
}

TEST_CASE("a reload replaces an SA of the same name while [limits] sas is full") {
  RunningGateway gateway(kSite, kFull);
  const auto done = gateway.reload(policy_text("site", 2, R"("out", "in")") +
                                   sa_text("out", "out", 0x2001) + sa_text("in", "in", 0x1002));
  if (!done) FAIL(to_string(done.error()));
  CHECK(gateway.rows("show.sas").size() == 2);
  CHECK(row_named(gateway.rows("show.sas"), "out").at("spi") == "0x00002001");
}

TEST_CASE("a reload replaces both SAs by others while [limits] sas is full, again and again") {
  RunningGateway gateway(kSite, kFull);
  for (unsigned i = 1; i <= 5; ++i) {
    const std::string number = std::to_string(i);
    const auto done = gateway.reload(
        policy_text("site", 2, "\"out" + number + "\", \"in" + number + "\"") +
        sa_text("out" + number, "out", 0x2000 + i) + sa_text("in" + number, "in", 0x3000 + i));
    if (!done) FAIL(to_string(done.error()));
    CHECK(gateway.rows("show.sas").size() == 2);
    CHECK_FALSE(row_named(gateway.rows("show.sas"), "out" + number) == nullptr);
  }
}

TEST_CASE("a reload with more SAs than the limit changes nothing") {
  RunningGateway gateway(kSite, kFull);
  const Json before = gateway.everything();
  CHECK_FALSE(gateway.reload(policy_text("other", 3, R"("a", "b", "in")") +
                             sa_text("a", "out", 0x2001) + sa_text("b", "out", 0x2002) +
                             sa_text("in", "in", 0x1002)));
  CHECK(gateway.everything() == before);
  REQUIRE(gateway.reload(kSite));
  CHECK(gateway.everything() == before);
}

TEST_CASE("a reload with more policies than the limit changes nothing") {
  RunningGateway gateway(kSite, {.policies = 24});
  const Json before = gateway.everything();
  std::string many = sa_text("other", "out", 0x2001) + policy_text("new", 3, R"("other")");
  for (unsigned i = 0; i < 24; ++i)
    many += "[[policy]]\nname = \"p" + std::to_string(i) + "\"\nremote = \"10.3." +
            std::to_string(i) + ".0/24\"\naction = \"bypass\"\n";
  CHECK_FALSE(gateway.reload(many));
  CHECK(gateway.everything() == before);
  REQUIRE(gateway.reload(kSite));
  CHECK(gateway.everything() == before);
}

TEST_CASE("a reload whose sequence numbers cannot be saved changes nothing") {
  RunningGateway gateway(kSite);
  const Json before = gateway.everything();
  const auto obstacle = gateway.directory() / "sequence-numbers.new";
  std::filesystem::create_directories(obstacle / "in-the-way");
  CHECK_FALSE(gateway.reload(policy_text("other", 3, R"("a", "b")") + sa_text("a", "out", 0x2001) +
                             sa_text("b", "in", 0x2002)));
  CHECK(gateway.everything() == before);
  std::filesystem::remove_all(obstacle);
}

TEST_CASE("MAN-02, ESP-10: an SA whose numbers are all used is there, and has none left") {
  RunningGateway gateway(kSite, {.sequence_numbers = file_of_used_numbers()});
  REQUIRE(gateway.reload(kOther));
  CHECK(row_named(gateway.rows("show.sas"), "used").at("sequence") == 0xffffffffu);
  REQUIRE(gateway.reload(kSite));
  REQUIRE(gateway.reload(kOther));
  CHECK(row_named(gateway.rows("show.sas"), "used").at("sequence") == 0xffffffffu);
}

TEST_CASE("a reload that needs a restart changes nothing") {
  RunningGateway gateway(kSite);
  const Json before = gateway.everything();
  const auto done = gateway.reload("[[spd]]\nname = \"another\"\n");
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Error::Code::Refused);
  CHECK(gateway.everything() == before);
}

}  // namespace sallyport::reload_test
