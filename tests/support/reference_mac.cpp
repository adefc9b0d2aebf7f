#include "tests/support/reference_mac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>
#include <stdexcept>

namespace sallyport {
namespace {

using Octets = std::vector<std::uint8_t>;

void require(int ok) {
  if (ok != 1) throw std::runtime_error("OpenSSL refused");
}

struct Free {
  void operator()(EVP_CIPHER_CTX* p) const noexcept { EVP_CIPHER_CTX_free(p); }
  void operator()(EVP_MAC_CTX* p) const noexcept { EVP_MAC_CTX_free(p); }
  void operator()(EVP_MAC* p) const noexcept { EVP_MAC_free(p); }
};

Octets aes_block(ByteView key, const Octets& block) {
  const std::unique_ptr<EVP_CIPHER_CTX, Free> context(EVP_CIPHER_CTX_new());
  Octets out(block.size() + 16);
  int written = 0;
  require(EVP_EncryptInit_ex(context.get(), EVP_aes_128_ecb(), nullptr, key.data(), nullptr));
  require(EVP_CIPHER_CTX_set_padding(context.get(), 0));
  require(EVP_EncryptUpdate(context.get(), out.data(), &written, block.data(),
                            static_cast<int>(block.size())));
  out.resize(block.size());
  return out;
}

// RFC 3566 4.
Octets xcbc(ByteView key, ByteView message) {
  const Octets first = aes_block(key, Octets(16, 1));
  const bool whole = !message.empty() && message.size() % 16 == 0;
  const Octets last = aes_block(key, Octets(16, whole ? 2 : 3));
  Octets padded(message.begin(), message.end());
  if (!whole) padded.push_back(0x80);
  padded.resize((padded.size() + 15) / 16 * 16);
  Octets chain(16);
  for (std::size_t at = 0; at < padded.size(); at += 16) {
    for (std::size_t i = 0; i < 16; ++i) {
      chain[i] ^= padded[at + i];
      if (at + 16 == padded.size()) chain[i] ^= last[i];
    }
    chain = aes_block(first, chain);
  }
  return chain;
}

Octets mac(const char* name, OSSL_PARAM* parameters, ByteView key, ByteView message) {
  const std::unique_ptr<EVP_MAC, Free> algorithm(EVP_MAC_fetch(nullptr, name, nullptr));
  const std::unique_ptr<EVP_MAC_CTX, Free> context(EVP_MAC_CTX_new(algorithm.get()));
  Octets out(16);
  std::size_t written = 0;
  require(EVP_MAC_init(context.get(), key.data(), key.size(), parameters));
  require(EVP_MAC_update(context.get(), message.data(), message.size()));
  require(EVP_MAC_final(context.get(), out.data(), &written, out.size()));
  return out;
}

Octets cmac(ByteView key, ByteView message) {
  char cipher[] = "AES-128-CBC";
  OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
                             OSSL_PARAM_construct_end()};
  return mac("CMAC", parameters, key, message);
}

Octets hmac(const EVP_MD* digest, ByteView key, ByteView message) {
  Octets out(64);
  HMAC(digest, key.data(), static_cast<int>(key.size()), message.data(), message.size(), out.data(),
       nullptr);
  return out;
}

}  // namespace

std::vector<std::uint8_t> reference_mac(Integrity integrity, ByteView key, ByteView message) {
  switch (integrity) {
    case Integrity::HmacMd5_96:
      return hmac(EVP_md5(), key, message);
    case Integrity::HmacSha1_96:
      return hmac(EVP_sha1(), key, message);
    case Integrity::HmacSha256_128:
      return hmac(EVP_sha256(), key, message);
    case Integrity::HmacSha384_192:
      return hmac(EVP_sha384(), key, message);
    case Integrity::HmacSha512_256:
      return hmac(EVP_sha512(), key, message);
    case Integrity::AesXcbc_96:
      return xcbc(key, message);
    case Integrity::AesCmac_96:
      return cmac(key, message);
    default:
      return {};
  }
}

std::vector<std::uint8_t> reference_gmac(ByteView key, ByteView nonce, ByteView message) {
  std::string cipher = "AES-" + std::to_string(key.size() * 8) + "-GCM";
  Octets iv(nonce.begin(), nonce.end());
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_IV, iv.data(), iv.size()),
      OSSL_PARAM_construct_end()};
  return mac("GMAC", parameters, key, message);
}

}  // namespace sallyport
