// The keys of crypto/signature.h themselves: reading, telling apart, comparing.
#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>

#include <array>

#include "crypto/openssl_objects.h"
#include "crypto/signature.h"

namespace sallyport {
namespace {

using SharedKey = std::shared_ptr<EVP_PKEY>;

SharedKey shared(EVP_PKEY* key) {
  return key != nullptr ? SharedKey(key, EVP_PKEY_free) : SharedKey();
}

// RFC 5480 2.1.1 has named curves only: explicit parameters may hide a curve of the peer's making.
KeyKind curve_kind(const EVP_PKEY* key) noexcept {
  int from_parameters = 0;
  std::array<char, 64> name{};
  if (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                             &from_parameters) == 1 &&
      from_parameters != 0)
    return KeyKind::Other;
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), nullptr) != 1) return KeyKind::Other;
  const std::string_view curve(name.data());
  if (curve == SN_X9_62_prime256v1) return KeyKind::EcP256;
  if (curve == SN_secp384r1) return KeyKind::EcP384;
  if (curve == SN_secp521r1) return KeyKind::EcP521;
  return KeyKind::Other;
}

KeyKind kind_of(const EVP_PKEY* key) noexcept {
  const CleanErrorQueue clean;
  if (key == nullptr) return KeyKind::Other;
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return KeyKind::Rsa;
    case EVP_PKEY_RSA_PSS:
      return KeyKind::RsaPss;
    case EVP_PKEY_EC:
      return curve_kind(key);
    case EVP_PKEY_ED25519:
      return KeyKind::Ed25519;
    case EVP_PKEY_ED448:
      return KeyKind::Ed448;
    default:
      return KeyKind::Other;
  }
}

unsigned bits_of(const EVP_PKEY* key) noexcept {
  const int count = key != nullptr ? EVP_PKEY_get_bits(key) : 0;
  return count > 0 ? static_cast<unsigned>(count) : 0;
}

std::vector<std::uint8_t> spki_of(const EVP_PKEY* key) {
  const CleanErrorQueue clean;
  return key != nullptr ? der_of(i2d_PUBKEY, key) : std::vector<std::uint8_t>();
}

// OpenSSL's pem_password_cb: notes that a password was wanted, and has none.
int note_encryption(char*, int, int, void* encrypted) noexcept {
  *static_cast<bool*>(encrypted) = true;
  return -1;
}

}  // namespace

Expected<PublicKey> PublicKey::from_spki(ByteView der) {
  const CleanErrorQueue clean;
  SharedKey key = shared(whole_of(d2i_PUBKEY, EVP_PKEY_free, der));
  if (key == nullptr)
    return fail(
        Error::Code::Invalid,
        fmt::format("{} octets are no SubjectPublicKeyInfo: {}", der.size(), last_openssl_reason()),
        "the DER of RFC 5280 4.1.2.7, of a kind of key that OpenSSL knows");
  return PublicKey(std::move(key));
}

Expected<PublicKey> PublicKey::from_pem(std::string_view pem) {
  const CleanErrorQueue clean;
  if (const BioObject text = read_from(pem); text != nullptr) {
    if (SharedKey key = shared(PEM_read_bio_PUBKEY(text.get(), nullptr, nullptr, nullptr)))
      return PublicKey(std::move(key));
  }
  if (const BioObject text = read_from(pem); text != nullptr) {
    const OpensslObject<X509, X509_free> certificate(
        PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
    if (SharedKey key = certificate ? shared(X509_get_pubkey(certificate.get())) : nullptr)
      return PublicKey(std::move(key));
  }
  return fail(Error::Code::Invalid, "the text holds no public key",
              "PEM that begins with -----BEGIN PUBLIC KEY----- or -----BEGIN CERTIFICATE-----");
}

Expected<PublicKey> PublicKey::from_pkcs1(ByteView der) {
  const CleanErrorQueue clean;
  const unsigned char* at = der.data();
  SharedKey key = shared(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(der.size())));
  if (key == nullptr || at != der.data() + der.size())
    return fail(Error::Code::Invalid, fmt::format("{} octets are no RSAPublicKey", der.size()),
                "the DER of RFC 8017 A.1.1");
  return PublicKey(std::move(key));
}

PublicKey::PublicKey(std::shared_ptr<evp_pkey_st> key) noexcept
    : key_(std::move(key)), kind_(kind_of(key_.get())), bits_(bits_of(key_.get())) {}

std::vector<std::uint8_t> PublicKey::spki() const { return spki_of(key_.get()); }

bool operator==(const PublicKey& left, const PublicKey& right) {
  const CleanErrorQueue clean;
  if (left.key_ == nullptr || right.key_ == nullptr) return left.key_ == right.key_;
  return EVP_PKEY_eq(left.key_.get(), right.key_.get()) == 1;
}

Expected<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  const CleanErrorQueue clean;
  const BioObject text = read_from(pem);
  bool encrypted = false;
  SharedKey key =
      text ? shared(PEM_read_bio_PrivateKey(text.get(), nullptr, &note_encryption, &encrypted))
           : nullptr;
  if (encrypted)
    return fail(
        Error::Code::Unsupported, "the private key is encrypted",
        "decrypt it with \"openssl pkey -in KEY -out PLAIN\" and guard the file by its mode");
  if (key == nullptr)
    return fail(Error::Code::Invalid, "the text holds no private key",
                "PEM that begins with -----BEGIN PRIVATE KEY-----");
  if (kind_of(key.get()) == KeyKind::Other)
    return fail(Error::Code::Unsupported,
                "the private key is of a kind that IKE does not sign with",
                "RSA, ECDSA over P-256, P-384 or P-521, Ed25519 or Ed448");
  return PrivateKey(std::move(key));
}

// The public half is decoded anew, so that it does not keep the private one in memory.
PrivateKey::PrivateKey(std::shared_ptr<evp_pkey_st> key)
    : key_(std::move(key)),
      spki_(std::make_shared<const std::vector<std::uint8_t>>(spki_of(key_.get()))),
      public_(PublicKey::from_spki(*spki_).value_or(PublicKey(nullptr))) {}

}  // namespace sallyport
