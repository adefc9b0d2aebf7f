#include "bench/raw_crypto.h"

#include <cstring>
#include <optional>
#include <vector>

#include "dataplane/crypto/batch.h"

namespace sallyport::bench {
namespace {

constexpr std::size_t kHeader = kEspHeaderBytes;
constexpr std::size_t kAssociated = 12;  // SPI and 64-bit number

struct alignas(64) Scratch {
  std::array<std::uint8_t, 64> tag;
  std::array<std::uint8_t, 16> nonce;
  std::array<std::uint8_t, 16> associated;
};

struct Subject {
  Transform transform;
  Direction direction;
  const KeyTable& keys;
  unsigned burst;

  [[nodiscard]] const CipherFacts& cipher() const noexcept { return facts(transform.cipher); }
  [[nodiscard]] bool seals() const noexcept { return direction == Direction::Outbound; }
};

template <class Function>
Function by_key_size(const CipherFacts& cipher, Function for_128, Function for_192,
                     Function for_256) {
  return cipher.key_bytes == 16 ? for_128 : cipher.key_bytes == 24 ? for_192 : for_256;
}

class GcmCalls final : public RawCrypto {
 public:
  GcmCalls(const Subject& subject, IpsecMb mb) : subject_(subject), mb_(std::move(mb)) {
    const CipherFacts& cipher = subject.cipher();
    crypt_ = subject.seals()
                 ? by_key_size(cipher, mb_->gcm128_enc, mb_->gcm192_enc, mb_->gcm256_enc)
                 : by_key_size(cipher, mb_->gcm128_dec, mb_->gcm192_dec, mb_->gcm256_dec);
  }
  void prepare(std::span<const RawPacket> packets) override {
    calls_.resize(packets.size());
    for (std::size_t i = 0; i < packets.size(); ++i) {
      const RawPacket& packet = packets[i];
      Call& call = calls_[i];
      call.key = &subject_.keys.at(packet.key).gcm;
      call.text = packet.esp + kHeader + subject_.cipher().iv_bytes;
      call.bytes = packet.text_bytes;
      std::memcpy(call.nonce.data() + 4, packet.esp + kHeader, 8);
      std::memcpy(call.associated.data(), packet.esp, kHeader);
    }
  }
  void run() noexcept override {
    gcm_context_data context;
    std::array<std::uint8_t, 16> tag;
    for (const Call& call : calls_)
      crypt_(call.key, &context, call.text, call.text, call.bytes, call.nonce.data(),
             call.associated.data(), kAssociated, tag.data(), tag.size());
  }

