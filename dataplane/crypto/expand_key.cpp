#include "dataplane/crypto/expand_key.h"

#include <algorithm>

#include "base/secret.h"

namespace sallyport {
namespace {

using Block = std::array<std::uint8_t, 128>;  // the largest hash block

void copy(ByteView from, MutableBytes to) noexcept {
  if (!from.empty()) std::memcpy(to.data(), from.data(), std::min(from.size(), to.size()));
}

void expand_aes(IMB_MGR& instance, ByteView key, AesSchedules& out) noexcept {
  const keyexp_t expand = key.size() == 16   ? instance.keyexp_128
                          : key.size() == 24 ? instance.keyexp_192
                                             : instance.keyexp_256;
  expand(key.data(), out.encrypt.data(), out.decrypt.data());
}

// The encryption half of AES-128 alone.
void expand_aes_128(IMB_MGR& instance, ByteView key, std::array<std::uint8_t, 176>& out) noexcept {
  alignas(16) std::array<std::uint8_t, 240> unused_decrypt{};
  IMB_AES_KEYEXP_128(&instance, key.data(), out.data(), unused_decrypt.data());
  wipe(unused_decrypt);
}

void expand_des(IMB_MGR& instance, ByteView key, DesSchedules& out) noexcept {
  for (std::size_t i = 0; i < key.size() / 8; ++i) {
    IMB_DES_KEYSCHED(&instance, out.rounds[i].data(), key.subspan(8 * i).data());
    out.in_order[i] = out.rounds[i].data();
  }
}

void expand_gcm(IMB_MGR& instance, ByteView key, gcm_key_data& out) noexcept {
  const aes_gcm_pre_t expand = key.size() == 16   ? instance.gcm128_pre
                               : key.size() == 24 ? instance.gcm192_pre
                                                  : instance.gcm256_pre;
  expand(key.data(), &out);
}

// RFC 2104 2: the hash states after the key xor ipad and after the key xor opad.
void expand_hmac(hash_one_block_t hash, ByteView key, HmacStates& out) noexcept {
  using Half = std::pair<std::uint8_t, std::array<std::uint8_t, 64>&>;
  for (const auto& [filler, state] : {Half{0x36, out.inner}, Half{0x5c, out.outer}}) {
    Block block;
    block.fill(filler);
    for (std::size_t i = 0; i < key.size(); ++i) block[i] ^= key[i];
    hash(block.data(), state.data());
    wipe(block);
  }
}

void expand_cipher(IMB_MGR& instance, const KeyMaterial& keys, CipherKeys& out) noexcept {
  switch (keys.transform.cipher) {
    case Cipher::DesCbc:
    case Cipher::TripleDesCbc:
      return expand_des(instance, keys.cipher_key, out.des);
    case Cipher::ChaCha20Poly1305:
    case Cipher::ChaCha20Poly1305Iiv:
    case Cipher::CamelliaCbc128:
    case Cipher::CamelliaCbc192:
    case Cipher::CamelliaCbc256:
    case Cipher::AesCcm8_192:
    case Cipher::AesCcm8Iiv192:
    case Cipher::AesCcm12_192:
    case Cipher::AesCcm16_192:
      std::ranges::copy(keys.cipher_key, out.raw.begin());
      return;
    case Cipher::Null:
      return;
    default:
      return expand_aes(instance, keys.cipher_key, out.aes);
  }
}

void expand_integrity(IMB_MGR& instance, const KeyMaterial& keys, IntegrityKeys& out) noexcept {
  const ByteView key = keys.integrity_key;
  switch (keys.transform.integrity) {
    case Integrity::None:
      return;
    case Integrity::HmacMd5_96:
      return expand_hmac(instance.md5_one_block, key, out.hmac);
    case Integrity::HmacSha1_96:
      return expand_hmac(instance.sha1_one_block, key, out.hmac);
    case Integrity::HmacSha256_128:
      return expand_hmac(instance.sha256_one_block, key, out.hmac);
    case Integrity::HmacSha384_192:
      return expand_hmac(instance.sha384_one_block, key, out.hmac);
    case Integrity::HmacSha512_256:
      return expand_hmac(instance.sha512_one_block, key, out.hmac);
    case Integrity::AesXcbc_96:
      IMB_AES_XCBC_KEYEXP(&instance, key.data(), out.mac.schedule.data(), out.mac.full.data(),
                          out.mac.partial.data());
      return;
    case Integrity::AesCmac_96:
      expand_aes_128(instance, key, out.mac.schedule);
      IMB_AES_CMAC_SUBKEY_GEN_128(&instance, out.mac.schedule.data(), out.mac.full.data(),
                                  out.mac.partial.data());
      return;
    case Integrity::AesGmac128:
    case Integrity::AesGmac192:
    case Integrity::AesGmac256:
      return;  // expand_key
  }
}

}  // namespace

void expand_key(IMB_MGR& instance, const KeyMaterial& keys,
                std::span<const std::uint8_t, 16> iv_key, ExpandedKey& slot) noexcept {
  const CipherFacts& cipher = facts(keys.transform.cipher);
  const IntegrityFacts& integrity = facts(keys.transform.integrity);
  slot.transform = keys.transform;
  slot.iv_bytes = integrity.ah_only() ? integrity.iv_bytes : cipher.iv_bytes;
  slot.icv_bytes = icv_bytes(keys.transform);
  slot.iv_rule = integrity.ah_only() ? IvRule::Counter : cipher.iv_rule;
  if (slot.iv_bytes == 0) slot.iv_rule = IvRule::None;
  copy(keys.salt, slot.salt);
  if (cipher.kind == CipherKind::Gcm || cipher.kind == CipherKind::Gmac) {
    return expand_gcm(instance, keys.cipher_key, slot.gcm);
  }
  if (integrity.ah_only()) return expand_gcm(instance, keys.integrity_key, slot.gcm);
  expand_cipher(instance, keys, slot.separate.cipher);
  expand_integrity(instance, keys, slot.separate.integrity);
  if (cipher.iv_rule == IvRule::EncryptedCounter) {
    expand_aes_128(instance, iv_key, slot.separate.iv_schedule);
  }
}

}  // namespace sallyport
