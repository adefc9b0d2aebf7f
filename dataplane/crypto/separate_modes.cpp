#include "dataplane/crypto/separate_modes.h"

namespace sallyport {
namespace {

// How IPsec-MB performs a cipher or an integrity algorithm.
enum class Call : std::uint8_t { Nothing, Burst, Jobs, Openssl };

struct CipherCall {
  Call call;
  IMB_CIPHER_MODE mode;
};

constexpr CipherCall call_for(Cipher cipher) noexcept {
  switch (cipher) {
    case Cipher::Null:
      return {Call::Nothing, IMB_CIPHER_NULL};
    case Cipher::DesCbc:
      return {Call::Jobs, IMB_CIPHER_DES};
    case Cipher::TripleDesCbc:
      return {Call::Jobs, IMB_CIPHER_DES3};
    case Cipher::AesCtr128:
    case Cipher::AesCtr192:
    case Cipher::AesCtr256:
      return {Call::Burst, IMB_CIPHER_CNTR};
    case Cipher::CamelliaCbc128:
    case Cipher::CamelliaCbc192:
    case Cipher::CamelliaCbc256:
      return {Call::Openssl, IMB_CIPHER_NULL};
    default:
      return {Call::Burst, IMB_CIPHER_CBC};
  }
}

struct IntegrityCall {
  Integrity id;
  Call call;
  IMB_HASH_ALG algorithm;
  std::uint8_t narrow_below;
};

// Batches below these sizes go to the narrow instance: SHA instructions and short AES lanes beat
// half-empty wide vectors (measured). Its DES is sixty times slower, so that passes choose apart.
constexpr std::size_t kAesNarrowBelow = 4;
constexpr std::array<IntegrityCall, kIntegrityCount> kIntegrityCalls{{
    {Integrity::None, Call::Nothing, IMB_AUTH_NULL, 0},
    {Integrity::HmacMd5_96, Call::Jobs, IMB_AUTH_MD5, 0},
    {Integrity::HmacSha1_96, Call::Burst, IMB_AUTH_HMAC_SHA_1, 6},
    {Integrity::HmacSha256_128, Call::Burst, IMB_AUTH_HMAC_SHA_256, 10},
    {Integrity::HmacSha384_192, Call::Burst, IMB_AUTH_HMAC_SHA_384, 0},
    {Integrity::HmacSha512_256, Call::Burst, IMB_AUTH_HMAC_SHA_512, 0},
    {Integrity::AesXcbc_96, Call::Jobs, IMB_AUTH_AES_XCBC, kAesNarrowBelow},
    {Integrity::AesCmac_96, Call::Jobs, IMB_AUTH_AES_CMAC, kAesNarrowBelow},
    // By CombinedModes.
    {Integrity::AesGmac128, Call::Nothing, IMB_AUTH_NULL, 0},
    {Integrity::AesGmac192, Call::Nothing, IMB_AUTH_NULL, 0},
    {Integrity::AesGmac256, Call::Nothing, IMB_AUTH_NULL, 0},
}};
static_assert(std::ranges::is_sorted(kIntegrityCalls, {}, &IntegrityCall::id));

const IntegrityCall& call_for(Integrity integrity) noexcept {
  return kIntegrityCalls[static_cast<std::size_t>(integrity)];
}

}  // namespace

bool SeparateModes::seal(Batch batch) noexcept {
  describe<Operation::Seal>(batch);
  crypt<Operation::Seal>(batch);
  const bool encrypted = complete_;
  authenticate(batch);
  const bool all = encrypted && complete_;
  for (CryptoJob& job : batch) job.good = all;
  return all;
}

bool SeparateModes::open(Batch batch) noexcept {
  describe<Operation::Open>(batch);
  authenticate(batch);
  const Batch passed = check(batch);
  if (passed.empty()) return false;
  crypt<Operation::Open>(passed);
  if (complete_) return passed.size() == batch.size();
  for (CryptoJob& job : batch) job.good = false;
  return false;
}

// What is the same for all packets of a transform stays in the jobs from batch to batch.
void SeparateModes::describe_transform(Transform transform) noexcept {
  if (transform == described_) return;
  described_ = transform;
  const CipherFacts& cipher = facts(transform.cipher);
  const bool ctr = cipher.kind == CipherKind::Ctr;
  for (IMB_JOB& job : jobs_) {
    job = {};
    job.cipher_mode = call_for(transform.cipher).mode;
    job.hash_alg = call_for(transform.integrity).algorithm;
    job.key_len_in_bytes = cipher.key_bytes;
    job.iv_len_in_bytes = ctr ? 12u : cipher.iv_bytes;
    job.cipher_start_src_offset_in_bytes = kEspHeaderBytes + cipher.iv_bytes;
    job.auth_tag_output_len_in_bytes = facts(transform.integrity).icv_bytes;
  }
}

template <Operation operation>
void SeparateModes::describe(Batch batch) noexcept {
  constexpr bool kSeal = operation == Operation::Seal;
  const Transform transform = transform_of(batch);
  describe_transform(transform);
  const bool ctr = facts(transform.cipher).kind == CipherKind::Ctr;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const CryptoJob& job = batch[i];
    // Found before anything is stored: behind a store the key would have to be asked again.
    std::uint8_t* const text = job.text();
    std::uint8_t* const covered_end = job.covered_end();
    std::uint8_t* const result = job.result();
    Scratch& scratch = scratch_[i];
    IMB_JOB& call = jobs_[i];
    call.src = job.esp;
    call.dst = text;
    call.msg_len_to_cipher_in_bytes = job.text_bytes;
    call.msg_len_to_hash_in_bytes = static_cast<std::size_t>(covered_end - job.esp);
    call.iv = job.iv();
    call.auth_tag_output = kSeal ? result : scratch.tag.data();
    call.status = IMB_STATUS_BEING_PROCESSED;
    if (ctr) {  // RFC 3686 4: nonce, IV; the library appends the block counter
      std::memcpy(scratch.nonce.data(), job.key->salt.data(), 4);
      std::memcpy(scratch.nonce.data() + 4, job.iv(), 8);
      call.iv = scratch.nonce.data();
    }
    if (job.esn) {  // covered behind the rest, not sent (RFC 4303 2.2.1, 4302 3.3.3.2.2)
      std::memcpy(&scratch.covered_end, covered_end, 4);
      store_be<std::uint32_t>(covered_end, job.sequence_high());
      call.msg_len_to_hash_in_bytes += 4;
    }
    if (!kSeal && job.is_ah()) {  // RFC 4302 3.4.4
      std::memcpy(scratch.received.data(), job.ah_icv(), job.key->icv_bytes);
      std::memset(job.ah_icv(), 0, job.key->icv_bytes);
    }
  }
  point_to_cipher_keys(batch);
  point_to_integrity_keys(batch);
}

