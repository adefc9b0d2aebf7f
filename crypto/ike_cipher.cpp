#include "crypto/ike_cipher.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <mutex>
#include <string>

#include "crypto/openssl_handles.h"
#include "crypto/prf.h"

namespace sallyport {
namespace {

// AES-CBC's; the longest there is.
constexpr std::size_t kMostIvBytes = 16;
constexpr std::size_t kCcmNonceBytes = 11;

std::string cipher_in_openssl(const CipherFacts& cipher) {
  const std::string bits = std::to_string(8 * cipher.key_bytes);
  switch (cipher.kind) {
    case CipherKind::Ctr:
      return "AES-" + bits + "-CTR";
    case CipherKind::Ccm:
      return "AES-" + bits + "-CCM";
    case CipherKind::Gcm:
      return "AES-" + bits + "-GCM";
    case CipherKind::ChaChaPoly:
      return "ChaCha20-Poly1305";
    default:
      break;
  }
  if (cipher.block_bytes == 8) return "DES-EDE3-CBC";
  return (cipher.name.starts_with("camellia") ? "CAMELLIA-" : "AES-") + bits + "-CBC";
}

// Looked up once and for all threads.
const EVP_CIPHER* algorithm_of(const CipherFacts& cipher) {
  static std::array<std::once_flag, kCipherCount> once;
  static std::array<OpensslPtr<EVP_CIPHER>, kCipherCount> fetched;
  const auto at = static_cast<std::size_t>(cipher.id);
  std::call_once(once[at], [&] {
    fetched[at].reset(EVP_CIPHER_fetch(nullptr, cipher_in_openssl(cipher).c_str(), nullptr));
  });
  return fetched[at].get();
}

// IKE pads to the block of CBC, and other modes to nothing (RFC 5282 4, 5930 2, 7634 3).
std::size_t block_bytes(const CipherFacts& cipher) noexcept {
  return cipher.kind == CipherKind::Cbc ? cipher.block_bytes : 1;
}

std::size_t padded_bytes(const CipherFacts& cipher, std::size_t plain) noexcept {
  const std::size_t block = block_bytes(cipher);
  return (plain + 1 + block - 1) / block * block;
}

// What one run of a cipher takes; the text is changed in place.
struct Run {
  const CipherFacts& cipher;
  ByteView key;  // its salt behind it
  ByteView iv;   // as on the wire
  MutableBytes text;
};

// The nonce is salt and IV; CTR's counter block has a counter behind them, which begins at 1.
std::array<std::uint8_t, kMostIvBytes> nonce_of(const Run& run) {
  std::array<std::uint8_t, kMostIvBytes> nonce{};
  const ByteView salt = run.key.subspan(run.cipher.key_bytes);
  const auto end = std::ranges::copy(salt, nonce.begin()).out;
  std::ranges::copy(run.iv, end);
  if (run.cipher.kind == CipherKind::Ctr) nonce.back() = 1;
  return nonce;
}

int size_of(ByteView bytes) { return static_cast<int>(bytes.size()); }

enum class Way : int { Open = 0, Seal = 1 };

OpensslPtr<EVP_CIPHER_CTX> context_for(const Run& run, Way way) {
  OpensslPtr<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  must_succeed(EVP_CipherInit_ex2(context.get(), algorithm_of(run.cipher), nullptr, nullptr,
                                  static_cast<int>(way), nullptr));
  return context;
}

void set_key(EVP_CIPHER_CTX* context, const Run& run, Way way) {
  const auto nonce = nonce_of(run);
  must_succeed(EVP_CipherInit_ex2(context, nullptr, run.key.data(), nonce.data(),
                                  static_cast<int>(way), nullptr));
}

// False where a CCM text is not what its tag says.
bool update(EVP_CIPHER_CTX* context, MutableBytes text) {
  int written = 0;
  return EVP_CipherUpdate(context, text.data(), &written, text.data(), size_of(text)) == 1;
}

void crypt(const Run& run, Way way) {
  const OpensslPtr<EVP_CIPHER_CTX> context = context_for(run, way);
  set_key(context.get(), run, way);
  must_succeed(EVP_CIPHER_CTX_set_padding(context.get(), 0));
  must_succeed(update(context.get(), run.text));
}

void add_associated(EVP_CIPHER_CTX* context, const Run& run, ByteView associated) {
  int written = 0;
  if (run.cipher.kind == CipherKind::Ccm)
    must_succeed(EVP_CipherUpdate(context, nullptr, &written, nullptr, size_of(run.text)));
  if (associated.empty()) return;
  must_succeed(
      EVP_CipherUpdate(context, nullptr, &written, associated.data(), size_of(associated)));
}

// CCM wants both lengths, and the tag to open with, before the key.
void set_tag_and_key(EVP_CIPHER_CTX* context, const Run& run, MutableBytes tag, Way way) {
  const bool opens = way == Way::Open;
  if (run.cipher.kind == CipherKind::Ccm) {
    must_succeed(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, kCcmNonceBytes, nullptr));
    must_succeed(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, size_of(tag),
                                     opens ? tag.data() : nullptr));
    return set_key(context, run, way);
  }
  set_key(context, run, way);
  if (opens)
    must_succeed(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, size_of(tag), tag.data()));
}

