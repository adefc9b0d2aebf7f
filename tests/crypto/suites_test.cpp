#include "crypto/suites.h"

#include <catch2/catch.hpp>
#include <string>

namespace sallyport::suites_test {
namespace {

std::string esp_of(std::string_view name) {
  const std::optional<Suite> suite = suite_by_name(name);
  if (!suite || suite->esp.size() != 1) return "";
  return to_string(suite->esp.front());
}

}  // namespace

TEST_CASE("SUITE-01, SUITE-02: the suites of RFC 4308") {
  CHECK(esp_of("VPN-A") == "3des-cbc+hmac-sha1-96");
  CHECK(esp_of("VPN-B") == "aes128-cbc+aes-xcbc-96");
}

TEST_CASE("SUITE-03, SUITE-04, SUITE-05, SUITE-06: the suites of RFC 6379") {
  CHECK(esp_of("Suite-B-GCM-128") == "aes128-gcm16");
  CHECK(esp_of("Suite-B-GCM-256") == "aes256-gcm16");
  CHECK(esp_of("Suite-B-GMAC-128") == "aes128-gmac");
  CHECK(esp_of("Suite-B-GMAC-256") == "aes256-gmac");
}

TEST_CASE("SUITE-01, SUITE-02, SUITE-03, SUITE-04, SUITE-05, SUITE-06: what suites say of IKE") {
  const auto ike = [](std::string_view name) { return ike_proposal(*suite_by_name(name)); };
  CHECK(ike("VPN-A") ==
        IkeProposal{
            {Cipher::TripleDesCbc}, {Integrity::HmacSha1_96}, {Prf::HmacSha1}, {Group::Modp1024}});
  CHECK(
      ike("VPN-B") ==
      IkeProposal{{Cipher::AesCbc128}, {Integrity::AesXcbc_96}, {Prf::AesXcbc}, {Group::Modp2048}});
  CHECK(ike("Suite-B-GCM-128") ==
        IkeProposal{
            {Cipher::AesCbc128}, {Integrity::HmacSha256_128}, {Prf::HmacSha256}, {Group::Ecp256}});
  CHECK(ike("Suite-B-GCM-256") ==
        IkeProposal{
            {Cipher::AesCbc256}, {Integrity::HmacSha384_192}, {Prf::HmacSha384}, {Group::Ecp384}});
  CHECK(ike("Suite-B-GMAC-128") == ike("Suite-B-GCM-128"));
  CHECK(ike("Suite-B-GMAC-256") == ike("Suite-B-GCM-256"));
}

TEST_CASE("SUITE-01: names are the RFC's to the letter, and VPN-A alone needs consent") {
  CHECK_FALSE(suite_by_name("vpn-a"));
  CHECK_FALSE(suite_by_name("VPN-C"));
  for (const Suite& suite : all_suites()) {
    CHECK(suite_by_name(suite.name)->name == suite.name);
    CHECK(needs_consent(suite.esp.front()) == (suite.name == "VPN-A"));
    CHECK(validate(suite.esp.front()));
  }
}

}  // namespace sallyport::suites_test
