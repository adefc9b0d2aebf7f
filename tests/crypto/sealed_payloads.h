// What the tests of IkeCipher share: keys, and the ciphers once more from first principles.
#pragma once

#include <openssl/evp.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "crypto/ike_cipher.h"
#include "crypto/ike_transforms.h"
#include "tests/crypto/octets.h"
#include "tests/support/fixed_random.h"

namespace sallyport::test {

// Every cipher that protects IKE, with an integrity algorithm where it needs one: of those each one
// with the first cipher of the kind.
inline std::vector<Transform> all_transforms() {
  std::vector<Transform> transforms;
  for (const CipherFacts& row : all_ciphers()) {
    if (!protects_ike(row.id)) continue;
    transforms.push_back({row.id, row.combined() ? Integrity::None : Integrity::HmacSha256_128});
  }
  for (const IntegrityFacts& row : all_integrities())
    if (protects_ike(row.id)) transforms.push_back({Cipher::AesCbc128, row.id});
  return transforms;
}

inline Octets counting(std::size_t size, unsigned from) {
  Octets bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(from + 3 * i);
  return bytes;
}

inline IkeCipher cipher_for(Transform transform) {
  return {transform, counting(IkeCipher::encryption_key_bytes(transform), 1),
          counting(IkeCipher::integrity_key_bytes(transform), 101)};
}

inline constexpr std::uint64_t kCounter = 0x0102030405060708;

// What seal() puts behind `associated`.
inline Octets sealed(const IkeCipher& cipher, const Octets& associated, const Octets& plain,
                     std::uint64_t counter = kCounter) {
  FixedRandom random;
  Octets message = associated;
  cipher.seal(message, plain, counter, random);
  REQUIRE(message.size() > associated.size());
  CHECK(Octets(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(associated.size())) ==
        associated);
  return {message.begin() + static_cast<std::ptrdiff_t>(associated.size()), message.end()};
}

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* p) const noexcept { EVP_CIPHER_CTX_free(p); }
};

// One block of AES, straight from OpenSSL: what the references below are built of.
inline Octets aes_block(const Octets& key, const Octets& block) {
  const EVP_CIPHER* algorithm = key.size() == 16   ? EVP_aes_128_ecb()
                                : key.size() == 24 ? EVP_aes_192_ecb()
                                                   : EVP_aes_256_ecb();
  const std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context(EVP_CIPHER_CTX_new());
  Octets out(32);
  int written = 0;
  REQUIRE(EVP_EncryptInit_ex(context.get(), algorithm, nullptr, key.data(), nullptr) == 1);
  REQUIRE(EVP_EncryptUpdate(context.get(), out.data(), &written, block.data(), 16) == 1);
  REQUIRE(written == 16);
  out.resize(16);
  return out;
}

// `text` under a key stream of which `block` is the first counter block; the counter is the last
// four octets.
inline Octets counter_mode(const Octets& key, Octets block, Octets text) {
  for (std::size_t at = 0; at < text.size(); at += 16) {
    const Octets stream = aes_block(key, block);
    for (std::size_t i = at; i < std::min(at + 16, text.size()); ++i) text[i] ^= stream[i - at];
    store_be(&block[12], load_be<std::uint32_t>(&block[12]) + 1);
  }
  return text;
}

inline void append(Octets& to, const Octets& more) {
  to.insert(to.end(), more.begin(), more.end());
}

// RFC 3610 with a nonce of 11 octets, as RFC 5282 4 has it: ciphertext and ICV.
inline Octets reference_ccm(const Octets& key, const Octets& nonce, const Octets& associated,
                            const Octets& text, std::size_t icv) {
  Octets blocks{static_cast<std::uint8_t>(64 * !associated.empty() + 8 * (icv - 2) / 2 + 3)};
  append(blocks, nonce);
  blocks.resize(16);
  store_be(&blocks[12], static_cast<std::uint32_t>(text.size()));
  if (!associated.empty()) {
    blocks.resize(18);
    store_be(&blocks[16], static_cast<std::uint16_t>(associated.size()));
    append(blocks, associated);
    blocks.resize((blocks.size() + 15) / 16 * 16);
  }
  append(blocks, text);
  blocks.resize((blocks.size() + 15) / 16 * 16);
  Octets mac(16);
  for (std::size_t at = 0; at < blocks.size(); at += 16) {
    for (std::size_t i = 0; i < 16; ++i) mac[i] ^= blocks[at + i];
    mac = aes_block(key, mac);
  }
  Octets counter{3};
  append(counter, nonce);
  counter.resize(16);
  Octets out = counter_mode(key, counter, mac);
  out.resize(icv);
  counter[15] = 1;
  const Octets ciphertext = counter_mode(key, counter, text);
  out.insert(out.begin(), ciphertext.begin(), ciphertext.end());
  return out;
}

inline const Octets kHeader = counting(32, 0xc0);

}  // namespace sallyport::test
