// What this side proves its own identity with, and what it trusts of others.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "crypto/certificate.h"
#include "crypto/certificate_chain.h"
#include "crypto/signature.h"
#include "pad/verified_chains.h"

namespace sallyport {

// Where an object is published, and the SHA-1 of it (RFC 7296 3.6; CERT-03). 20 octets.
struct PublishedObject {
  std::string url;
  std::vector<std::uint8_t> hash;
  friend bool operator==(const PublishedObject&, const PublishedObject&) = default;
};

// A private key with its certificate, if it has one. Shared, immutable, any thread.
struct Credential {
  std::string name;
  PrivateKey key;
  std::vector<Certificate> chain;  // the key's own first; empty: a raw public key (CERT-06)
  // For peers that look certificates up: one for each of the chain, in its order, or none; and the
  // whole chain as one bundle, which goes before.
  std::vector<PublishedObject> published{};
  std::optional<PublishedObject> published_bundle{};
  // DER, for peers that ask for them (RFC 4806; CERT-05).
  std::vector<std::vector<std::uint8_t>> ocsp_responses{};
  // SHA-1 hashes of authorities' keys, 20 octets each, one after the other: those of the chain, and
  // of anchors known here that have issued some of it. What a peer's CERTREQ is compared with.
  std::vector<std::uint8_t> authorities{};
};

// Keys agree with each other, the first certificate with the key.
[[nodiscard]] Expected<void> validate(const Credential& credential);
// What `authorities` is for this chain, where those anchors are known.
[[nodiscard]] std::vector<std::uint8_t> authorities_of(const std::vector<Certificate>& chain,
                                                       const std::vector<Certificate>& anchors);
// Authorities in CERTREQ are SHA-1 hashes of their keys, one behind the other (RFC 7296 3.7).
inline constexpr std::size_t kKeyHashBytes = 20;
// Adds those of `more` that are not there yet.
void add_key_hashes(std::vector<std::uint8_t>& hashes, ByteView more);
// Some of the credential's authorities are among `asked`, a CERTREQ's hashes (CERT-02).
[[nodiscard]] bool leads_to_any(const Credential& credential, ByteView asked) noexcept;

// Trusted authorities with what is known of their revocations. Shared, immutable, any thread.
struct TrustAnchors {
  std::string name;
  TrustedCertificates certificates;
  std::vector<RevocationList> lists;
  // http URLs of their lists, and of whom to ask by OCSP instead of whom certificates name
  // (PAD-12).
  std::vector<std::string> list_urls{};
  std::string ocsp_url{};
  // What has been found to lead here, so that a peer that comes again costs no check.
  std::shared_ptr<VerifiedChains> verified{std::make_shared<VerifiedChains>()};
};

}  // namespace sallyport
