#include "crypto/suites.h"

#include <catch2/catch.hpp>
#include <string>

namespace sallyport {
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

TEST_CASE("SUITE-01: names are the RFC's to the letter, and VPN-A alone needs consent") {
  CHECK_FALSE(suite_by_name("vpn-a"));
  CHECK_FALSE(suite_by_name("VPN-C"));
  for (const Suite& suite : all_suites()) {
    CHECK(suite_by_name(suite.name)->name == suite.name);
    CHECK(needs_consent(suite.esp.front()) == (suite.name == "VPN-A"));
    CHECK(validate(suite.esp.front()));
  }
}

}  // namespace sallyport
