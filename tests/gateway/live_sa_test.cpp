// `sallyportctl sa add`: the text of one [[sa]] table.
#include "gateway/config/live_sa.h"

#include <catch2/catch.hpp>

#include "tests/gateway/config_support.h"

namespace sallyport::live_sa_test {

using namespace test;

namespace {

std::string late_sa(std::string_view more = "") {
  return "[[sa]]\nname = \"late\"\ndirection = \"in\"\nspi = 0x1009\n"
         "transform = \"aes128-cbc+hmac-sha1-96\"\nkey = \"" +
         hex_key(16) + "\"\nintegrity_key = \"" + hex_key(20) + "\"\n" + std::string(more);
}

Configuration running_gateway() {
  auto configuration = parse(kPorts + kPolicy + kSas);
  REQUIRE(configuration);
  return std::move(*configuration);
}

}  // namespace

TEST_CASE("an SA that is added while the gateway runs is read by the same rules") {
  const Configuration running = running_gateway();
  const std::string text = late_sa();
  const auto sa = parse_live_sa(text, running.policies.front(), running);
  INFO((sa ? "" : to_string(sa.error())));
  REQUIRE(sa);
  CHECK(sa->endpoints == running.policies[0].protect->endpoints);
  CHECK(sa->selectors == running.policies[0].selectors);
  CHECK(sa->cipher_key.view().back() == 16);
  CHECK_THAT(
      to_string(parse_live_sa(text + "colour = 1\n", running.policies.front(), running).error()),
      Catch::StartsWith("sa.add:8:1: unknown key \"colour\""));
  CHECK_FALSE(parse_live_sa(text + text, running.policies.front(), running));
  CHECK_FALSE(parse_live_sa("", running.policies.front(), running));
  CHECK_FALSE(parse_live_sa("[limits]\nsas = 1\n" + text, running.policies.front(), running));
}

TEST_CASE("SPD-10: an SA that is added must be as its policy says, between addresses of ours") {
  const Configuration running = running_gateway();
  const auto said = [&](std::string_view more) {
    const auto sa = parse_live_sa(late_sa(more), running.policies.front(), running);
    return sa ? std::string() : to_string(sa.error());
  };
  CHECK(said("") == "");
  CHECK_THAT(said("mode = \"transport\"\n"), Catch::Contains("SA \"late\" has another mode"));
  CHECK_THAT(said("endpoints = { local = \"192.0.2.1\", remote = \"192.0.2.9\" }\n"),
             Catch::Contains("SA \"late\" has other endpoints"));
  CHECK_THAT(said("endpoints = { local = \"192.0.2.8\", remote = \"192.0.2.2\" }\n"),
             Catch::Contains("is no address of a port"));
}

TEST_CASE("a key file of an SA that is added has its whole path") {
  const Configuration running = running_gateway();
  const std::string text =
      replaced(late_sa(), "key = \"" + hex_key(16) + "\"", "key = { file = \"keys/16\" }");
  const auto sa = parse_live_sa(text, running.policies.front(), running);
  REQUIRE_FALSE(sa);
  CHECK_THAT(to_string(sa.error()), Catch::Contains("the whole path of the file"));
}

}  // namespace sallyport::live_sa_test