// False where the tag is wrong, which it can be in Open alone; Seal writes it.
bool crypt_combined(const Run& run, ByteView associated, MutableBytes tag, Way way) {
  const OpensslPtr<EVP_CIPHER_CTX> context = context_for(run, way);
  set_tag_and_key(context.get(), run, tag, way);
  add_associated(context.get(), run, associated);
  const bool updated = update(context.get(), run.text);
  if (way == Way::Open && run.cipher.kind == CipherKind::Ccm) return updated;
  must_succeed(updated);
  std::array<std::uint8_t, kMostIvBytes> none;  // no combined mode has octets left
  int written = 0;
  const bool finished = EVP_CipherFinal_ex(context.get(), none.data(), &written) == 1;
  if (way == Way::Open) return finished;
  must_succeed(finished);
  must_succeed(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, size_of(tag), tag.data()));
  return true;
}

std::unexpected<Error> impossible_length(std::size_t bytes) {
  return fail(Error::Code::Invalid,
              "an encrypted payload cannot have " + std::to_string(bytes) + " octets");
}

std::unexpected<Error> wrong_icv() {
  return fail(Error::Code::Refused, "the integrity check value is wrong");
}

}  // namespace

IkeCipher::IkeCipher(Transform transform, ByteView encryption_key, ByteView integrity_key)
    : transform_(transform), encryption_key_(encryption_key), integrity_key_(integrity_key) {
  assert(protects_ike(transform.cipher));
  assert(encryption_key.size() == encryption_key_bytes(transform));
  assert(integrity_key.size() == integrity_key_bytes(transform));
}

std::size_t IkeCipher::encryption_key_bytes(Transform transform) noexcept {
  const CipherFacts& cipher = facts(transform.cipher);
  return std::size_t{cipher.key_bytes} + cipher.salt_bytes;
}

std::size_t IkeCipher::integrity_key_bytes(Transform transform) noexcept {
  return facts(transform.integrity).key_bytes;
}

std::size_t IkeCipher::sealed_bytes(std::size_t plain) const noexcept {
  const CipherFacts& cipher = facts(transform_.cipher);
  return cipher.iv_bytes + padded_bytes(cipher, plain) + icv_bytes(transform_);
}

std::size_t IkeCipher::most_plain_bytes(std::size_t room) const noexcept {
  const CipherFacts& cipher = facts(transform_.cipher);
  const std::size_t block = block_bytes(cipher);
  const std::size_t around = std::size_t{cipher.iv_bytes} + icv_bytes(transform_);
  if (room < around + block) return 0;
  return (room - around) / block * block - 1;
}

void IkeCipher::seal(std::vector<std::uint8_t>& message, ByteView plain, std::uint64_t explicit_iv,
                     Random& random) const {
  const CipherFacts& cipher = facts(transform_.cipher);
  const std::size_t start = message.size();
  message.resize(start + sealed_bytes(plain.size()));  // zeros, which the padding stays
  const MutableBytes whole(message);
  const MutableBytes iv = whole.subspan(start, cipher.iv_bytes);
  const MutableBytes icv = whole.last(icv_bytes(transform_));
  const MutableBytes text = whole.subspan(start + iv.size(), padded_bytes(cipher, plain.size()));
  if (cipher.kind == CipherKind::Cbc) {
    random.fill(iv);
  } else {
    store_be(iv.data(), explicit_iv);
  }
  std::ranges::copy(plain, text.begin());
  text.back() = static_cast<std::uint8_t>(text.size() - 1 - plain.size());

  const Run run{.cipher = cipher, .key = encryption_key_.view(), .iv = iv, .text = text};
  if (cipher.combined()) {
    crypt_combined(run, whole.first(start), icv, Way::Seal);
    return;
  }
  crypt(run, Way::Seal);
  const Secret<64> check = integrity_check(transform_.integrity, integrity_key_.view(),
                                           {whole.first(whole.size() - icv.size())});
  std::ranges::copy(check.view(), icv.begin());
}

Expected<std::vector<std::uint8_t>> IkeCipher::open(ByteView associated, ByteView sealed) const {
  const CipherFacts& cipher = facts(transform_.cipher);
  const std::size_t icv_size = icv_bytes(transform_);
  const std::size_t around = cipher.iv_bytes + icv_size;
  const std::size_t block = block_bytes(cipher);
  if (sealed.size() < around + block || (sealed.size() - around) % block != 0)
    return impossible_length(sealed.size());
  const ByteView iv = sealed.first(cipher.iv_bytes);
  const ByteView covered = sealed.first(sealed.size() - icv_size);
  std::vector<std::uint8_t> text(covered.begin() + cipher.iv_bytes, covered.end());
  const Run run{.cipher = cipher, .key = encryption_key_.view(), .iv = iv, .text = text};
  std::array<std::uint8_t, 32> icv{};
  std::ranges::copy(sealed.last(icv_size), icv.begin());
  if (cipher.combined()) {
    if (!crypt_combined(run, associated, MutableBytes(icv).first(icv_size), Way::Open)) {
      ERR_clear_error();
      return wrong_icv();
    }
  } else {
    const Secret<64> check =
        integrity_check(transform_.integrity, integrity_key_.view(), {associated, covered});
    if (!equal_in_constant_time(check.view(), sealed.last(icv_size))) return wrong_icv();
    crypt(run, Way::Open);
  }
  const std::size_t padding = std::size_t{text.back()} + 1;
  if (padding > text.size())
    return fail(Error::Code::Invalid, "the padding is longer than what was encrypted");
  text.resize(text.size() - padding);
  return text;
}

}  // namespace sallyport
