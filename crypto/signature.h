// Signatures that authenticate IKE peers (RFC 7296 2.15, 3.8; 4754; 7427; 8420). Any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/secret.h"

struct evp_pkey_st;

namespace sallyport {

// Hash IDs of RFC 7427 4, by their IANA numbers.
enum class SignatureHash : std::uint16_t {
  Sha1 = 1,
  Sha256 = 2,
  Sha384 = 3,
  Sha512 = 4,
  Identity = 5,  // Ed25519 and Ed448, RFC 8420
};

enum class KeyKind : std::uint8_t { Rsa, RsaPss, EcP256, EcP384, EcP521, Ed25519, Ed448, Other };

// How an AUTH payload's signature is made, beyond the key.
enum class SignatureScheme : std::uint8_t {
  RsaPkcs1Legacy,  // method 1: RSASSA-PKCS1-v1_5, SHA-1 from us, any hash from peers (AUTH-01)
  EcdsaLegacy,     // methods 9, 10, 11: fixed r and s, the hash goes with the curve (AUTH-02)
  Rfc7427,         // method 14: AlgorithmIdentifier in front (AUTH-03)
};

// What an operator or a peer's list of hashes leaves to choose from under RFC 7427.
struct SignaturePreferences {
  std::vector<SignatureHash> hashes;  // that the peer has listed
  bool pkcs1{};                       // PKCS#1 v1.5 instead of PSS for RSA keys
};

class PublicKey {
 public:
  // DER of a SubjectPublicKeyInfo (CERT-06).
  [[nodiscard]] static Expected<PublicKey> from_spki(ByteView der);
  // PEM of a SubjectPublicKeyInfo or of a certificate.
  [[nodiscard]] static Expected<PublicKey> from_pem(std::string_view pem);
  // PKCS#1 RSAPublicKey, the deprecated raw RSA key of CERT encoding 11 (RFC 4306 3.6).
  [[nodiscard]] static Expected<PublicKey> from_pkcs1(ByteView der);
  // Takes over an OpenSSL key; for crypto/ alone.
  explicit PublicKey(std::shared_ptr<evp_pkey_st> key) noexcept;

  [[nodiscard]] KeyKind kind() const noexcept { return kind_; }
  [[nodiscard]] unsigned bits() const noexcept { return bits_; }
  [[nodiscard]] std::vector<std::uint8_t> spki() const;
  // `auth` is the AUTH payload's data. Under RFC 7427 the hash must be one that we offer: SHA-1 is
  // none (AUTH-04), empty or default PSS parameters are refused (IALG-07). RSA keys below
  // `least_rsa_bits` are refused.
  [[nodiscard]] Expected<void> verify(SignatureScheme scheme, ByteView signed_octets, ByteView auth,
                                      unsigned least_rsa_bits = 2048) const;
  [[nodiscard]] evp_pkey_st* handle() const noexcept { return key_.get(); }
  friend bool operator==(const PublicKey& left, const PublicKey& right);

 private:
  std::shared_ptr<evp_pkey_st> key_;
  KeyKind kind_;  // OpenSSL takes microseconds to tell, and it is asked often
  unsigned bits_;
};

class PrivateKey {
 public:
  // PEM: PKCS#8, or the traditional forms; encrypted ones are refused with the remedy.
  [[nodiscard]] static Expected<PrivateKey> from_pem(std::string_view pem);

  [[nodiscard]] KeyKind kind() const noexcept { return public_.kind(); }
  // Holds nothing of the private one.
  [[nodiscard]] const PublicKey& public_key() const noexcept { return public_; }
  // Its SubjectPublicKeyInfo, DER, as a raw public key is sent (CERT-06).
  [[nodiscard]] const std::vector<std::uint8_t>& spki() const noexcept { return *spki_; }
  // The AUTH payload's data. Refuses a scheme that the key cannot do, and hashes without one that
  // is strong enough for it.
  [[nodiscard]] Expected<std::vector<std::uint8_t>> sign(SignatureScheme scheme, ByteView octets,
                                                         const SignaturePreferences& by) const;

 private:
  explicit PrivateKey(std::shared_ptr<evp_pkey_st> key);
  std::shared_ptr<evp_pkey_st> key_;
  std::shared_ptr<const std::vector<std::uint8_t>> spki_;
  PublicKey public_;
};

// The authentication method number of RFC 7296 3.8 that goes with a scheme and a key: 1, 9-11, 14;
// 0 where the key cannot do it.
[[nodiscard]] std::uint8_t auth_method(SignatureScheme scheme, KeyKind kind) noexcept;

}  // namespace sallyport
