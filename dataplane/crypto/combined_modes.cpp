#include "dataplane/crypto/combined_modes.h"

#include <emmintrin.h>

namespace sallyport {
namespace {

std::uint32_t load_32(const void* from) noexcept {
  std::uint32_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

std::uint64_t load_64(const void* from) noexcept {
  std::uint64_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Composed in a register and stored at once: the library's wide load of two narrow stores would
// wait.
void store_block(void* to, std::uint64_t low, std::uint64_t high) noexcept {
  const __m128i block = _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low));
  _mm_store_si128(static_cast<__m128i*>(to), block);
}

// Salt of four octets, then the IV (RFC 4106 4, RFC 4543 3.1, RFC 7634 2).
void write_nonce(const ExpandedKey& key, std::uint64_t iv, void* to) noexcept {
  store_block(to, load_32(key.salt.data()) | iv << 32, iv >> 32);
}

// Salt of three octets, then the IV (RFC 4309 4).
void write_ccm_nonce(const CryptoJob& job, void* to) noexcept {
  const std::uint64_t iv = job.iv_word();
  const std::uint64_t salt = load_32(job.key->salt.data()) & 0xffffff;
  store_block(to, salt | iv << 24, iv >> 40);
}

// SPI and sequence number, all 64 bits of it with ESN (RFC 4106 5); its length in octets.
std::size_t write_associated(const CryptoJob& job, void* to) noexcept {
  const std::uint64_t header = load_64(job.esp);
  const std::uint64_t high = __builtin_bswap32(job.sequence_high());
  const std::uint64_t extended = (header & 0xffffffff) | high << 32;
  store_block(to, job.esn ? extended : header, header >> 32);
  return job.esn ? 12 : 8;
}

// One of the library's three entries for keys of 16, 24 and 32 octets.
template <class Function>
Function by_size(std::uint8_t key_bytes, Function for_128, Function for_192,
                 Function for_256) noexcept {
  return key_bytes == 16 ? for_128 : key_bytes == 24 ? for_192 : for_256;
}

template <class Function>
Function by_key_size(Batch batch, Function for_128, Function for_192, Function for_256) noexcept {
  return by_size(facts(transform_of(batch).cipher).key_bytes, for_128, for_192, for_256);
}

}  // namespace

template <Operation operation>
bool CombinedModes::gcm(Batch batch) noexcept {
  constexpr bool kSeal = operation == Operation::Seal;
  const IMB_MGR& mb = instance_;
  const aes_gcm_enc_dec_t crypt =
      kSeal ? by_key_size(batch, mb.gcm128_enc, mb.gcm192_enc, mb.gcm256_enc)
            : by_key_size(batch, mb.gcm128_dec, mb.gcm192_dec, mb.gcm256_dec);
  const std::size_t icv_bytes = batch.front().key->icv_bytes;
  gcm_context_data context;
  bool all = true;
  for (CryptoJob& job : batch) {
    Scratch scratch;
    write_nonce(*job.key, job.iv_word(), &scratch.nonce);
    const std::size_t associated = write_associated(job, &scratch.associated);
    std::uint8_t* text = job.text();
    std::uint8_t* tag = kSeal ? job.icv() : scratch.tag.bytes.data();
    crypt(&job.key->gcm, &context, text, text, job.text_bytes, scratch.nonce.bytes.data(),
          scratch.associated.bytes.data(), associated, tag, icv_bytes);
    job.good = kSeal || equal_icv(tag, job.icv(), icv_bytes);
    all &= job.good;
  }
  return all;
}

// Everything from the SPI to the next header is associated data, the IV included (ALG-08).
template <Operation operation>
bool CombinedModes::gmac(Batch batch) noexcept {
  constexpr bool kSeal = operation == Operation::Seal;
  const IMB_MGR& mb = instance_;
  const auto start = by_key_size(batch, mb.gmac128_init, mb.gmac192_init, mb.gmac256_init);
  const auto update = by_key_size(batch, mb.gmac128_update, mb.gmac192_update, mb.gmac256_update);
  const auto finish =
      by_key_size(batch, mb.gmac128_finalize, mb.gmac192_finalize, mb.gmac256_finalize);
  const std::size_t icv_bytes = batch.front().key->icv_bytes;
  gcm_context_data context;
  bool all = true;
  for (CryptoJob& job : batch) {
    Scratch scratch;
    const gcm_key_data* key = &job.key->gcm;
    write_nonce(*job.key, job.iv_word(), &scratch.nonce);
    const std::size_t associated = write_associated(job, &scratch.associated);
    std::uint8_t* tag = kSeal ? job.icv() : scratch.tag.bytes.data();
    start(key, &context, scratch.nonce.bytes.data(), IMB_GCM_IV_DATA_LEN);
    update(key, &context, scratch.associated.bytes.data(), associated);
    update(key, &context, job.iv(), job.key->iv_bytes + job.text_bytes);
    finish(key, &context, tag, icv_bytes);
    job.good = kSeal || equal_icv(tag, job.icv(), icv_bytes);
    all &= job.good;
  }
  return all;
}

// RFC 4543 4: the whole packet is associated data, the IV in its place, zeros in that of the ICV.
template <Operation operation>
bool CombinedModes::ah_gmac(Batch batch) noexcept {
  constexpr bool kSeal = operation == Operation::Seal;
  const IMB_MGR& mb = instance_;
  const std::uint8_t size = facts(transform_of(batch).integrity).key_bytes;
  const auto start = by_size(size, mb.gmac128_init, mb.gmac192_init, mb.gmac256_init);
  const auto update = by_size(size, mb.gmac128_update, mb.gmac192_update, mb.gmac256_update);
  const auto finish = by_size(size, mb.gmac128_finalize, mb.gmac192_finalize, mb.gmac256_finalize);
  gcm_context_data context;
  bool all = true;
  for (CryptoJob& job : batch) {
    Scratch scratch;
    Block received;
    const gcm_key_data* key = &job.key->gcm;
    std::uint8_t* const icv = job.ah_icv();
    if (!kSeal) std::memcpy(received.bytes.data(), icv, received.bytes.size());
    std::memset(icv, 0, received.bytes.size());
    write_nonce(*job.key, load_64(job.ah_iv()), &scratch.nonce);
    start(key, &context, scratch.nonce.bytes.data(), IMB_GCM_IV_DATA_LEN);
    update(key, &context, job.esp, job.text_bytes);
    if (job.esn) {
      const std::uint32_t high = __builtin_bswap32(job.sequence_high());
      update(key, &context, reinterpret_cast<const std::uint8_t*>(&high), sizeof high);
    }
    std::uint8_t* const tag = kSeal ? icv : scratch.tag.bytes.data();
    finish(key, &context, tag, received.bytes.size());
    if (!kSeal) std::memcpy(icv, received.bytes.data(), received.bytes.size());
    job.good = kSeal || equal_icv(tag, icv, received.bytes.size());
    all &= job.good;
  }
  return all;
}

// `describe(call, job, scratch)` fills in what the algorithm wants; the rest is the same for all.
template <Operation operation, class Describe>
bool CombinedModes::by_jobs(Batch batch, Describe describe) noexcept {
  constexpr bool kSeal = operation == Operation::Seal;
  std::size_t done = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const CryptoJob& job = batch[i];
    Scratch& scratch = scratch_[i];
    IMB_JOB& call = *IMB_GET_NEXT_JOB(&instance_);
    call.src = job.text();
    call.dst = job.text();
    call.cipher_start_src_offset_in_bytes = 0;
    call.msg_len_to_cipher_in_bytes = job.text_bytes;
    call.hash_start_src_offset_in_bytes = 0;
    call.msg_len_to_hash_in_bytes = job.text_bytes;
    call.iv = scratch.nonce.bytes.data();
    call.auth_tag_output = kSeal ? job.icv() : scratch.tag.bytes.data();
    call.auth_tag_output_len_in_bytes = job.key->icv_bytes;
    call.cipher_direction = kSeal ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
    describe(call, job, scratch);
    if (IMB_SUBMIT_JOB_NOCHECK(&instance_) != nullptr) ++done;
  }
  while (IMB_FLUSH_JOB(&instance_) != nullptr) ++done;
  // A job that did not come back proves nothing about its packet.
  const bool complete = done == batch.size();
  bool all = complete;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    CryptoJob& job = batch[i];
    job.good = complete &&
               (kSeal || equal_icv(scratch_[i].tag.bytes.data(), job.icv(), job.key->icv_bytes));
    all &= job.good;
  }
  return all;
}

