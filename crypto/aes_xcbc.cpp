#include "crypto/aes_xcbc.h"

#include <algorithm>

#include "base/secret.h"

namespace sallyport {
namespace {

constexpr std::array<std::uint8_t, AesXcbc::kBytes> kZero{};

const EVP_CIPHER* aes_ecb() {
  static const OpensslPtr<EVP_CIPHER> kCipher(EVP_CIPHER_fetch(nullptr, "AES-128-ECB", nullptr));
  return kCipher.get();
}

const EVP_CIPHER* aes_cbc() {
  static const OpensslPtr<EVP_CIPHER> kCipher(EVP_CIPHER_fetch(nullptr, "AES-128-CBC", nullptr));
  return kCipher.get();
}

void encrypt(EVP_CIPHER_CTX* context, ByteView in, std::uint8_t* out) {
  int written = 0;
  must_succeed(EVP_EncryptUpdate(context, out, &written, in.data(), static_cast<int>(in.size())));
}

OpensslPtr<EVP_CIPHER_CTX> keyed(const EVP_CIPHER* cipher, const std::uint8_t* key) {
  OpensslPtr<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  must_succeed(EVP_EncryptInit_ex2(context.get(), cipher, key, kZero.data(), nullptr));
  must_succeed(EVP_CIPHER_CTX_set_padding(context.get(), 0));
  return context;
}

}  // namespace

AesXcbc::AesXcbc(ByteView key) {
  Block exact{};
  if (key.size() > kBytes) {
    AesXcbc shorten{ByteView(kZero)};
    shorten.add(key);
    shorten.finish(exact);
  } else {
    std::ranges::copy(key, exact.begin());
  }
  std::array<std::uint8_t, 3 * kBytes> keys;
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = static_cast<std::uint8_t>(1 + i / kBytes);
  encrypt(keyed(aes_ecb(), exact.data()).get(), keys, keys.data());
  chain_ = keyed(aes_cbc(), keys.data());
  std::copy_n(keys.begin() + kBytes, kBytes, whole_key_.begin());
  std::copy_n(keys.begin() + 2 * kBytes, kBytes, padded_key_.begin());
  wipe(keys);
  wipe(exact);
}

AesXcbc::~AesXcbc() {
  wipe(whole_key_);
  wipe(padded_key_);
  wipe(pending_);
}

void AesXcbc::chain(Block& out) { encrypt(chain_.get(), pending_, out.data()); }

void AesXcbc::add(ByteView part) {
  Block chained;
  while (!part.empty()) {
    if (pending_bytes_ == kBytes) {  // more follows: it is not the last block
      chain(chained);
      pending_bytes_ = 0;
    }
    const std::size_t taken = std::min(part.size(), kBytes - pending_bytes_);
    std::copy_n(part.begin(), taken, pending_.begin() + static_cast<int>(pending_bytes_));
    pending_bytes_ += taken;
    part = part.subspan(taken);
  }
}

void AesXcbc::finish(MutableBytes out) {
  const bool whole = pending_bytes_ == kBytes;
  if (!whole) {
    pending_[pending_bytes_] = 0x80;
    std::fill(pending_.begin() + static_cast<int>(pending_bytes_) + 1, pending_.end(),
              std::uint8_t{0});
  }
  const Block& key = whole ? whole_key_ : padded_key_;
  for (std::size_t i = 0; i < kBytes; ++i) pending_[i] ^= key[i];
  Block mac;
  chain(mac);
  std::copy_n(mac.begin(), kBytes, out.begin());
  wipe(mac);
  pending_bytes_ = 0;
  must_succeed(EVP_EncryptInit_ex2(chain_.get(), nullptr, nullptr, kZero.data(), nullptr));
}

}  // namespace sallyport
