// [[sa]] and [[policy]]: traffic flow confidentiality, implicit IVs, nesting.
#include <catch2/catch.hpp>

#include "tests/gateway/config_support.h"

namespace sallyport::config_traffic_test {

using namespace test;

namespace {

constexpr std::string_view kCbc =
    "transform = \"aes128-cbc+hmac-sha1-96\"\nkey = { file = \"keys/16\" }\n"
    "integrity_key = { file = \"keys/20\" }\n";

std::string one_sa(std::string_view direction, std::string_view lines) {
  const std::string name(direction);
  const std::string_view other = direction == "out" ? ", \"in\"" : "\"out\", ";
  return kPorts + replaced(kPolicy, other, "") + "[[sa]]\nname = \"" + name + "\"\ndirection = \"" +
         name + "\"\nspi = 0x1001\n" + std::string(lines);
}

Sa sa_of(const std::string& text) {
  auto configuration = parse(text);
  INFO((configuration ? std::string() : to_string(configuration.error())));
  REQUIRE(configuration);
  return std::move(configuration->sas.at(0));
}

std::string said(const std::string& text) {
  const auto configuration = parse(text);
  return configuration ? "nothing was refused" : to_string(configuration.error());
}

std::string outbound(std::string_view lines) {
  return one_sa("out", std::string(lines) + std::string(kCbc));
}

}  // namespace

TEST_CASE("ESP-14, ESP-16: TFC padding is to a size, to a multiple, or both") {
  CHECK(sa_of(outbound("")).tfc_bytes == 0);
  CHECK(sa_of(outbound("tfc = { size = 1400 }\n")).tfc_bytes == 1400);
  const Sa both = sa_of(outbound("tfc = { size = 1400, multiple = 256 }\n"));
  CHECK(both.tfc_bytes == 1400);
  CHECK(both.tfc_multiple == 256);
  CHECK_THAT(said(outbound("tfc = {}\n")), Catch::Contains("tfc: says nothing"));
  CHECK_THAT(said(outbound("tfc = { multiple = 100 }\n")), Catch::Contains("a multiple of 100"));
  CHECK_THAT(said(outbound("tfc = { size = 16385 }\n")), Catch::Contains("size"));
  CHECK_THAT(said(outbound("tfc = { sise = 1 }\n")), Catch::Contains("sise"));
  CHECK_THAT(said(one_sa("in", "tfc = { size = 1400 }\n" + std::string(kCbc))),
             Catch::Contains("tfc is for outbound SAs"));
}

TEST_CASE("ESP-15, ESP-16: dummy packets have a rate and a size") {
  CHECK(sa_of(outbound("")).dummies == DummyRule{});
  CHECK(sa_of(outbound("dummies = { rate = 5, size = 512 }\n")).dummies ==
        DummyRule{.per_second = 5, .bytes = 512, .random_size = false});
  CHECK(sa_of(outbound("dummies = { rate = 10000, size = 1, random = true }\n")).dummies ==
        DummyRule{.per_second = 10000, .bytes = 1, .random_size = true});
  for (const char* wrong : {"rate = 0, size = 1", "rate = 10001, size = 1", "size = 1", "rate = 1",
                            "rate = 1, size = 0", "rate = 1, size = 1, random = 2"})
    CHECK_THAT(said(outbound("dummies = { " + std::string(wrong) + " }\n")),
               !Catch::Contains("nothing was refused"));
  CHECK_THAT(said(one_sa("in", "dummies = { rate = 5, size = 512 }\n" + std::string(kCbc))),
             Catch::Contains("dummies is for outbound SAs"));
}

TEST_CASE("ALG-10: implicit IVs by name, and no two senders under one key and salt") {
  const std::string iiv =
      "transform = \"aes128-gcm16-iiv\"\nunsafe_static_key = true\nkey = { file = \"keys/20\" }\n";
  CHECK(sa_of(one_sa("out", iiv)).transform.cipher == Cipher::AesGcm16Iiv128);
  const auto second = [&](const char* key, const char* transform) {
    return one_sa("out", iiv) +
           "[[sa]]\nname = \"in\"\ndirection = \"in\"\nspi = 0x1002\n"
           "unsafe_static_key = true\ntransform = \"" +
           transform +
           "\"\nselectors = { local = \"any\" }\nendpoints = { local = \"192.0.2.1\", " +
           "remote = \"192.0.2.2\" }\nkey = { file = \"keys/" + key + "\" }\n";
  };
  CHECK_THAT(said(second("20", "aes128-gcm16-iiv")), Catch::Contains("makes the same nonces"));
  CHECK_THAT(said(second("other-20", "aes128-gcm16-iiv")), Catch::Contains("nothing was refused"));
}

TEST_CASE("ARCH-08: loop_back is read, in a policy for all its SAs or in one of them") {
  const auto with_policy = [](std::string_view key) {
    return kPorts + replaced(kPolicy, "sas =", std::string(key) + "sas =") + kSas;
  };
  for (const auto& [key, wanted] : {std::pair{"", false}, std::pair{"loop_back = true, ", true}}) {
    auto configuration = parse(with_policy(key));
    REQUIRE(configuration);
    CHECK(configuration->policies[0].protect->loop_back == wanted);
    for (const Sa& sa : configuration->sas) CHECK(sa.loop_back == wanted);
  }
  CHECK(sa_of(outbound("loop_back = true\n")).loop_back);
  CHECK_THAT(said(outbound("loop_back = 1\n")), Catch::Contains("loop_back"));
}

TEST_CASE("ARCH-13: traffic flow rules and nesting survive export and import") {
  const auto text = outbound(
      "tfc = { size = 1400, multiple = 256 }\nloop_back = true\n"
      "dummies = { rate = 7, size = 99, random = true }\n");
  const auto once = to_toml(*parse(text));
  REQUIRE(once);
  const auto twice = to_toml(*parse(*once));
  REQUIRE(twice);
  CHECK(*twice == *once);
  const Sa before = sa_of(text);
  const Sa after = sa_of(*once);
  CHECK(after.tfc_bytes == before.tfc_bytes);
  CHECK(after.tfc_multiple == before.tfc_multiple);
  CHECK(after.dummies == before.dummies);
  CHECK(after.loop_back);
}

}  // namespace sallyport::config_traffic_test
