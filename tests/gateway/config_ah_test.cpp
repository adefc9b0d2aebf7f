// AH in [[policy]] and [[sa]]: transforms, alignment, keys, and what is refused.
#include <catch2/catch.hpp>

#include "tests/gateway/config_support.h"

namespace sallyport::config_ah_test {

using namespace test;

namespace {

// One inbound SA of an AH policy; its last lines are given.
std::string ah_with(std::string_view lines, std::string_view head = "") {
  return std::string(head) + kPorts +
         replaced(replaced(kPolicy, "\"out\", ", ""), "sas =", "protocol = \"ah\", sas =") +
         "[[sa]]\nname = \"in\"\ndirection = \"in\"\nspi = 0x1002\n" + std::string(lines);
}

constexpr std::string_view kSha1 =
    "transform = \"hmac-sha1-96\"\nintegrity_key = { file = \"keys/20\" }\n";

Configuration good(std::string_view text, const MemoryFiles& files = sample_files()) {
  auto configuration = parse(text, files);
  INFO((configuration ? std::string() : to_string(configuration.error())));
  REQUIRE(configuration);
  return std::move(*configuration);
}

std::string said(const Expected<Configuration>& configuration) {
  return configuration ? "nothing was refused" : to_string(configuration.error());
}

std::vector<std::uint8_t> octets(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

TEST_CASE("AH-17, MAN-01: an AH SA has an integrity algorithm and its key, and nothing else") {
  const Configuration configuration = good(ah_with(kSha1));
  CHECK(configuration.policies[0].protect->protocol == IpsecProtocol::Ah);
  const Sa& sa = configuration.sas[0];
  CHECK(sa.protocol == IpsecProtocol::Ah);
  CHECK(sa.transform == Transform{Cipher::Null, Integrity::HmacSha1_96});
  CHECK(sa.cipher_key.empty());
  CHECK(sa.integrity_key.size() == 20);
  CHECK(sa.ah_alignment == 4);
  CHECK(good(ah_with("ah_alignment = 8\n" + std::string(kSha1))).sas[0].ah_alignment == 8);
}

TEST_CASE("ALG-11, ALG-16, ALG-17, ALG-18: every integrity algorithm is AH's, with its own keys") {
  for (const IntegrityFacts& row : all_integrities()) {
    if (row.id == Integrity::None) continue;
    INFO(row.name);
    MemoryFiles files;
    files.keys["/etc/sallyport/k"] = hex_key(row.key_bytes + row.salt_bytes, 3);
    files.keys["/etc/sallyport/long"] = hex_key(row.key_bytes + row.salt_bytes + 1u, 3);
    const std::string lines =
        "unsafe_static_key = true\ntransform = \"" + std::string(row.name) + "\"\n";
    const std::string_view allow = "[crypto]\nallow = [\"hmac-md5-96\"]\n";
    const Configuration configuration =
        good(ah_with(lines + "integrity_key = { file = \"k\" }\n", allow), files);
    CHECK(configuration.sas[0].integrity_key.size() == row.key_bytes);
    CHECK(configuration.sas[0].salt.size() == row.salt_bytes);
    CHECK_THAT(said(parse(ah_with(lines + "integrity_key = { file = \"long\" }\n", allow), files)),
               Catch::Contains("octets are not what " + std::string(row.name) + " takes"));
    CHECK_THAT(said(parse(ah_with(lines, allow), files)),
               Catch::Contains("integrity_key is missing"));
  }
}

TEST_CASE("ALG-15, MAN-02: AH with GMAC takes a salt behind its key or apart, and consent") {
  const std::string gmac = "transform = \"aes128-gmac\"\n";
  const std::string consent = "unsafe_static_key = true\n";
  const Configuration behind =
      good(ah_with(gmac + consent + "integrity_key = { file = \"keys/20\" }\n"));
  const Configuration apart = good(ah_with(
      gmac + consent + "integrity_key = { file = \"keys/16\" }\nsalt = { file = \"keys/4\" }\n"));
  CHECK(octets(behind.sas[0].integrity_key.view()) == octets(apart.sas[0].integrity_key.view()));
  CHECK(octets(behind.sas[0].salt.view()) == std::vector<std::uint8_t>{17, 18, 19, 20});
  CHECK(apart.key_files.at("in") ==
        KeyFiles{{}, "/etc/sallyport/keys/4", "/etc/sallyport/keys/16"});
  CHECK_THAT(said(parse(ah_with(gmac + "integrity_key = { file = \"keys/20\" }\n"))),
             Catch::Contains("aes128-gmac breaks where a nonce repeats") &&
                 Catch::Contains("(hmac-sha256-128, or unsafe_static_key = true)"));
}

TEST_CASE("AH-03, AH-17: what an AH SA refuses") {
  const auto refusal = GENERATE(values<std::pair<std::string_view, std::string_view>>({
      {"transform = \"none\"", "AH without integrity protects nothing"},
      {"transform = \"null\"", "AH without integrity protects nothing"},
      {"transform = \"aes128-gcm16\"", "AH does not encrypt: aes128-gcm16 is for ESP"},
      {"transform = \"aes128-cbc+hmac-sha1-96\"", "AH does not encrypt: aes128-cbc is for ESP"},
      {"transform = \"VPN-B\"", "unknown integrity algorithm \"VPN-B\""},
      {"transform = \"hmac-md5-96\"", "hmac-md5-96 is weak or unusual"},
      {"ah_alignment = 6", "ah_alignment: 6 is no alignment of AH (4, or 8 for Linux)"},
      {"ah_alignment = 16", "ah_alignment: 16 is out of range"},
      {"key = { file = \"keys/16\" }", "key: hmac-sha1-96 takes none"},
      {"salt = { file = \"keys/4\" }", "salt: hmac-sha1-96 takes none"},
      {"encapsulation = {}", "AH cannot be encapsulated in UDP"},
  }));
  const std::string own(refusal.first);
  const std::string lines = own.starts_with("transform")
                                ? own + "\nintegrity_key = { file = \"keys/20\" }\n"
                                : own + "\n" + std::string(kSha1);
  CHECK_THAT(said(parse(ah_with(lines))), Catch::Contains(std::string(refusal.second)));
}

TEST_CASE("AH-03: ESP has no AH alignment") {
  CHECK_THAT(said(parse(ah_with("protocol = \"esp\"\nah_alignment = 8\n"
                                "transform = \"aes128-cbc+hmac-sha1-96\"\n"
                                "key = { file = \"keys/16\" }\n"
                                "integrity_key = { file = \"keys/20\" }\n"))),
             Catch::Contains("ah_alignment is for AH"));
}

TEST_CASE("AH-17: proposals of an AH policy are integrity algorithms") {
  const auto proposals = [](std::string_view list) {
    return parse(replaced(ah_with(kSha1), "protocol = \"ah\",",
                          "protocol = \"ah\", proposals = [" + std::string(list) + "],"));
  };
  const auto configuration = proposals("\"hmac-sha1-96\", \"aes256-gmac\"");
  INFO(said(configuration));
  REQUIRE(configuration);
  CHECK(configuration->policies[0].protect->proposals ==
        std::vector<Transform>{{Cipher::Null, Integrity::HmacSha1_96},
                               {Cipher::Null, Integrity::AesGmac256}});
  CHECK_THAT(said(proposals("\"aes128-gcm16\"")), Catch::Contains("AH does not encrypt"));
}

TEST_CASE("ARCH-13: an AH SA's export reads back as itself, byte for byte") {
  const Configuration first =
      good(ah_with("ah_alignment = 8\nunsafe_static_key = true\ntransform = \"aes128-gmac\"\n"
                   "integrity_key = { file = \"keys/16\" }\nsalt = { file = \"keys/4\" }\n"));
  const auto text = to_toml(first);
  REQUIRE(text);
  CHECK_THAT(*text,
             Catch::Contains("ah_alignment = 8") && Catch::Contains("transform = \"aes128-gmac\""));
  const Configuration second = good(*text);
  CHECK(*to_toml(second) == *text);
  CHECK(second.sas[0].protocol == IpsecProtocol::Ah);
}

}  // namespace sallyport::config_ah_test