 private:
  struct alignas(64) Call {
    std::array<std::uint8_t, 16> nonce;
    std::array<std::uint8_t, 16> associated;
    const gcm_key_data* key;
    std::uint8_t* text;
    std::uint64_t bytes;
  };
  Subject subject_;
  IpsecMb mb_;
  aes_gcm_enc_dec_t crypt_;
  std::vector<Call> calls_;
};

std::optional<IMB_CIPHER_MODE> mode_of(Cipher cipher) {
  switch (cipher) {
    case Cipher::Null:
      return IMB_CIPHER_NULL;
    case Cipher::DesCbc:
      return IMB_CIPHER_DES;
    case Cipher::TripleDesCbc:
      return IMB_CIPHER_DES3;
    case Cipher::ChaCha20Poly1305:
      return IMB_CIPHER_CHACHA20_POLY1305;
    case Cipher::AesCcm8_128:
    case Cipher::AesCcm12_128:
    case Cipher::AesCcm16_128:
    case Cipher::AesCcm8_256:
    case Cipher::AesCcm12_256:
    case Cipher::AesCcm16_256:
      return IMB_CIPHER_CCM;
    default:
      break;
  }
  if (facts(cipher).kind == CipherKind::Ctr) return IMB_CIPHER_CNTR;
  const bool aes = cipher >= Cipher::AesCbc128 && cipher <= Cipher::AesCbc256;
  return aes ? std::optional(IMB_CIPHER_CBC) : std::nullopt;
}

IMB_HASH_ALG hash_of(Transform transform) {
  if (transform.cipher == Cipher::ChaCha20Poly1305) return IMB_AUTH_CHACHA20_POLY1305;
  if (facts(transform.cipher).kind == CipherKind::Ccm) return IMB_AUTH_AES_CCM;
  switch (transform.integrity) {
    case Integrity::None:
    case Integrity::AesGmac128:  // of AH, which is not measured
    case Integrity::AesGmac192:
    case Integrity::AesGmac256:
      return IMB_AUTH_NULL;
    case Integrity::HmacMd5_96:
      return IMB_AUTH_MD5;
    case Integrity::HmacSha1_96:
      return IMB_AUTH_HMAC_SHA_1;
    case Integrity::HmacSha256_128:
      return IMB_AUTH_HMAC_SHA_256;
    case Integrity::HmacSha384_192:
      return IMB_AUTH_HMAC_SHA_384;
    case Integrity::HmacSha512_256:
      return IMB_AUTH_HMAC_SHA_512;
    case Integrity::AesXcbc_96:
      return IMB_AUTH_AES_XCBC;
    case Integrity::AesCmac_96:
      return IMB_AUTH_AES_CMAC;
  }
  return IMB_AUTH_NULL;
}

bool has_hash_burst(IMB_HASH_ALG hash) {
  return hash == IMB_AUTH_HMAC_SHA_1 || hash == IMB_AUTH_HMAC_SHA_256 ||
         hash == IMB_AUTH_HMAC_SHA_384 || hash == IMB_AUTH_HMAC_SHA_512;
}

bool has_cipher_burst(IMB_CIPHER_MODE mode) {
  return mode == IMB_CIPHER_CBC || mode == IMB_CIPHER_CNTR || mode == IMB_CIPHER_NULL;
}

void point_to_hash_keys(IMB_JOB& job, const IntegrityKeys& keys) {
  switch (job.hash_alg) {
    case IMB_AUTH_AES_XCBC:
      job.u.XCBC = {reinterpret_cast<const std::uint32_t*>(keys.mac.schedule.data()),
                    keys.mac.full.data(), keys.mac.partial.data()};
      return;
    case IMB_AUTH_AES_CMAC:
      job.u.CMAC = {keys.mac.schedule.data(), keys.mac.full.data(), keys.mac.partial.data()};
      return;
    default:
      job.u.HMAC = {keys.hmac.inner.data(), keys.hmac.outer.data()};
  }
}

void point_to_cipher_keys(IMB_JOB& job, const CipherKeys& keys) {
  switch (job.cipher_mode) {
    case IMB_CIPHER_CHACHA20_POLY1305:
      job.enc_keys = job.dec_keys = keys.raw.data();
      return;
    case IMB_CIPHER_DES:
      job.enc_keys = job.dec_keys = &keys.des.rounds;
      return;
    case IMB_CIPHER_DES3:
      job.enc_keys = job.dec_keys = &keys.des.in_order;
      return;
    default:
      job.enc_keys = keys.aes.encrypt.data();
      job.dec_keys = job.cipher_mode == IMB_CIPHER_CBC ? keys.aes.decrypt.data() : job.enc_keys;
  }
}

// The whole description of what is done to one packet.
IMB_JOB job_for(const Subject& subject, const RawPacket& packet, Scratch& scratch) {
  const CipherFacts& cipher = subject.cipher();
  const SeparateKeys& keys = subject.keys.at(packet.key).separate;
  IMB_JOB job{};
  job.cipher_mode = mode_of(cipher.id).value();
  job.hash_alg = hash_of(subject.transform);
  job.cipher_direction = subject.seals() ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
  const bool cipher_first = subject.seals() != (cipher.kind == CipherKind::Ccm);
  job.chain_order = cipher_first ? IMB_ORDER_CIPHER_HASH : IMB_ORDER_HASH_CIPHER;
  job.key_len_in_bytes = cipher.key_bytes;
  std::uint8_t* const iv = packet.esp + kHeader;
  std::memcpy(scratch.nonce.data() + 4, iv, 8);
  const bool counts = cipher.counter_based();
  job.iv = counts ? scratch.nonce.data() : iv;
  job.iv_len_in_bytes = cipher.kind == CipherKind::Ccm ? 11u : counts ? 12u : cipher.iv_bytes;
  job.src = packet.esp;
  job.dst = iv + cipher.iv_bytes;
  job.cipher_start_src_offset_in_bytes = kHeader + cipher.iv_bytes;
  job.msg_len_to_cipher_in_bytes = packet.text_bytes;
  job.msg_len_to_hash_in_bytes = kHeader + cipher.iv_bytes + packet.text_bytes + 4;
  job.auth_tag_output = scratch.tag.data();
  job.auth_tag_output_len_in_bytes = icv_bytes(subject.transform);
  point_to_cipher_keys(job, keys.cipher);
  if (!cipher.combined()) {
    point_to_hash_keys(job, keys.integrity);
    return job;
  }
  job.hash_start_src_offset_in_bytes = job.cipher_start_src_offset_in_bytes;
  job.msg_len_to_hash_in_bytes = packet.text_bytes;
  if (cipher.kind == CipherKind::Ccm)
    job.u.CCM = {scratch.associated.data(), kAssociated};
  else
    job.u.CHACHA20_POLY1305 = {scratch.associated.data(), kAssociated, nullptr};
  return job;
}

// Synchronous bursts, one for the cipher and one for the hash.
class BurstCalls : public RawCrypto {
 public:
  BurstCalls(const Subject& subject, IpsecMb mb) : subject_(subject), mb_(std::move(mb)) {}

