// Whether certificates of a chain are revoked, by lists and by OCSP, and who might tell (CERT-04,
// CERT-05). For crypto/ alone. Any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "crypto/certificate_chain.h"
#include "crypto/openssl_objects.h"

namespace sallyport {

// What one source of revocation data says of one certificate.
struct RevocationFinding {
  bool revoked{};
  std::optional<WallTime> good_until{};  // there where the data is current and does not revoke
  std::string problem{};                 // why data that is there does not count
};

// "CN=vpn, O=Example", or the serial number where the subject is empty.
[[nodiscard]] std::string name_of(const x509_st* certificate);

// Readies a store for consult_lists(), before several threads share it.
void watch_lists(X509_STORE* store);
// For each certificate of `chain` but its anchor, the last one. `store` is the one that the chain
// was built with; lists that the chain's own authorities have not signed are passed over.
[[nodiscard]] std::vector<RevocationFinding> consult_lists(const ChainQuestion& question,
                                                           STACK_OF(X509) * chain,
                                                           X509_STORE* store);
// Responses signed by the certificate's issuer or by a responder that the issuer has named (RFC
// 6960 4.2.2.2); others are passed over.
[[nodiscard]] std::vector<RevocationFinding> consult_ocsp(const ChainQuestion& question,
                                                          STACK_OF(X509) * chain);

// Who may be asked about a certificate of `issuer`.
[[nodiscard]] UncoveredCertificate sources_about(X509* certificate, X509* issuer);
// DER of an OCSPRequest about it, without a nonce; empty without memory.
[[nodiscard]] std::vector<std::uint8_t> ocsp_request_about(const X509* certificate,
                                                           const X509* issuer);

// OpenSSL's own steps, for callbacks that add to them.
struct PathSteps {
  X509_STORE_CTX_check_issued_fn check_issued{};
  X509_STORE_CTX_cert_crl_fn check_list{};
};
[[nodiscard]] const PathSteps& openssl_steps();
// Sets time, depth and strength that hold for every certificate of a path.
void set_path_rules(X509_STORE_CTX* context, WallTime now);

}  // namespace sallyport
