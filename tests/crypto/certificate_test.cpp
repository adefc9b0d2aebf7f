#include "crypto/certificate.h"

#include <openssl/err.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "crypto/openssl_objects.h"
#include "tests/support/test_pki.h"

namespace sallyport::certificate_test {
namespace {

using Octets = std::vector<std::uint8_t>;
using Catch::Contains;

}  // namespace

TEST_CASE("CERT-01: a certificate's fields are read as they were put in") {
  const TestAuthority authority;
  const TestIdentity vpn = authority.issue(
      {.subject = "C=CH, O=Example, CN=vpn",
       .key = TestKey::Ed25519,
       .extensions = {
           {"subjectAltName",
            "DNS:vpn.example.org,email:ops@example.org,IP:192.0.2.1,DNS:vpn2.example.org,"
            "IP:2001:db8::1,URI:http://example.org/"}}});
  const Certificate& certificate = vpn.certificate;
  CHECK(print_distinguished_name(certificate.subject()) == "C=CH, O=Example, CN=vpn");
  CHECK(certificate.subject() == parse_distinguished_name("C=CH, O=Example, CN=vpn").value());
  CHECK(certificate.issuer() == authority.certificate().subject());
  CHECK(certificate.dns_names() == std::vector<std::string>{"vpn.example.org", "vpn2.example.org"});
  CHECK(certificate.mail_addresses() == std::vector<std::string>{"ops@example.org"});
  CHECK(certificate.ip_addresses() ==
        std::vector<Octets>{{192, 0, 2, 1},
                            {0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}});
  CHECK(certificate.not_after() == test_now() + kTestYear);
  CHECK(certificate.public_key() == vpn.key.public_key());
  CHECK(certificate.public_key().kind() == KeyKind::Ed25519);
  const Certificate plain = authority.issue({}).certificate;
  CHECK(plain.dns_names().empty());
  CHECK(plain.mail_addresses().empty());
  CHECK(plain.ip_addresses().empty());
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("CERT-01: names with a NUL inside are none") {
  const TestAuthority authority;
  // dNSName "vpn\0.evil.org" by its DER, then a good one.
  const TestIdentity vpn = authority.issue(
      {.extensions = {{"subjectAltName",
                       "DER:30:18:82:0d:76:70:6e:00:2e:65:76:69:6c:2e:6f:72:67:82:07:76:70:6e:2e:"
                       "6f:72:67"}}});
  CHECK(vpn.certificate.dns_names() == std::vector<std::string>{"vpn.org"});
}

TEST_CASE("CERT-01: DER is one certificate and nothing else, PEM is all that the text holds") {
  const TestAuthority authority;
  const TestIdentity vpn = authority.issue({});
  const Octets der = vpn.certificate.der();
  REQUIRE_FALSE(der.empty());
  CHECK(Certificate::from_der(der).value().der() == der);
  Octets longer = der;
  longer.push_back(0);
  CHECK_FALSE(Certificate::from_der(longer));
  CHECK_FALSE(Certificate::from_der({}));
  for (std::size_t size = 1; size < der.size(); size += 7)
    CHECK_FALSE(Certificate::from_der(ByteView(der).first(size)));

  const std::string both =
      "the VPN's\n" + vpn.certificate_pem + "its CA\n" + authority.certificate_pem();
  const auto read = Certificate::from_pem(both);
  REQUIRE(read);
  REQUIRE(read->size() == 2);
  CHECK((*read)[0].der() == der);
  CHECK((*read)[1].der() == authority.certificate().der());

  const auto refusal = [](std::string_view pem) {
    const auto certificates = Certificate::from_pem(pem);
    return certificates ? "" : to_string(certificates.error());
  };
  CHECK_THAT(refusal(""), Contains("the text holds no certificate"));
  CHECK_THAT(refusal(vpn.key_pem), Contains("the text holds no certificate"));
  std::string broken = both;
  broken.replace(broken.rfind("MII") + 40, 4, "!!!!");
  CHECK_THAT(refusal(broken), Contains("certificate 2 of the text"));
  CHECK_FALSE(RevocationList::from_der(der));
  CHECK_FALSE(RevocationList::from_pem(vpn.certificate_pem));
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("CERT-01: a certificate whose extensions cannot be read is refused") {
  const TestAuthority authority;
  const TestIdentity vpn =
      authority.issue({.extensions = {{"basicConstraints", "CA:FALSE"},
                                      {"subjectKeyIdentifier", "00112233445566778899"}}});
  Octets der = vpn.certificate.der();
  // The OCTET STRING inside of subjectKeyIdentifier 00112233... grows beyond its extension.
  const Octets identifier{0x04, 0x0a, 0x00, 0x11, 0x22, 0x33};
  const auto at = std::search(der.begin(), der.end(), identifier.begin(), identifier.end());
  REQUIRE(at != der.end());
  at[1] = 0x7f;
  const auto refused = Certificate::from_der(der);
  REQUIRE_FALSE(refused);
  CHECK_THAT(to_string(refused.error()), Contains("CN=vpn") && Contains("malformed extensions"));
}

TEST_CASE("CERT-02: the key hash is SHA-1 of the whole SubjectPublicKeyInfo") {
  // RFC 8410 10.2, whose subjectKeyIdentifier 9b1f5eed... is SHA-1 of the bit string alone. The
  // expected hash is Python's, of the 44 octets of the SubjectPublicKeyInfo.
  const auto fixed = Certificate::from_pem(
      "-----BEGIN CERTIFICATE-----\n"
      "MIIBLDCB36ADAgECAghWAUdKKo3DMDAFBgMrZXAwGTEXMBUGA1UEAwwOSUVURiBUZX\n"
      "N0IERlbW8wHhcNMTYwODAxMTIxOTI0WhcNNDAxMjMxMjM1OTU5WjAZMRcwFQYDVQQD\n"
      "DA5JRVRGIFRlc3QgRGVtbzAqMAUGAytlbgMhAIUg8AmJMKdUdIt93LQ+91oNvzoNJj\n"
      "ga9OukqY6qm05qo0UwQzAPBgNVHRMBAf8EBTADAQEAMA4GA1UdDwEBAAQEAwIDCDAg\n"
      "BgNVHQ4BAQAEFgQUmx9e7e0EM4Xk97xiPFl1uQvIuzswBQYDK2VwA0EAryMB/t3J5v\n"
      "/BzKc9dNZIpDmAgs3babFOTQbs+BolzlDUwsPrdGxO3YNGhW7Ibz3OGhhlxXrCe1Cg\n"
      "w1AH9efZBw==\n"
      "-----END CERTIFICATE-----\n");
  REQUIRE(fixed);
  CHECK(print_distinguished_name(fixed->front().subject()) == "CN=IETF Test Demo");
  CHECK(fixed->front().key_hash() == Octets{0xfa, 0x75, 0x2c, 0x35, 0xcb, 0x9a, 0x51,
                                            0xd2, 0x06, 0x91, 0x47, 0xe6, 0xe6, 0x82,
                                            0x15, 0x5a, 0xaf, 0x2e, 0x58, 0x36});
  CHECK(fixed->front().public_key().kind() == KeyKind::Other);  // X25519
  const TestAuthority authority;
  CHECK(authority.certificate().key_hash() != authority.issue({}).certificate.key_hash());
}

TEST_CASE("CERT-04: times are those of the certificate, within what the clock can hold") {
  using namespace std::chrono_literals;
  using std::chrono::sys_days;
  const auto of = [](const char* text) {
    const OpensslObject<ASN1_TIME, ASN1_TIME_free> time(ASN1_TIME_new());
    REQUIRE(ASN1_TIME_set_string(time.get(), text) == 1);
    return wall_time(time.get());
  };
  CHECK(of("270601123456Z") == sys_days(2027y / 6 / 1) + 12h + 34min + 56s);
  CHECK(of("500101000000Z") == sys_days(1950y / 1 / 1));  // RFC 5280 4.1.2.5.1
  CHECK(of("20500101000000Z") == sys_days(2050y / 1 / 1));
  CHECK(of("20280229000000Z") == sys_days(2028y / 2 / 29));
  CHECK(of("99991231235959Z") == WallTime::max());  // RFC 5280 4.1.2.5: no well-defined end
  CHECK(of("00010101000000Z") == WallTime::min());
  CHECK(wall_time(nullptr) == WallTime::min());
}

}  // namespace sallyport::certificate_test
