// A public key infrastructure made at run time and in memory: authorities, certificates, revocation
// lists and OCSP responses, with whatever a test wants wrong in them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "crypto/certificate.h"
#include "crypto/signature.h"

namespace sallyport {

// "Now" of the tests; certificates are valid for a year before and after it unless they say else.
[[nodiscard]] WallTime test_now() noexcept;
inline constexpr std::chrono::days kTestYear{365};

enum class TestKey : std::uint8_t {
  EcP256,
  EcP384,
  EcP521,
  Rsa1024,  // RSA keys are made once, so all certificates that ask for one have the same
  Rsa2048,
  RsaPss2048,
  Ed25519,
  Ed448,
};
// PKCS#8.
[[nodiscard]] std::string make_key_pem(TestKey kind);
// One that nobody else has, RSA as well.
[[nodiscard]] std::string make_own_key_pem(TestKey kind);

// What a certificate is to say. Extensions in the words of OpenSSL's x509v3_config:
// {"keyUsage", "critical,digitalSignature"}, {"subjectAltName",
// "DNS:vpn.example.org,IP:192.0.2.1"}.
struct TestCertificate {
  using Extensions = std::vector<std::pair<std::string, std::string>>;

  std::string subject{"C=CH, O=Example, CN=vpn"};
  TestKey key{TestKey::EcP256};
  Extensions extensions{};
  WallTime not_before{test_now() - kTestYear};
  WallTime not_after{test_now() + kTestYear};
  std::string digest{"SHA256"};  // of the issuer's signature; Ed25519 and Ed448 have none
  unsigned version{3};           // 1 has no extensions, not even an authority's
  std::string key_pem{};         // where not empty, this key instead of a new one of kind `key`
};

// Somebody with a certificate and its key.
struct TestIdentity {
  Certificate certificate;
  PrivateKey key;
  std::string certificate_pem;
  std::string key_pem;
};

enum class TestStatus : std::uint8_t { Good, Revoked, Unknown };

class TestAuthority {
 public:
  // A root: signed by itself. Without extensions it gets critical CA:TRUE and keyCertSign, cRLSign.
  explicit TestAuthority(TestCertificate about = {.subject = "C=CH, O=Example, CN=Root"});
  // An authority below this one, with the same extensions by default.
  [[nodiscard]] TestAuthority subordinate(TestCertificate about) const;
  [[nodiscard]] TestIdentity issue(const TestCertificate& about) const;

  [[nodiscard]] const Certificate& certificate() const noexcept { return own_.certificate; }
  [[nodiscard]] const std::string& certificate_pem() const noexcept { return own_.certificate_pem; }
  [[nodiscard]] const TestIdentity& identity() const noexcept { return own_; }

  struct ListTerms {
    std::vector<Certificate> revoked{};
    WallTime this_update{test_now() - std::chrono::hours(1)};
    WallTime next_update{test_now() + std::chrono::days(7)};
    TestCertificate::Extensions extensions{};
  };
  [[nodiscard]] std::string revocation_list_pem(const ListTerms& terms) const;
  [[nodiscard]] RevocationList revocation_list(const ListTerms& terms) const;

  struct AnswerTerms {
    TestStatus status{TestStatus::Good};
    WallTime this_update{test_now() - std::chrono::hours(1)};
    WallTime next_update{test_now() + std::chrono::days(1)};
    const TestIdentity* responder{};  // who signs; the authority itself where nobody is named
  };
  // DER of an OCSPResponse about a certificate of this authority.
  [[nodiscard]] std::vector<std::uint8_t> ocsp_response(const Certificate& about,
                                                        const AnswerTerms& terms) const;

 private:
  explicit TestAuthority(TestIdentity own) : own_(std::move(own)) {}
  TestIdentity own_;
};

}  // namespace sallyport