void SeparateModes::point_to_cipher_keys(Batch batch) noexcept {
  const auto point = [&](auto keys) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const CipherKeys& cipher = batch[i].key->separate.cipher;
      std::tie(jobs_[i].enc_keys, jobs_[i].dec_keys) = keys(cipher);
    }
  };
  using Keys = std::pair<const void*, const void*>;
  switch (transform_of(batch).cipher) {
    case Cipher::DesCbc:
      return point([](const CipherKeys& c) { return Keys{&c.des.rounds, &c.des.rounds}; });
    case Cipher::TripleDesCbc:
      return point([](const CipherKeys& c) { return Keys{&c.des.in_order, &c.des.in_order}; });
    default:
      return point([](const CipherKeys& c) { return Keys{&c.aes.encrypt, &c.aes.decrypt}; });
  }
}

void SeparateModes::point_to_integrity_keys(Batch batch) noexcept {
  const auto point = [&](auto set) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      set(jobs_[i], batch[i].key->separate.integrity);
    }
  };
  switch (transform_of(batch).integrity) {
    case Integrity::AesXcbc_96:
      return point([](IMB_JOB& job, const IntegrityKeys& keys) {
        job.u.XCBC._k1_expanded = reinterpret_cast<const std::uint32_t*>(keys.mac.schedule.data());
        job.u.XCBC._k2 = keys.mac.full.data();
        job.u.XCBC._k3 = keys.mac.partial.data();
      });
    case Integrity::AesCmac_96:
      return point([](IMB_JOB& job, const IntegrityKeys& keys) {
        job.u.CMAC._key_expanded = keys.mac.schedule.data();
        job.u.CMAC._skey1 = keys.mac.full.data();
        job.u.CMAC._skey2 = keys.mac.partial.data();
      });
    default:
      return point([](IMB_JOB& job, const IntegrityKeys& keys) {
        job.u.HMAC._hashed_auth_key_xor_ipad = keys.hmac.inner.data();
        job.u.HMAC._hashed_auth_key_xor_opad = keys.hmac.outer.data();
      });
  }
}

