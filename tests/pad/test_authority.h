// A certification authority of the tests: P-256 keys, made anew in every run.
#pragma once

#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "crypto/certificate.h"

namespace sallyport::test {

// When everything here begins to be valid: 2026-01-01T00:00:00Z.
inline constexpr WallTime kIssued{std::chrono::seconds(1767225600)};

struct CertificateOrder {
  std::string subject;            // "C=US, CN=carol"
  std::string alternative_names;  // "DNS:a.org,email:a@b.org,IP:192.0.2.1"; none where empty
  std::chrono::hours life{24 * 30};
  int rsa_bits{};  // 0: P-256
};

struct Issued {
  Certificate certificate;
  std::string key_pem;
};

class TestAuthority {
 public:
  explicit TestAuthority(const std::string& subject);

  [[nodiscard]] const Certificate& certificate() const noexcept { return own_.front(); }
  [[nodiscard]] Issued issue(const CertificateOrder& order) const;
  // That revokes these, as of kIssued and for a day.
  [[nodiscard]] RevocationList revoke(const std::vector<Certificate>& revoked) const;

 private:
  std::shared_ptr<EVP_PKEY> key_;
  std::vector<Certificate> own_;  // one
};

}  // namespace sallyport::test
