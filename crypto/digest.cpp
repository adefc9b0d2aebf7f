#include "crypto/digest.h"

#include <openssl/evp.h>

#include "crypto/openssl_handles.h"

namespace sallyport {
namespace {

template <std::size_t Bytes>
std::array<std::uint8_t, Bytes> digest_of(const EVP_MD* algorithm,
                                          std::initializer_list<ByteView> parts) {
  const OpensslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
  must_succeed(EVP_DigestInit_ex2(context.get(), algorithm, nullptr));
  for (const ByteView part : parts)
    must_succeed(EVP_DigestUpdate(context.get(), part.data(), part.size()));
  std::array<std::uint8_t, Bytes> digest;
  must_succeed(EVP_DigestFinal_ex(context.get(), digest.data(), nullptr));
  return digest;
}

}  // namespace

Expected<std::string> sha256_hex(ByteView bytes) {
  constexpr std::size_t kDigestBytes = 32;
  std::array<std::uint8_t, kDigestBytes> digest;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
    return fail(Error::Code::Unsupported, "OpenSSL does not offer SHA-256",
                "install an OpenSSL whose default provider is complete");
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * kDigestBytes);
  for (const std::uint8_t octet : digest) {
    text += kDigits[octet >> 4];
    text += kDigits[octet & 15];
  }
  return text;
}

std::array<std::uint8_t, 20> sha1(std::initializer_list<ByteView> parts) {
  static const OpensslPtr<EVP_MD> kAlgorithm(EVP_MD_fetch(nullptr, "SHA1", nullptr));
  return digest_of<20>(kAlgorithm.get(), parts);
}

std::array<std::uint8_t, 32> sha256(std::initializer_list<ByteView> parts) {
  static const OpensslPtr<EVP_MD> kAlgorithm(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  return digest_of<32>(kAlgorithm.get(), parts);
}

}  // namespace sallyport
