// X.509 certificates and revocation lists, as IKE needs them (RFC 4945, 5280; CERT-01..05). All of
// it by OpenSSL. Any thread.
#pragma once

#include <array>
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
// SHA-256 of what it stands for.
using Fingerprint = std::array<std::uint8_t, 32>;

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
  // By name and by signature; says nothing of what `issuer` may do (RFC 5280 6.1.3).
  [[nodiscard]] bool is_issued_by(const Certificate& issuer) const;
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

  // When the next one is to come; nullopt where the list does not say.
  [[nodiscard]] std::optional<WallTime> next_update() const;
  // Of its DER.
  [[nodiscard]] const Fingerprint& fingerprint() const noexcept;
  // By name and by signature. Whose signature was good is remembered: lists may be long.
  [[nodiscard]] bool is_signed_by(const x509_st* issuer) const;
  // Somebody's signature on it has been found to be good.
  [[nodiscard]] bool has_known_signer() const;
  [[nodiscard]] X509_crl_st* handle() const noexcept;

 private:
  struct Content;
  explicit RevocationList(X509_crl_st* list);
  std::shared_ptr<Content> content_;
};

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