// One pass by the job interface, flushed to empty: its asynchronous bursts lose jobs in 1.3.
template <class Describe>
void SeparateModes::by_jobs(IMB_MGR& instance, std::size_t count, Describe describe) noexcept {
  std::size_t done = 0;
  for (std::size_t i = 0; i < count; ++i) {
    IMB_JOB& job = *IMB_GET_NEXT_JOB(&instance);
    job = jobs_[i];
    describe(job);
    if (IMB_SUBMIT_JOB_NOCHECK(&instance) != nullptr) ++done;
  }
  while (IMB_FLUSH_JOB(&instance) != nullptr) ++done;
  complete_ = done == count;
}

template <Operation operation>
void SeparateModes::crypt(Batch batch) noexcept {
  constexpr bool kSeal = operation == Operation::Seal;
  constexpr IMB_CIPHER_DIRECTION kDirection = kSeal ? IMB_DIR_ENCRYPT : IMB_DIR_DECRYPT;
  const auto [call, mode] = call_for(transform_of(batch).cipher);
  const auto count = static_cast<std::uint32_t>(batch.size());
  complete_ = true;
  switch (call) {
    case Call::Nothing:
      return;
    case Call::Openssl:
      complete_ = parts_.openssl.camellia<operation>(batch);
      return;
    case Call::Burst: {
      // Only encryption by CBC has lanes; blocks of the others go side by side.
      const bool narrow = kSeal && mode == IMB_CIPHER_CBC && count < kAesNarrowBelow;
      const auto key_size = static_cast<IMB_KEY_SIZE_BYTES>(jobs_[0].key_len_in_bytes);
      complete_ =
          IMB_SUBMIT_CIPHER_BURST_NOCHECK(narrow ? &parts_.narrow : &parts_.wide, jobs_.data(),
                                          count, mode, kDirection, key_size) == count;
      return;
    }
    case Call::Jobs:
      return by_jobs(parts_.wide, count, [](IMB_JOB& job) {
        job.cipher_direction = kDirection;
        job.chain_order = IMB_ORDER_CIPHER_HASH;
        job.hash_alg = IMB_AUTH_NULL;
      });
  }
}

void SeparateModes::authenticate(Batch batch) noexcept {
  const IntegrityCall& call = call_for(transform_of(batch).integrity);
  const auto count = static_cast<std::uint32_t>(batch.size());
  IMB_MGR& instance = count < call.narrow_below ? parts_.narrow : parts_.wide;
  complete_ = true;
  if (call.call == Call::Burst) {
    complete_ =
        IMB_SUBMIT_HASH_BURST_NOCHECK(&instance, jobs_.data(), count, call.algorithm) == count;
  } else if (call.call == Call::Jobs) {
    by_jobs(instance, count, [](IMB_JOB& job) {
      job.cipher_direction = IMB_DIR_ENCRYPT;
      job.chain_order = IMB_ORDER_HASH_CIPHER;
      job.cipher_mode = IMB_CIPHER_NULL;
    });
  }
}

// Puts back what stood in the packet before; where the received ICV is.
const std::uint8_t* SeparateModes::take_back(const CryptoJob& job,
                                             const Scratch& scratch) noexcept {
  if (job.esn) std::memcpy(job.covered_end(), &scratch.covered_end, 4);
  if (job.is_ah()) std::memcpy(job.ah_icv(), scratch.received.data(), job.key->icv_bytes);
  return job.result();
}

// Compares the ICVs; what is to be decrypted, for which the jobs in front are.
Batch SeparateModes::check(Batch batch) noexcept {
  const std::size_t icv_bytes = batch.front().key->icv_bytes;
  bool all = complete_;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    CryptoJob& job = batch[i];
    const std::uint8_t* const received = take_back(job, scratch_[i]);
    job.good =
        complete_ && (icv_bytes == 0 || equal_icv(scratch_[i].tag.data(), received, icv_bytes));
    all &= job.good;
  }
  return all ? batch : good_of(batch);
}

// The good ones, and their jobs, moved to the front.
Batch SeparateModes::good_of(Batch batch) noexcept {
  std::size_t good = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (!batch[i].good) continue;
    if (good != i) jobs_[good] = jobs_[i];
    passed_[good++] = batch[i];
  }
  return {passed_.data(), good};
}

}  // namespace sallyport
