// `sallyportctl policy add`: the text of one [[policy]] table.
#include "gateway/config/live_policy.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/gateway/config_support.h"

namespace sallyport::live_policy_test {

using namespace test;

namespace {

Configuration running_gateway() {
  auto configuration =
      parse("[[spd]]\nname = \"default\"\n[[spd]]\nname = \"other\"\n" + kPorts + kPolicy + kSas);
  REQUIRE(configuration);
  return std::move(*configuration);
}

Expected<Policy> live_policy(std::string_view text, const Configuration& running) {
  return parse_live_policy(text, running, [&](const std::string& name) -> const Sa* {
    const auto found = std::ranges::find(running.sas, name, &Sa::name);
    return found == running.sas.end() ? nullptr : &*found;
  });
}

std::string said(const Expected<Policy>& policy) {
  return policy ? std::string() : to_string(policy.error());
}

const std::string kEndpoints = R"(endpoints = { local = "192.0.2.1", remote = "192.0.2.2" })";

std::string late_policy(const std::string& more = "") {
  return "[[policy]]\nname = \"late\"\nremote = \"10.3.0.0/16\"\naction = \"protect\"\n" + more;
}

}  // namespace

TEST_CASE("a policy that is added while the gateway runs is read by the same rules") {
  const Configuration running = running_gateway();
  const auto policy = live_policy(
      late_policy("spd = \"other\"\nprotect = { " + kEndpoints + ", sas = [\"out\"] }\n"), running);
  INFO(said(policy));
  REQUIRE(policy);
  CHECK(policy->name == "late");
  CHECK(policy->spd == SpdId{1});
  CHECK(policy->action == PolicyAction::Protect);
  CHECK(policy->protect->sas == std::vector<std::string>{"out"});
}

TEST_CASE("what is wrong with an added policy is named with its place") {
  const Configuration running = running_gateway();
  const auto refused = [&](const std::string& text) { return said(live_policy(text, running)); };
  CHECK_THAT(refused(late_policy("colour = 1\n")),
             Catch::Contains("policy:5:1: unknown key \"colour\""));
  CHECK_THAT(refused("[[policy]]\nname = \"x\"\naction = \"allow\"\n"),
             Catch::StartsWith("policy:3:"));
  CHECK_THAT(refused("[[policy]]\nname = \"x\"\naction = \"bypass\"\nspd = \"none\"\n"),
             Catch::Contains("there is no [[spd]] \"none\""));
  CHECK_THAT(refused("[[policy]]\nname = \"default-x\"\naction = \"bypass\"\n"),
             Catch::Contains("a name for the default policies"));
  CHECK_THAT(refused("[[policy]]\nname = \"x\"\naction = \"bypass\"\nlocal_port = 5\n"),
             Catch::StartsWith("policy:4:"));
  CHECK_THAT(refused("[[policy\n"), Catch::StartsWith("policy:1:"));
}

TEST_CASE("SPD-10: the SAs of an added policy are live, and as it says") {
  const Configuration running = running_gateway();
  CHECK_THAT(said(live_policy(late_policy("protect = { " + kEndpoints + ", sas = [\"nobody\"] }\n"),
                              running)),
             Catch::Contains("policy:5:") && Catch::Contains("there is no [[sa]] \"nobody\""));
  CHECK_THAT(said(live_policy(late_policy("protect = { endpoints = { local = \"192.0.2.1\", remote "
                                          "= \"192.0.2.9\" }, sas = [\"out\"] }\n"),
                              running)),
             Catch::Contains("SA \"out\" has other endpoints"));
  CHECK_THAT(said(live_policy(late_policy("protect = { mode = \"transport\" }\n"), running)),
             Catch::Contains("is in transport mode for addresses that are not ours"));
}

TEST_CASE("a text that is not one policy is refused") {
  const Configuration running = running_gateway();
  const std::string bypass = "[[policy]]\nname = \"x\"\naction = \"bypass\"\n";
  CHECK(live_policy(bypass, running));
  for (const std::string& text :
       {std::string(), bypass + bypass, "[limits]\nsas = 1\n" + bypass, std::string("[policy]\n"),
        std::string("policy = 5\n"), std::string("policy = [5]\n"), kSas}) {
    INFO(text);
    CHECK_FALSE(live_policy(text, running));
  }
}

}  // namespace sallyport::live_policy_test
