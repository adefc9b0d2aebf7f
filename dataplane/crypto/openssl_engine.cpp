#include "dataplane/crypto/openssl_engine.h"

#include <openssl/evp.h>

#include <string>

namespace sallyport {
namespace {

constexpr std::array kPerformed{
    Cipher::CamelliaCbc128, Cipher::CamelliaCbc192, Cipher::CamelliaCbc256, Cipher::AesCcm8_192,
    Cipher::AesCcm12_192,   Cipher::AesCcm16_192,   Cipher::AesCcm8Iiv192};
constexpr int kCcmNonceBytes = 11;

const EVP_CIPHER* evp_cipher(Cipher cipher, Operation operation) noexcept {
  switch (cipher) {
    case Cipher::CamelliaCbc128:
      return EVP_camellia_128_cbc();
    case Cipher::CamelliaCbc192:
      return EVP_camellia_192_cbc();
    case Cipher::CamelliaCbc256:
      return EVP_camellia_256_cbc();
    default:
      return operation == Operation::Seal ? EVP_aes_192_ccm() : EVP_aes_192_ctr();
  }
}

// A context bound to its cipher, which then only takes keys and IVs.
bool prepare(EVP_CIPHER_CTX* context, Cipher cipher, Operation operation) noexcept {
  const bool seal = operation == Operation::Seal;
  const EVP_CIPHER* evp = evp_cipher(cipher, operation);
  if (context == nullptr ||
      EVP_CipherInit_ex(context, evp, nullptr, nullptr, nullptr, seal ? 1 : 0) != 1) {
    return false;
  }
  if (facts(cipher).kind != CipherKind::Ccm) return EVP_CIPHER_CTX_set_padding(context, 0) == 1;
  return !seal ||
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, kCcmNonceBytes, nullptr) == 1;
}

int length_of(const CryptoJob& job) noexcept { return static_cast<int>(job.text_bytes); }

// Salt of three octets, then the IV (RFC 4309 4), which may be the sequence number (RFC 8750 4).
std::array<std::uint8_t, kCcmNonceBytes> ccm_nonce(const CryptoJob& job) noexcept {
  std::array<std::uint8_t, kCcmNonceBytes> nonce;
  std::memcpy(nonce.data(), job.key->salt.data(), 3);
  const std::uint64_t iv = job.iv_word();
  std::memcpy(nonce.data() + 3, &iv, sizeof iv);
  return nonce;
}

// SPI and sequence number (RFC 4309 5); its length in octets.
int write_associated(const CryptoJob& job, std::uint8_t* to) noexcept {
  if (!job.esn) {
    std::memcpy(to, job.esp, 8);
    return 8;
  }
  std::memcpy(to, job.esp, 4);
  store_be<std::uint32_t>(to + 4, job.sequence_high());
  std::memcpy(to + 8, job.esp + 4, 4);
  return 12;
}

// Encrypts the text in place and writes the tag.
bool seal_ccm(EVP_CIPHER_CTX* context, const CryptoJob& job, std::uint8_t* tag) noexcept {
  const auto nonce = ccm_nonce(job);
  const std::uint8_t* key = job.key->separate.cipher.raw.data();
  const int tag_bytes = job.key->icv_bytes;
  std::array<std::uint8_t, 12> associated;
  const int associated_bytes = write_associated(job, associated.data());
  int written = 0;
  return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, tag_bytes, nullptr) == 1 &&
         EVP_CipherInit_ex(context, nullptr, nullptr, key, nonce.data(), -1) == 1 &&
         EVP_CipherUpdate(context, nullptr, &written, nullptr, length_of(job)) == 1 &&
         EVP_CipherUpdate(context, nullptr, &written, associated.data(), associated_bytes) == 1 &&
         EVP_CipherUpdate(context, job.text(), &written, job.text(), length_of(job)) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, tag_bytes, tag) == 1;
}

