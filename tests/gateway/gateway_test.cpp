#include "gateway/gateway.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/gateway/config_support.h"
#include "tests/gateway/running_gateway.h"

namespace sallyport::gateway_test {

using namespace test;

namespace {

const std::string kSite = policy_text("site", 2, R"("out", "in")") + sa_text("out", "out", 0x1001) +
                          sa_text("in", "in", 0x1002);

}  // namespace

TEST_CASE("a gateway opens with the ports, policies, SAs and routes of its configuration") {
  RunningGateway gateway(kSite);
  CHECK(gateway.column("show.ports", "name") == std::vector<std::string>{"lan", "wan"});
  CHECK(gateway.column("show.ports", "side") ==
        std::vector<std::string>{"protected", "unprotected"});
  CHECK(gateway.own_policies() == std::vector<std::string>{"site"});
  CHECK(gateway.column("show.policies", "name").back() == "(nothing matched)");
  std::vector<std::string> sas = gateway.column("show.sas", "name");
  std::ranges::sort(sas);
  CHECK(sas == std::vector<std::string>{"in", "out"});
  const std::vector<std::string> routes = gateway.column("show.routes", "to");
  for (const char* to : {"10.1.0.0/24", "10.1.0.1/32", "192.0.2.0/24", "2001:db8:f::/64"})
    CHECK(std::ranges::count(routes, to) == 1);
  CHECK(gateway.rows("show.workers").size() == 1);
  CHECK(gateway.rows("show.account").at(0).at("balance") == 0);
}

TEST_CASE("SAD-12: no view holds a key") {
  RunningGateway gateway(kSite);
  for (const char* view : {"show.sas", "show.policies", "show.ports", "show.workers"}) {
    const std::string text = gateway.rows(view).dump();
    CHECK(text.find(hex_key(20, 0x1001).substr(0, 16)) == std::string::npos);
    CHECK(text.find("key") == std::string::npos);
  }
}

TEST_CASE("an SA is added to a policy that protects, and removed") {
  RunningGateway gateway(kSite);
  REQUIRE(gateway->add_sa_text(sa_text("more", "out", 0x2001), "site"));
  CHECK(gateway.rows("show.sas").size() == 3);
  const auto twice = gateway->add_sa_text(sa_text("more", "out", 0x2001), "site");
  CHECK_FALSE(twice);
  REQUIRE(gateway->remove_sa("more"));
  CHECK(gateway.rows("show.sas").size() == 2);
  CHECK(gateway->remove_sa("more").error().code == Error::Code::NotFound);
  CHECK(gateway->add_sa_text(sa_text("other", "out", 0x2002), "nothing").error().code ==
        Error::Code::NotFound);
  CHECK(gateway.rows("show.sas").size() == 2);
}

TEST_CASE("an SA that finds no room is refused, and the others stay") {
  RunningGateway gateway(kSite, {.sas = 1});
  const Json before = gateway.everything();
  CHECK_FALSE(gateway->add_sa_text(sa_text("more", "out", 0x2001), "site"));
  CHECK(gateway.everything() == before);
}

TEST_CASE("a gateway that has gone leaves room for the next one") {
  for (int i = 0; i < 3; ++i) {
    RunningGateway gateway(kSite);
    CHECK(gateway.rows("show.sas").size() == 2);
  }
}

}  // namespace sallyport::gateway_test
