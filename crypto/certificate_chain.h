// Paths from a certificate to one that is trusted, and what is known of revocations along them
// (RFC 5280 6, 6960; CERT-04, CERT-05). Any thread.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "crypto/certificate.h"

struct x509_store_st;

namespace sallyport {

// Certificates that are trusted, made ready once for all the paths that end at them. Immutable;
// copies are one and the same.
class TrustedCertificates {
 public:
  TrustedCertificates();
  TrustedCertificates(std::initializer_list<Certificate> certificates);
  explicit TrustedCertificates(std::vector<Certificate> certificates);

  [[nodiscard]] const std::vector<Certificate>& all() const noexcept;
  [[nodiscard]] auto begin() const noexcept { return all().begin(); }
  [[nodiscard]] auto end() const noexcept { return all().end(); }
  [[nodiscard]] std::size_t size() const noexcept { return all().size(); }
  [[nodiscard]] bool empty() const noexcept { return all().empty(); }
  [[nodiscard]] const Certificate& operator[](std::size_t index) const { return all()[index]; }

  // key_hash() of each, one after the other: what a CERTREQ holds (CERT-02).
  [[nodiscard]] const std::vector<std::uint8_t>& key_hashes() const noexcept;
  // Of all their DER, in order.
  [[nodiscard]] const Fingerprint& fingerprint() const noexcept;
  // For crypto/ alone: issuers are found by their names, or by their keys as well. Null without
  // memory.
  [[nodiscard]] x509_store_st* store_by_name() const noexcept;
  [[nodiscard]] x509_store_st* store_by_key() const noexcept;

 private:
  struct Content;
  std::shared_ptr<const Content> content_;
};

// Whether revocation data must be there (CERT-04).
enum class RevocationRule : std::uint8_t {
  None,      // not looked at
  IfKnown,   // a revoked certificate is refused, missing data is not
  Required,  // every certificate of the chain needs a current list or OCSP answer
};

// What an extended key usage in a certificate may say, where it has one.
enum class ExtendedKeyUsageRule : std::uint8_t {
  Ike,      // it must hold id-kp-ipsecIKE or anyExtendedKeyUsage (RFC 4945 5.1.3.12)
  Ignored,  // many authorities issue certificates for TLS alone
};

// Whether the answer names who may be asked for revocation data that is not there.
enum class RevocationSources : std::uint8_t { Unnamed, Named };

struct ChainQuestion {
  const Certificate& leaf;
  std::vector<Certificate> others;  // from the peer, in any order, untrusted
  TrustedCertificates anchors;      // an anchor need not be self-signed
  std::vector<RevocationList> lists;
  std::vector<std::vector<std::uint8_t>> ocsp_responses{};  // DER (RFC 4806)
  RevocationRule revocation{RevocationRule::IfKnown};
  WallTime now;
  unsigned least_rsa_bits{2048};  // of every key of the path (IALG-07)
  ExtendedKeyUsageRule extended_key_usage{ExtendedKeyUsageRule::Ike};
  RevocationSources sources{RevocationSources::Unnamed};
};
struct VerifiedChain {
  // When the first of its certificates or of the revocation data used ends (SAD-08).
  WallTime valid_until;
};

// A certificate of a good path of whose revocation nothing current tells, and who may be asked.
// http URLs alone, four of each kind at most.
struct UncoveredCertificate {
  Fingerprint issuer_key{};                // of the issuer's SubjectPublicKeyInfo
  std::vector<std::uint8_t> ocsp_request;  // DER, about it, without a nonce (RFC 6960 4.1)
  std::vector<std::string> ocsp_urls;      // of its authorityInfoAccess (RFC 5280 4.2.2.1)
  std::vector<std::string> list_urls;      // of its distribution points (RFC 5280 4.2.1.13)
};
struct ChainVerdict {
  Expected<VerifiedChain> chain;
  // Where the question asks for them, and nothing else is wrong with the path.
  std::vector<UncoveredCertificate> uncovered;
};

// Path to an anchor with validity, basic constraints, key usage (digitalSignature or
// nonRepudiation in the leaf, where it has one), name constraints; an extended key usage that is
// there must hold id-kp-ipsecIKE or anyExtendedKeyUsage (RFC 4945 5.1.3.12). The error says which
// certificate and why; its code is NotFound where no path leads to any of the anchors, else
// Refused.
[[nodiscard]] ChainVerdict judge_chain(const ChainQuestion& question);
[[nodiscard]] Expected<VerifiedChain> verify_chain(const ChainQuestion& question);

// Until when a successful OCSP response may be kept: the first end of its answers, an hour from
// their beginning where they have none (RFC 6960 4.2.2.1). Nullopt where it is no such response.
// Nothing is said of who has signed it.
[[nodiscard]] std::optional<WallTime> end_of_ocsp_response(ByteView der);

}  // namespace sallyport