  void prepare(std::span<const RawPacket> packets) override {
    jobs_.resize(packets.size());
    scratch_.resize(packets.size());
    for (std::size_t i = 0; i < packets.size(); ++i)
      jobs_[i] = job_for(subject_, packets[i], scratch_[i]);
  }
  void run() noexcept override {
    for (auto left = std::span(jobs_); !left.empty();) {
      const auto some = left.first(std::min<std::size_t>(left.size(), subject_.burst));
      if (subject_.seals()) cipher(some);
      hash(some);
      if (!subject_.seals()) cipher(some);
      left = left.subspan(some.size());
    }
  }

 protected:
  Subject subject_;
  IpsecMb mb_;
  std::vector<IMB_JOB> jobs_;
  std::vector<Scratch> scratch_;

 private:
  void cipher(std::span<IMB_JOB> jobs) noexcept {
    const IMB_JOB& first = jobs.front();
    if (first.cipher_mode == IMB_CIPHER_NULL) return;
    IMB_MGR* const mb = mb_.get();
    IMB_SUBMIT_CIPHER_BURST_NOCHECK(mb, jobs.data(), static_cast<std::uint32_t>(jobs.size()),
                                    first.cipher_mode, first.cipher_direction,
                                    static_cast<IMB_KEY_SIZE_BYTES>(first.key_len_in_bytes));
  }
  void hash(std::span<IMB_JOB> jobs) noexcept {
    IMB_MGR* const mb = mb_.get();
    IMB_SUBMIT_HASH_BURST_NOCHECK(mb, jobs.data(), static_cast<std::uint32_t>(jobs.size()),
                                  jobs.front().hash_alg);
  }
};

// One job after the other, flushed once a burst.
class JobCalls final : public BurstCalls {
 public:
  using BurstCalls::BurstCalls;
  void run() noexcept override {
    IMB_MGR* const mb = mb_.get();
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      *IMB_GET_NEXT_JOB(mb) = jobs_[i];
      IMB_SUBMIT_JOB_NOCHECK(mb);
      if ((i + 1) % subject_.burst == 0)
        while (IMB_FLUSH_JOB(mb) != nullptr) {
        }
    }
  }
};

}  // namespace

std::unique_ptr<RawCrypto> raw_crypto(Transform transform, Direction direction,
                                      const KeyTable& keys, unsigned burst) {
  auto mb = open_ipsec_mb(VectorWidth::Wide);
  if (!mb) return nullptr;
  const Subject subject{transform, direction, keys, burst};
  if (subject.cipher().kind == CipherKind::Gcm)
    return std::make_unique<GcmCalls>(subject, std::move(*mb));
  const auto mode = mode_of(transform.cipher);
  if (!mode) return nullptr;
  if (has_cipher_burst(*mode) && has_hash_burst(hash_of(transform)))
    return std::make_unique<BurstCalls>(subject, std::move(*mb));
  return std::make_unique<JobCalls>(subject, std::move(*mb));
}

}  // namespace sallyport::bench