// CCM's encryption alone, from counter 1 on: L - 1, nonce, counter (RFC 3610 2.3).
bool crypt_counter(EVP_CIPHER_CTX* context, const CryptoJob& job) noexcept {
  const auto nonce = ccm_nonce(job);
  std::array<std::uint8_t, 16> block{3};
  std::memcpy(block.data() + 1, nonce.data(), nonce.size());
  block.back() = 1;
  const std::uint8_t* key = job.key->separate.cipher.raw.data();
  int written = 0;
  return EVP_CipherInit_ex(context, nullptr, nullptr, key, block.data(), -1) == 1 &&
         EVP_CipherUpdate(context, job.text(), &written, job.text(), length_of(job)) == 1;
}

// OpenSSL's own opening would put an error, with its allocations, on a queue for each forged
// packet: decrypt, seal again for the tag, and leave the text decrypted only where the tag is
// right.
bool open_ccm(EVP_CIPHER_CTX* counter, EVP_CIPHER_CTX* ccm, const CryptoJob& job) noexcept {
  std::array<std::uint8_t, 16> tag;
  return crypt_counter(counter, job) && seal_ccm(ccm, job, tag.data()) &&
         equal_icv(tag.data(), job.icv(), job.key->icv_bytes) && crypt_counter(counter, job);
}

}  // namespace

void OpensslEngine::Free::operator()(evp_cipher_ctx_st* context) const noexcept {
  EVP_CIPHER_CTX_free(context);
}

bool OpensslEngine::performs(Cipher cipher) noexcept {
  return std::ranges::find(kPerformed, cipher) != kPerformed.end();
}

Expected<OpensslEngine> OpensslEngine::create() {
  OpensslEngine engine;
  for (std::size_t i = 0; i < kPerformed.size(); ++i) {
    auto& [seal, open] = engine.contexts_[i];
    seal.reset(EVP_CIPHER_CTX_new());
    open.reset(EVP_CIPHER_CTX_new());
    if (!prepare(seal.get(), kPerformed[i], Operation::Seal) ||
        !prepare(open.get(), kPerformed[i], Operation::Open)) {
      return fail(Error::Code::Unsupported,
                  "OpenSSL does not offer " + std::string(facts(kPerformed[i]).name),
                  "enable OpenSSL's default provider");
    }
  }
  return engine;
}

OpensslEngine::Contexts& OpensslEngine::contexts_for(Batch batch) noexcept {
  const auto* found = std::ranges::find(kPerformed, transform_of(batch).cipher);
  return contexts_[static_cast<std::size_t>(found - kPerformed.begin())];
}

template <Operation operation>
bool OpensslEngine::camellia(Batch batch) noexcept {
  EVP_CIPHER_CTX* context = contexts_for(batch)[static_cast<std::size_t>(operation)].get();
  const ExpandedKey* set = nullptr;
  bool complete = true;
  for (CryptoJob& job : batch) {
    const std::uint8_t* key = job.key == set ? nullptr : job.key->separate.cipher.raw.data();
    set = job.key;
    int written = 0;
    complete &= EVP_CipherInit_ex(context, nullptr, nullptr, key, job.iv(), -1) == 1 &&
                EVP_CipherUpdate(context, job.text(), &written, job.text(), length_of(job)) == 1 &&
                written == length_of(job);
  }
  return complete;
}

template <Operation operation>
bool OpensslEngine::ccm(Batch batch) noexcept {
  const auto& [ccm, counter] = contexts_for(batch);
  bool all = true;
  for (CryptoJob& job : batch) {
    job.good = operation == Operation::Seal ? seal_ccm(ccm.get(), job, job.icv())
                                            : open_ccm(counter.get(), ccm.get(), job);
    all &= job.good;
  }
  return all;
}

template bool OpensslEngine::camellia<Operation::Seal>(Batch) noexcept;
template bool OpensslEngine::camellia<Operation::Open>(Batch) noexcept;
template bool OpensslEngine::ccm<Operation::Seal>(Batch) noexcept;
template bool OpensslEngine::ccm<Operation::Open>(Batch) noexcept;

}  // namespace sallyport
