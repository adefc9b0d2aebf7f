// X.509 certificates, their chains and their revocation, as IKE needs them (RFC 4945, 5280;
// CERT-01..05). All of it by OpenSSL. Any thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "crypto/signature.h"

struct x509_st;
struct X509_crl_st;

namespace sallyport {

using WallTime = std::chrono::system_clock::time_point;

class Certificate {
 public:
  [[nodiscard]] static Expected<Certificate> from_der(ByteView der);
  // All certificates of a PEM text, in its order; at least one.
  [[nodiscard]] static Expected<std::vector<Certificate>> from_pem(std::string_view pem);

  [[nodiscard]] std::vector<std::uint8_t> der() const;
  [[nodiscard]] PublicKey public_key() const;
  // DER of the Name, as ID_DER_ASN1_DN carries it.
  [[nodiscard]] std::vector<std::uint8_t> subject() const;
  [[nodiscard]] std::vector<std::uint8_t> issuer() const;
  // Of the subjectAltName.
  [[nodiscard]] std::vector<std::string> dns_names() const;
  [[nodiscard]] std::vector<std::string> mail_addresses() const;
  [[nodiscard]] std::vector<std::vector<std::uint8_t>> ip_addresses() const;  // 4 or 16 octets
  [[nodiscard]] WallTime not_after() const;
  // SHA-1 of the SubjectPublicKeyInfo, as CERTREQ names a CA (CERT-02). 20 octets.
  [[nodiscard]] std::vector<std::uint8_t> key_hash() const;
  [[nodiscard]] x509_st* handle() const noexcept { return certificate_.get(); }

 private:
  explicit Certificate(std::shared_ptr<x509_st> certificate) noexcept
      : certificate_(std::move(certificate)) {}
  std::shared_ptr<x509_st> certificate_;
};

class RevocationList {
 public:
  [[nodiscard]] static Expected<RevocationList> from_der(ByteView der);
  [[nodiscard]] static Expected<RevocationList> from_pem(std::string_view pem);
  [[nodiscard]] X509_crl_st* handle() const noexcept { return list_.get(); }

 private:
  explicit RevocationList(std::shared_ptr<X509_crl_st> list) noexcept : list_(std::move(list)) {}
  std::shared_ptr<X509_crl_st> list_;
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

struct ChainQuestion {
  const Certificate& leaf;
  std::vector<Certificate> others;   // from the peer, in any order, untrusted
  std::vector<Certificate> anchors;  // trusted; an anchor need not be self-signed
  std::vector<RevocationList> lists;
  std::vector<std::vector<std::uint8_t>> ocsp_responses{};  // DER (RFC 4806)
  RevocationRule revocation{RevocationRule::IfKnown};
  WallTime now;
  unsigned least_rsa_bits{2048};  // of every key of the path (IALG-07)
  ExtendedKeyUsageRule extended_key_usage{ExtendedKeyUsageRule::Ike};
};
struct VerifiedChain {
  // When the first of its certificates or of the revocation data used ends (SAD-08).
  WallTime valid_until;
};
// Path to an anchor with validity, basic constraints, key usage (digitalSignature or
// nonRepudiation in the leaf, where it has one), name constraints; an extended key usage that is
// there must hold id-kp-ipsecIKE or anyExtendedKeyUsage (RFC 4945 5.1.3.12). The error says which
// certificate and why.
[[nodiscard]] Expected<VerifiedChain> verify_chain(const ChainQuestion& question);

// "C=CH, O=Example, CN=vpn" to the DER of a Name, most significant first, and back, with the
// escapes of RFC 4514. Refuses names of attribute types that OpenSSL does not know; OIDs stand for
// any. Printed text is empty where `der` is not a Name.
[[nodiscard]] Expected<std::vector<std::uint8_t>> parse_distinguished_name(std::string_view text);
[[nodiscard]] std::string print_distinguished_name(ByteView der);
// One relative distinguished name after the other, in canonical form (RFC 5280 7.1: case and inner
// blanks of strings do not matter): for comparing whole names and prefixes of them (PAD-03). Empty
// where `der` is not a Name.
[[nodiscard]] std::vector<std::vector<std::uint8_t>> canonical_rdns(ByteView der);

}  // namespace sallyport