template <Operation operation>
bool CombinedModes::ccm(Batch batch) noexcept {
  constexpr bool kSeal = operation == Operation::Seal;
  const std::uint64_t key_bytes = facts(transform_of(batch).cipher).key_bytes;
  return by_jobs<operation>(batch, [&](IMB_JOB& call, const CryptoJob& job, Scratch& scratch) {
    write_ccm_nonce(job, &scratch.nonce);
    call.cipher_mode = IMB_CIPHER_CCM;
    call.hash_alg = IMB_AUTH_AES_CCM;
    call.chain_order = kSeal ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH;
    call.enc_keys = job.key->separate.cipher.aes.encrypt.data();
    call.dec_keys = call.enc_keys;
    call.key_len_in_bytes = key_bytes;
    call.iv_len_in_bytes = 11;
    call.u.CCM.aad_len_in_bytes = write_associated(job, &scratch.associated);
    call.u.CCM.aad = scratch.associated.bytes.data();
  });
}

template <Operation operation>
bool CombinedModes::chacha_poly(Batch batch) noexcept {
  constexpr bool kSeal = operation == Operation::Seal;
  return by_jobs<operation>(batch, [&](IMB_JOB& call, const CryptoJob& job, Scratch& scratch) {
    write_nonce(*job.key, job.iv_word(), &scratch.nonce);
    call.cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
    call.hash_alg = IMB_AUTH_CHACHA20_POLY1305;
    call.chain_order = kSeal ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
    call.enc_keys = job.key->separate.cipher.raw.data();
    call.dec_keys = call.enc_keys;
    call.key_len_in_bytes = 32;
    call.iv_len_in_bytes = 12;
    call.u.CHACHA20_POLY1305.aad_len_in_bytes = write_associated(job, &scratch.associated);
    call.u.CHACHA20_POLY1305.aad = scratch.associated.bytes.data();
  });
}

template bool CombinedModes::gcm<Operation::Seal>(Batch) noexcept;
template bool CombinedModes::gcm<Operation::Open>(Batch) noexcept;
template bool CombinedModes::gmac<Operation::Seal>(Batch) noexcept;
template bool CombinedModes::gmac<Operation::Open>(Batch) noexcept;
template bool CombinedModes::ah_gmac<Operation::Seal>(Batch) noexcept;
template bool CombinedModes::ah_gmac<Operation::Open>(Batch) noexcept;
template bool CombinedModes::ccm<Operation::Seal>(Batch) noexcept;
template bool CombinedModes::ccm<Operation::Open>(Batch) noexcept;
template bool CombinedModes::chacha_poly<Operation::Seal>(Batch) noexcept;
template bool CombinedModes::chacha_poly<Operation::Open>(Batch) noexcept;

}  // namespace sallyport
