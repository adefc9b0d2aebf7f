#include "crypto/mac.h"

#include <openssl/core_names.h>

#include <array>
#include <string>
#include <utility>

#include "base/secret.h"

namespace sallyport {
namespace {

constexpr std::size_t kCmacKeyBytes = 16;
constexpr std::array<std::uint8_t, kCmacKeyBytes> kZeroKey{};

// Contexts to copy: that costs less than to look up their digest or cipher again.
class Templates {
 public:
  Templates() {
    set(MacKind::HmacMd5, "HMAC", OSSL_MAC_PARAM_DIGEST, "MD5");
    set(MacKind::HmacSha1, "HMAC", OSSL_MAC_PARAM_DIGEST, "SHA1");
    set(MacKind::HmacSha256, "HMAC", OSSL_MAC_PARAM_DIGEST, "SHA256");
    set(MacKind::HmacSha384, "HMAC", OSSL_MAC_PARAM_DIGEST, "SHA384");
    set(MacKind::HmacSha512, "HMAC", OSSL_MAC_PARAM_DIGEST, "SHA512");
    set(MacKind::AesCmac, "CMAC", OSSL_MAC_PARAM_CIPHER, "AES-128-CBC");
    // OpenSSL copies no CMAC without a key.
    EVP_MAC_CTX* cmac = at(MacKind::AesCmac).get();
    must_succeed(EVP_MAC_init(cmac, kZeroKey.data(), kZeroKey.size(), nullptr));
  }
  [[nodiscard]] OpensslPtr<EVP_MAC_CTX> copy(MacKind kind) const {
    return OpensslPtr<EVP_MAC_CTX>(EVP_MAC_CTX_dup(at(kind).get()));
  }

 private:
  using Contexts = std::array<OpensslPtr<EVP_MAC_CTX>, static_cast<std::size_t>(MacKind::AesXcbc)>;

  [[nodiscard]] const Contexts::value_type& at(MacKind kind) const {
    return contexts_[static_cast<std::size_t>(kind)];
  }
  void set(MacKind kind, const char* family, const char* parameter, std::string primitive) {
    const OpensslPtr<EVP_MAC> algorithm(EVP_MAC_fetch(nullptr, family, nullptr));
    auto& context = contexts_[static_cast<std::size_t>(kind)];
    context.reset(EVP_MAC_CTX_new(algorithm.get()));
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(parameter, primitive.data(), 0),
        OSSL_PARAM_construct_end()};
    // Without MD5, as libcrypto may be built, the one context that needs it stays useless.
    if (EVP_MAC_CTX_set_params(context.get(), parameters) != 1) context.reset();
  }

  Contexts contexts_;
};

OpensslPtr<EVP_MAC_CTX> keyed(MacKind kind, ByteView key) {
  static const Templates kTemplates;
  OpensslPtr<EVP_MAC_CTX> context = kTemplates.copy(kind);
  // A null key would mean "the key there is": an empty one must point somewhere.
  constexpr std::uint8_t kNowhere = 0;
  const std::uint8_t* octets = key.empty() ? &kNowhere : key.data();
  must_succeed(context != nullptr);
  must_succeed(EVP_MAC_init(context.get(), octets, key.size(), nullptr));
  return context;
}

std::size_t finish_of(EVP_MAC_CTX* context, MutableBytes out) {
  std::size_t written = 0;
  must_succeed(EVP_MAC_final(context, out.data(), &written, out.size()));
  return written;
}

// RFC 4615 3: shorter keys as well as longer ones.
OpensslPtr<EVP_MAC_CTX> keyed_cmac(ByteView key) {
  if (key.size() == kCmacKeyBytes) return keyed(MacKind::AesCmac, key);
  std::array<std::uint8_t, kCmacKeyBytes> exact;
  const OpensslPtr<EVP_MAC_CTX> shorten = keyed(MacKind::AesCmac, kZeroKey);
  must_succeed(EVP_MAC_update(shorten.get(), key.data(), key.size()));
  finish_of(shorten.get(), exact);
  OpensslPtr<EVP_MAC_CTX> context = keyed(MacKind::AesCmac, exact);
  wipe(exact);
  return context;
}

}  // namespace

Mac::Mac(MacKind kind, ByteView key) {
  if (kind == MacKind::AesXcbc) {
    state_.emplace<AesXcbc>(key);
  } else {
    state_ = kind == MacKind::AesCmac ? keyed_cmac(key) : keyed(kind, key);
  }
}

void Mac::begin() {
  if (!std::exchange(spent_, false)) return;
  must_succeed(EVP_MAC_init(std::get<0>(state_).get(), nullptr, 0, nullptr));
}

void Mac::add(ByteView part) {
  if (part.empty()) return;
  if (auto* xcbc = std::get_if<AesXcbc>(&state_)) return xcbc->add(part);
  begin();
  must_succeed(EVP_MAC_update(std::get<0>(state_).get(), part.data(), part.size()));
}

std::size_t Mac::finish(MutableBytes out) {
  if (auto* xcbc = std::get_if<AesXcbc>(&state_)) {
    xcbc->finish(out);
    return AesXcbc::kBytes;
  }
  begin();
  spent_ = true;
  return finish_of(std::get<0>(state_).get(), out);
}

}  // namespace sallyport
