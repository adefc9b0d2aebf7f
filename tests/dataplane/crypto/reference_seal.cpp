#include "tests/dataplane/crypto/reference_seal.h"

#include <openssl/evp.h>

#include <stdexcept>

#include "tests/support/reference_mac.h"

namespace sallyport {
namespace {

void require(int ok) {
  if (ok != 1) throw std::runtime_error("OpenSSL refused");
}

struct Free {
  void operator()(EVP_CIPHER_CTX* p) const noexcept { EVP_CIPHER_CTX_free(p); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, Free>;

Octets operator+(Octets left, const Octets& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

int size_of(const Octets& octets) { return static_cast<int>(octets.size()); }

const EVP_CIPHER* evp(std::string_view family, std::size_t key_bytes, std::string_view mode) {
  const std::string name =
      std::string(family) + std::to_string(key_bytes * 8) + "-" + std::string(mode);
  const EVP_CIPHER* cipher = EVP_get_cipherbyname(name.c_str());
  if (cipher == nullptr) throw std::runtime_error("no " + name);
  return cipher;
}

Octets encrypt(const EVP_CIPHER* cipher, const Octets& key, const Octets& iv, const Octets& text) {
  const Context context(EVP_CIPHER_CTX_new());
  Octets out(text.size() + 32);
  int written = 0;
  require(EVP_EncryptInit_ex(context.get(), cipher, nullptr, key.data(), iv.data()));
  require(EVP_CIPHER_CTX_set_padding(context.get(), 0));
  require(EVP_EncryptUpdate(context.get(), out.data(), &written, text.data(), size_of(text)));
  out.resize(text.size());
  return out;
}

struct Aead {
  const EVP_CIPHER* cipher;
  Octets key, nonce, associated, text;
  std::size_t icv_bytes;
  bool ccm;
};

Octets encrypt(const Aead& aead) {
  const Context context(EVP_CIPHER_CTX_new());
  Octets out(aead.text.size() + 32);
  Octets icv(aead.icv_bytes);
  int written = 0;
  require(EVP_EncryptInit_ex(context.get(), aead.cipher, nullptr, nullptr, nullptr));
  require(
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_IVLEN, size_of(aead.nonce), nullptr));
  if (aead.ccm) {
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, size_of(icv), nullptr));
  }
  require(EVP_EncryptInit_ex(context.get(), nullptr, nullptr, aead.key.data(), aead.nonce.data()));
  if (aead.ccm) {
    require(EVP_EncryptUpdate(context.get(), nullptr, &written, nullptr, size_of(aead.text)));
  }
  require(EVP_EncryptUpdate(context.get(), nullptr, &written, aead.associated.data(),
                            size_of(aead.associated)));
  require(
      EVP_EncryptUpdate(context.get(), out.data(), &written, aead.text.data(), size_of(aead.text)));
  require(EVP_EncryptFinal_ex(context.get(), out.data() + written, &written));
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, size_of(icv), icv.data()));
  out.resize(aead.text.size());
  return out + icv;
}

Octets big_endian(std::uint32_t value) {
  Octets octets(4);
  store_be<std::uint32_t>(octets.data(), value);
  return octets;
}

// SPI and sequence number, 64 bits of it with ESN.
Octets associated_data(const EspFields& fields) {
  const Octets spi(fields.header.begin(), fields.header.begin() + 4);
  const Octets sequence(fields.header.begin() + 4, fields.header.end());
  return fields.esn ? spi + big_endian(fields.sequence_high) + sequence : spi + sequence;
}

// What follows the salt in a nonce: the IV that was sent, or the sequence number (RFC 8750 4, 5).
Octets nonce_iv(const CipherFacts& cipher, const EspFields& fields) {
  if (!cipher.implicit_iv()) return fields.iv;
  const Octets low(fields.header.begin() + 4, fields.header.end());
  return big_endian(fields.esn ? fields.sequence_high : 0) + low;
}

Octets separate(const EspKeys& keys, const EspFields& fields) {
  const CipherFacts& cipher = facts(keys.transform.cipher);
  Octets text = fields.text;
  if (cipher.kind == CipherKind::Ctr) {
    text = encrypt(evp("AES-", cipher.key_bytes, "CTR"), keys.cipher,
                   keys.salt + fields.iv + big_endian(1), text);
  } else if (cipher.id == Cipher::DesCbc) {  // 3DES with one key thrice is DES
    text = encrypt(EVP_des_ede3_cbc(), keys.cipher + keys.cipher + keys.cipher, fields.iv, text);
  } else if (cipher.id == Cipher::TripleDesCbc) {
    text = encrypt(EVP_des_ede3_cbc(), keys.cipher, fields.iv, text);
  } else if (cipher.kind == CipherKind::Cbc) {
    const bool camellia = cipher.name.starts_with("camellia");
    text = encrypt(evp(camellia ? "CAMELLIA-" : "AES-", cipher.key_bytes, "CBC"), keys.cipher,
                   fields.iv, text);
  }
  Octets message = fields.header + fields.iv + text;
  if (fields.esn) message = message + big_endian(fields.sequence_high);
  Octets icv = reference_mac(keys.transform.integrity, keys.integrity, message);
  icv.resize(icv_bytes(keys.transform));
  return text + icv;
}

}  // namespace

Octets reference_seal(const EspKeys& keys, const EspFields& fields) {
  const CipherFacts& cipher = facts(keys.transform.cipher);
  if (!cipher.combined()) return separate(keys, fields);
  Aead aead{.cipher = EVP_chacha20_poly1305(),
            .key = keys.cipher,
            .nonce = keys.salt + nonce_iv(cipher, fields),
            .associated = associated_data(fields),
            .text = fields.text,
            .icv_bytes = cipher.icv_bytes,
            .ccm = cipher.kind == CipherKind::Ccm};
  if (aead.ccm) aead.cipher = evp("id-aes", cipher.key_bytes, "CCM");
  if (cipher.kind == CipherKind::Gcm) aead.cipher = evp("id-aes", cipher.key_bytes, "GCM");
  if (cipher.kind == CipherKind::Gmac) {
    aead.cipher = evp("id-aes", cipher.key_bytes, "GCM");
    aead.associated = aead.associated + fields.iv + fields.text;
    aead.text.clear();
    return fields.text + encrypt(aead);
  }
  return encrypt(aead);
}

}  // namespace sallyport
