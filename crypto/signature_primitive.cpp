#include "crypto/signature_primitive.h"

#include <fmt/format.h>

#include "crypto/openssl_objects.h"

namespace sallyport {
namespace {

// True where OpenSSL takes the padding that `by` asks for.
bool set_padding(EVP_PKEY_CTX* context, const SignaturePrimitive& by) {
  if (!by.pss) return true;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest_of(by.pss->mask_hash)) > 0 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, by.pss->salt_bytes) > 0;
}

}  // namespace

std::string_view name_of(KeyKind kind) noexcept {
  switch (kind) {
    case KeyKind::Rsa:
      return "RSA";
    case KeyKind::RsaPss:
      return "RSASSA-PSS";
    case KeyKind::EcP256:
      return "ECDSA P-256";
    case KeyKind::EcP384:
      return "ECDSA P-384";
    case KeyKind::EcP521:
      return "ECDSA P-521";
    case KeyKind::Ed25519:
      return "Ed25519";
    case KeyKind::Ed448:
      return "Ed448";
    case KeyKind::Other:
      break;
  }
  return "unknown";
}

std::string_view name_of(SignatureHash hash) noexcept {
  switch (hash) {
    case SignatureHash::Sha1:
      return "SHA-1";
    case SignatureHash::Sha256:
      return "SHA-256";
    case SignatureHash::Sha384:
      return "SHA-384";
    case SignatureHash::Sha512:
      return "SHA-512";
    case SignatureHash::Identity:
      break;
  }
  return "Identity";
}

const EVP_MD* digest_of(SignatureHash hash) noexcept {
  switch (hash) {
    case SignatureHash::Sha1:
      return EVP_sha1();
    case SignatureHash::Sha256:
      return EVP_sha256();
    case SignatureHash::Sha384:
      return EVP_sha384();
    case SignatureHash::Sha512:
      return EVP_sha512();
    case SignatureHash::Identity:
      break;
  }
  return nullptr;
}

std::size_t digest_bytes(SignatureHash hash) noexcept {
  const EVP_MD* digest = digest_of(hash);
  return digest != nullptr ? static_cast<std::size_t>(EVP_MD_get_size(digest)) : 0;
}

Expected<std::vector<std::uint8_t>> make_signature(EVP_PKEY* key, const SignaturePrimitive& by,
                                                   ByteView octets) {
  const CleanErrorQueue clean;
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  std::size_t length = 0;
  std::vector<std::uint8_t> signature;
  bool made =
      context != nullptr &&
      EVP_DigestSignInit(context.get(), &key_context, digest_of(by.hash), nullptr, key) == 1 &&
      set_padding(key_context, by) &&
      EVP_DigestSign(context.get(), nullptr, &length, octets.data(), octets.size()) == 1;
  if (made) {
    signature.resize(length);
    made =
        EVP_DigestSign(context.get(), signature.data(), &length, octets.data(), octets.size()) == 1;
  }
  if (!made)
    return fail(Error::Code::Unsupported,
                fmt::format("the private key makes no signature with {}: {}", name_of(by.hash),
                            last_openssl_reason()));
  signature.resize(length);
  return signature;
}

Expected<void> check_signature(EVP_PKEY* key, const SignaturePrimitive& by, ByteView octets,
                               ByteView signature) {
  const CleanErrorQueue clean;
  const DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  if (context == nullptr ||
      EVP_DigestVerifyInit(context.get(), &key_context, digest_of(by.hash), nullptr, key) != 1 ||
      !set_padding(key_context, by))
    return fail(Error::Code::Refused, fmt::format("the public key checks no signature with {}: {}",
                                                  name_of(by.hash), last_openssl_reason()));
  if (EVP_DigestVerify(context.get(), signature.data(), signature.size(), octets.data(),
                       octets.size()) != 1)
    return fail(Error::Code::Refused, "the signature does not match key and signed octets");
  return {};
}

}  // namespace sallyport
